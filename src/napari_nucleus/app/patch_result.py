"""What is known of a patch: what a model found, and what a person made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_nucleus.app.merge import find_edits, merge_edited
from napari_nucleus.app.packed import PackedNuclei
from napari_nucleus.core import NucleusMap


@dataclass(frozen=True, slots=True, eq=False)
class PatchResult:
    """The nuclei of a patch.

    Attributes
    ----------
    found : PackedNuclei
        As a model found them; none where a person drew them all.
    now : PackedNuclei
        With everything that a person has changed since.
    by_hand : bool
        Whether a person has changed anything.
    counts : dict
        Nuclei a class, now.
    """

    found: PackedNuclei
    now: PackedNuclei
    by_hand: bool
    counts: dict[str, int]

    @classmethod
    def of(cls, found: NucleusMap, now: NucleusMap | None = None) -> PatchResult:
        """From what was found and, where a person has changed it, what it is now."""
        packed = PackedNuclei.pack(found)
        if now is None:
            marked = "edited" in found.table and bool(found.table["edited"].any())
            return cls(packed, packed, marked, found.counts())
        return cls(packed, PackedNuclei.pack(now), True, now.counts())


def with_new(former: PatchResult | None, new: NucleusMap) -> PatchResult:
    """Take what a model found anew; what a person has changed stays.

    Raises
    ------
    NucleusError
        There are changes by hand, and the new nuclei have another class scheme or size.
    """
    if former is None or not former.by_hand:
        return PatchResult.of(new)
    now = former.now.unpack()
    edits = find_edits(now, former.found.unpack())
    return PatchResult.of(new, merge_edited(new, now, edits.labels, edits.erased))


def with_layer(former: PatchResult | None, shown: NucleusMap, touched: bool) -> PatchResult:
    """Take what a layer shows.

    Parameters
    ----------
    former : PatchResult or None
    shown : NucleusMap
    touched : bool
        A person has changed the layer; otherwise it holds what was put there, by us or by another panel.
    """
    if former is not None and is_same(former.now.unpack(), shown):
        return former
    if not touched:
        return with_new(former, shown)
    same_size = former is not None and former.found.shape == shown.labels.shape
    found = former.found.unpack() if former is not None and same_size else _none_like(shown)
    return PatchResult.of(found, shown)


def is_same(a: NucleusMap, b: NucleusMap) -> bool:
    """Whether two maps hold the same nuclei of the same classes."""
    return (
        a.scheme.classes == b.scheme.classes
        and np.array_equal(a.labels, b.labels)
        and a.table["class"].tolist() == b.table["class"].tolist()
    )


def _none_like(nuclei: NucleusMap) -> NucleusMap:
    return NucleusMap.from_labels(np.zeros_like(nuclei.labels), mpp=nuclei.mpp, classes=nuclei.scheme)
