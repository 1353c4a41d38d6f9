"""napari's way to our readers: images and slides with their pixel size, and label TIFFs that we wrote."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from napari_nucleus.core import SCHEMES, ClassScheme, NucleusMap, numbered_scheme
from napari_nucleus.gui.layers.data import LayerData, image_data, nuclei_data
from napari_nucleus.io import READERS, read_csv, read_image, read_labels

_LABELS, _TABLE = ".labels.tif", ".nuclei.csv"
_ASSUMED_MPP = 0.25
PathOrPaths = str | os.PathLike[str] | Sequence[str]


def get_reader(path: PathOrPaths) -> Callable[[PathOrPaths], list[LayerData]] | None:
    """`read_layers` if it reads such a file; None for several files, addresses and other formats."""
    if not isinstance(path, str | os.PathLike) and len(path) == 1:
        path = path[0]
    if not isinstance(path, str | os.PathLike) or "://" in str(path):
        return None
    return read_layers if Path(path).suffix.lower() in READERS else None


def read_layers(path: PathOrPaths) -> list[LayerData]:
    """Read an image, or nuclei from ``<name>.labels.tif`` with their classes from ``<name>.nuclei.csv`` beside it.

    Raises
    ------
    NucleusError
        The file can't be read.
    """
    file = Path(path if isinstance(path, str | os.PathLike) else path[0])
    if file.name.lower().endswith(_LABELS):
        return [nuclei_data(_read_nuclei(file), file.name[: -len(".tif")])]
    return [image_data(read_image(file))]


def _read_nuclei(path: Path) -> NucleusMap:
    labels, mpp = read_labels(path)
    table = path.with_name(path.name[: -len(_LABELS)] + _TABLE)
    if not table.exists():
        return NucleusMap.from_labels(labels, mpp=mpp or _ASSUMED_MPP)
    rows = read_csv(table)
    if "class" not in rows:
        return NucleusMap.from_labels(labels, mpp=mpp or _ASSUMED_MPP)
    probable = [name[2:] for name in map(str, rows) if name.startswith("p_")]
    kinds = _scheme_of([*probable, *rows["class"].unique()])
    numbers = {name: number for number, name in enumerate(kinds.classes, 1)}
    class_of = {label: numbers.get(name, 0) for label, name in zip(rows["label"], rows["class"], strict=True)}
    return NucleusMap.from_labels(labels, mpp=mpp or _ASSUMED_MPP, classes=kinds, class_of=class_of)


def _scheme_of(names: Sequence[str]) -> ClassScheme:
    """The scheme that has these classes; one of our own where there is none."""
    found = [name for name in dict.fromkeys(names) if name != "unknown"]
    known = next((scheme for scheme in SCHEMES.values() if set(found) <= set(scheme.classes)), None)
    return known or ClassScheme("classes", tuple(found), numbered_scheme(len(found)).colors)
