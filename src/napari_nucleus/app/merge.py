"""A person's nuclei and the model's, in one map: what was changed by hand is never overwritten."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.app.features import features_of, nuclei_of
from napari_nucleus.core import NucleusError, NucleusMap


@dataclass(frozen=True, slots=True, eq=False)
class HandEdits:
    """What a person has changed since a result was shown.

    Attributes
    ----------
    labels : frozenset of int
        Nuclei that were painted, got another class or are marked ``edited``.
    erased : (H, W) bool
        Pixels that were made background.
    """

    labels: frozenset[int]
    erased: NDArray[np.bool_]

    def __bool__(self) -> bool:
        return bool(self.labels) or bool(self.erased.any())


def find_edits(now: NucleusMap, shown: NucleusMap) -> HandEdits:
    """Compare what a layer holds now with what was shown in it.

    A nucleus counts as edited where it won or lost pixels, is new, has another class, or is marked in a column
    ``edited``.

    Raises
    ------
    NucleusError
        They differ in size.
    """
    _check_same_size(now, shown)
    changed = now.labels != shown.labels
    touched = np.union1d(now.labels[changed], shown.labels[changed])
    touched = np.intersect1d(touched, now.table["label"])
    before = shown.table.set_index("label")["class"].reindex(now.table["label"]).to_numpy()
    reclassed = now.table.loc[now.table["class"].to_numpy() != before, "label"]
    labels = {int(label) for part in (touched, reclassed) for label in part}
    if "edited" in now.table:
        labels |= set(now.table.loc[now.table["edited"].eq(True), "label"].tolist())
    return HandEdits(frozenset(labels), changed & (now.labels == 0))


def merge_edited(
    new: NucleusMap, old: NucleusMap, edited: Collection[int], erased: NDArray[np.bool_] | None = None
) -> NucleusMap:
    """Take a new result, but keep the nuclei that a person has changed, and the background where they erased.

    Edited nuclei keep their id, pixels and class. A new nucleus of which more than half is taken by them or was erased
    is dropped; any other loses only the pixels in question. New ids that an edited nucleus has already get fresh ones.

    Parameters
    ----------
    new, old : NucleusMap
        Of one size and class scheme.
    edited : collection of int
        Labels in ``old``; others are passed over.
    erased : (H, W) bool, optional
        Pixels that stay background.

    Returns
    -------
    NucleusMap
        With a column ``edited``.

    Raises
    ------
    NucleusError
        The maps differ in size or class scheme.
    """
    _check_same_size(new, old)
    if new.scheme.classes != old.scheme.classes:
        raise NucleusError(
            f"Expected nuclei of one class scheme, got {new.scheme.name} and {old.scheme.name}. Show the new ones in a "
            "layer of their own."
        )
    kept = old.table[old.table["label"].isin(list(edited))]
    hand = np.isin(old.labels, kept["label"])
    taken = hand if erased is None else hand | erased
    labels, fresh = _renumbered(_without(new.labels, taken), kept["label"].to_numpy())
    labels[hand] = old.labels[hand]
    rows = new.table[new.table["label"].isin(list(fresh))]
    rows = rows.assign(label=rows["label"].map(fresh), edited=False)
    table = pd.concat([rows, kept.assign(edited=True)], ignore_index=True)
    return nuclei_of(labels, features_of(NucleusMap(labels, table, new.mpp, new.scheme)), new.scheme, new.mpp)


def _without(labels: NDArray[np.int32], taken: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Labels without the pixels that are taken, and without nuclei of which those are more than half."""
    area = np.bincount(labels.ravel())
    lost = np.bincount(labels[taken], minlength=len(area))
    dropped = lost * 2 > area
    return np.where(taken | dropped[labels], 0, labels).astype(np.int32)


def _renumbered(labels: NDArray[np.int32], reserved: NDArray[np.integer]) -> tuple[NDArray[np.int32], dict[int, int]]:
    """Labels with ids that aren't reserved, and the new id of each old one."""
    present = np.unique(labels)
    present = present[present > 0]
    renamed = present.copy()
    clash = np.isin(present, reserved)
    first = max(present.max(initial=0), reserved.max(initial=0)) + 1
    renamed[clash] = np.arange(first, first + clash.sum())
    lookup = np.zeros(int(present.max(initial=0)) + 1, np.int32)
    lookup[present] = renamed
    return lookup[labels], dict(zip(present.tolist(), renamed.tolist(), strict=True))


def _check_same_size(a: NucleusMap, b: NucleusMap) -> None:
    if a.labels.shape != b.labels.shape:
        raise NucleusError(
            f"Expected nuclei of one image, got {a.labels.shape} and {b.labels.shape} pixels. Segment the same region."
        )
