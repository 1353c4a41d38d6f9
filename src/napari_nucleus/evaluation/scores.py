"""Scores of predicted nuclei against annotated ones, as HoVer-Net reports them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.metrics import aggregated_jaccard, detection_f1, dice, panoptic_quality


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of one set of images.

    Attributes
    ----------
    images : int
    dice, aji, dq, sq, pq : float
        Of nuclei whatever their class, mean over the images; one without nuclei in truth and prediction doesn't count.
    f_d : float
        Detection, counts pooled over the images, centroids within 12 px.
    f_c : dict of str to float
        Classification, class by class, counts pooled likewise.
    """

    images: int
    dice: float
    aji: float
    dq: float
    sq: float
    pq: float
    f_d: float
    f_c: dict[str, float]


def score(truths: Sequence[NucleusMap], predictions: Sequence[NucleusMap]) -> Scores:
    """Score predictions, an item an image.

    Raises
    ------
    NucleusError
        The numbers of images, their shapes or their class schemes differ.
    """
    if len(truths) != len(predictions) or not truths:
        raise NucleusError(
            f"Expected as many predictions as annotated images, got {len(predictions)} and {len(truths)}. "
            "Give one prediction an image."
        )
    kinds = truths[0].scheme
    if any(n.scheme.classes != kinds.classes for n in [*truths, *predictions]):
        raise NucleusError("Expected one class scheme in all images, got several. Convert them first.")
    pairs = [(t.labels, p.labels) for t, p in zip(truths, predictions, strict=True)]
    quality = [panoptic_quality(t, p) for t, p in pairs]
    detection = detection_f1(
        [t.table[["y_px", "x_px"]].to_numpy() for t in truths],
        [p.table[["y_px", "x_px"]].to_numpy() for p in predictions],
        [t.class_numbers for t in truths],
        [p.class_numbers for p in predictions],
        n_classes=len(kinds),
    )
    return Scores(
        images=len(pairs),
        dice=float(np.nanmean([dice(t, p) for t, p in pairs])),
        aji=float(np.nanmean([aggregated_jaccard(t, p) for t, p in pairs])),
        dq=float(np.nanmean([q.dq for q in quality])),
        sq=float(np.nanmean([q.sq for q in quality])),
        pq=float(np.nanmean([q.pq for q in quality])),
        f_d=float(detection.f_d),
        f_c=dict(zip(kinds.classes, map(float, detection.f_c), strict=True)),
    )
