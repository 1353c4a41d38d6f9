"""Panoptic quality of one image."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from napari_nucleus.metrics.overlap import overlap
from napari_nucleus.metrics.pairing import matched_pairs


@dataclass(frozen=True, slots=True)
class PanopticQuality:
    """Detection, segmentation and panoptic quality, and the counts behind them.

    Attributes
    ----------
    dq, sq, pq : float
        In [0, 1]; nan where there are neither true nor predicted nuclei.
    tp, fp, fn : int
        Matched pairs, predictions and true nuclei without a match.
    """

    dq: float
    sq: float
    pq: float
    tp: int
    fp: int
    fn: int


def panoptic_quality(true: ArrayLike, pred: ArrayLike, iou: float = 0.5) -> PanopticQuality:
    r"""Panoptic quality (Kirillov et al. 2019; for nuclei Graham et al. 2019, eq. 7).

    .. math:: PQ = \underbrace{\frac{TP}{TP + FP/2 + FN/2}}_{DQ} \cdot \underbrace{\frac{\sum_{TP} IoU}{TP}}_{SQ}

    A pair matches where its IoU is above ``iou``; from 0.5 on such pairs are unique, below it the assignment with the
    highest total IoU decides. Equals HoVer-Net's ``get_fast_pq``, whose SQ is lower by a factor of TP / (TP + 1e-6).
    Means over images must leave out those that are empty on both sides: CoNIC's script counts them as 0.

    Parameters
    ----------
    true, pred : (H, W) integers
        Label images, 0 = background.
    iou : float
        In [0, 1).

    Returns
    -------
    PanopticQuality
        Truth or prediction empty, or no match: dq, sq and pq are 0. Both empty: nan, there is nothing to measure.

    Raises
    ------
    NucleusError
        One is no label image, their shapes differ, or ``iou`` is outside [0, 1).

    Examples
    --------
    >>> panoptic_quality([[1, 1, 1, 0, 2, 2]], [[4, 4, 0, 0, 0, 9]])
    PanopticQuality(dq=0.5, sq=0.6666666666666666, pq=0.3333333333333333, tp=1, fp=1, fn=1)
    """
    found = overlap(true, pred)
    matched = found.iou[matched_pairs(found, iou)]
    tp = len(matched)
    fp, fn = len(found.pred_area) - tp, len(found.true_area) - tp
    if tp + fp + fn == 0:
        return PanopticQuality(float("nan"), float("nan"), float("nan"), 0, 0, 0)
    dq = tp / (tp + 0.5 * fp + 0.5 * fn)
    sq = float(matched.mean()) if tp else 0.0
    return PanopticQuality(dq, sq, dq * sq, tp, fp, fn)
