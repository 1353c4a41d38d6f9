"""Which images train and which are held out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd

from napari_nucleus.core import NucleusError
from napari_nucleus.io.files import reading
from napari_nucleus.io.patches import PatchSet
from napari_nucleus.training.recipe import DataSource
from napari_nucleus.training.recipe_reading import unlike


def split(patches: PatchSet, source: DataSource) -> tuple[list[int], list[int]]:
    """Positions of the patches that train, and of those that are held out to choose; the others aren't read.

    Shares are shares of the images, rounded up to whole groups. Which groups it takes follows from their names alone,
    so that it is the same for every seed, and hardly changes where images are added.

    Raises
    ------
    NucleusError
        No image has such a name, a group isn't known, or nothing is left to train on.
    """
    names = [name for name in patches.names if fnmatchcase(name, source.include)]
    if not names:
        raise NucleusError(f"Expected images {source.include!r} in {patches.folder}, got none. Mend include.")
    group_of = dict(zip(names, _groups(patches, names, source.group), strict=True))
    tested = _chosen(group_of, source.test, "test", source.folder)
    rest = {name: group for name, group in group_of.items() if name not in tested}
    held_out = _chosen(rest, source.validate, "validate", source.folder, of=len(names))
    positions = {name: i for i, name in enumerate(patches.names)}
    training = [positions[name] for name in rest if name not in held_out]
    return training, [positions[name] for name in rest if name in held_out]


def _chosen(
    group_of: dict[str, str], wanted: tuple[str, ...] | float, field: str, folder: str, of: int | None = None
) -> set[str]:
    """Names of the images that are wanted, of all or of ``of``."""
    if isinstance(wanted, float):
        return _share(group_of, round(wanted * (of or len(group_of)), 6), field, folder) if wanted else set()
    groups = dict.fromkeys(group_of.values())
    for pattern in wanted:
        if not any(group == pattern or fnmatchcase(group, pattern) for group in groups):
            raise unlike(f"{field} to name images of {folder}, or their groups,", pattern, groups)
    return {name for name, group in group_of.items() if any(fnmatchcase(group, p) or group == p for p in wanted)}


def _share(group_of: dict[str, str], size: float, field: str, folder: str) -> set[str]:
    members: dict[str, list[str]] = {}
    for name, group in group_of.items():
        members.setdefault(group, []).append(name)
    if len(members) < 2:
        raise NucleusError(
            f"Expected at least two images or groups in {folder} to hold out a share, got {len(members)}. Add images, "
            f"or set {field} = [] there."
        )
    chosen: set[str] = set()
    for group in sorted(members, key=lambda group: hashlib.sha256(group.encode()).digest())[:-1]:
        if len(chosen) >= size:
            break
        chosen.update(members[group])
    return chosen


def _groups(patches: PatchSet, names: Sequence[str], group: str) -> list[str]:
    """What each image belongs to."""
    known = patches.groups | ({"tissue": tuple(map(str, patches.tissues))} if any(patches.tissues) else {})
    if not group:
        return list(names)
    if group in known:
        of = dict(zip(patches.names, known[group], strict=True))
        return [of[name] for name in names]
    if ".csv:" in group:
        table, _, column = group.rpartition(":")
        return _column(patches.folder / table, column, names)
    return [_match(group, name, list(known)) for name in names]


def _column(table: Path, column: str, names: Sequence[str]) -> list[str]:
    with reading(table, "table", [".csv"]):
        rows = pd.read_csv(table, dtype=str)
        if column not in rows:
            raise unlike("group to name a column", column, rows.columns)
        of = {Path(name).stem: value for name, value in zip(rows.iloc[:, 0], rows[column], strict=True)}
        of |= dict(zip(rows.iloc[:, 0], rows[column], strict=True))
        missing = [name for name in names if not isinstance(of.get(name), str)]
        if missing:
            raise NucleusError(f"Expected a row for each image, got none for {missing[0]}. Add it.")
        return [of[name] for name in names]


def _match(pattern: str, name: str, known: list[str]) -> str:
    try:
        found = re.search(pattern, name)
    except re.error as error:
        raise NucleusError(f"Expected group to be a regular expression, got {pattern!r}: {error}. Mend it.") from None
    if found is None:
        ways = ", ".join([*known, "a table as info.csv:column"])
        raise NucleusError(
            f"Expected group to be {ways} or a regular expression for names, got {pattern!r} for {name}. Mend it."
        )
    return found[1] or "" if found.groups() else found[0]
