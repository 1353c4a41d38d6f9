"""Scores of label images and centroids against annotated ones; numpy and scipy only."""

from napari_nucleus.metrics.aji import aggregated_jaccard, aggregated_jaccard_plus
from napari_nucleus.metrics.calibration import calibration_error
from napari_nucleus.metrics.confusion import confusion_matrix
from napari_nucleus.metrics.counts import CountR2, count_nuclei, count_r2
from napari_nucleus.metrics.detection import DetectionF1, MatchedF1, detection_f1, matched_f1
from napari_nucleus.metrics.dice import dice, ensemble_dice
from napari_nucleus.metrics.multiclass import MulticlassPQ, multiclass_pq_plus
from napari_nucleus.metrics.pannuke import PannukePQ, TissueMean, pannuke_pq, tissue_mean
from napari_nucleus.metrics.panoptic import PanopticQuality, panoptic_quality

__all__ = [
    "CountR2",
    "DetectionF1",
    "MatchedF1",
    "MulticlassPQ",
    "PannukePQ",
    "PanopticQuality",
    "TissueMean",
    "aggregated_jaccard",
    "aggregated_jaccard_plus",
    "calibration_error",
    "confusion_matrix",
    "count_nuclei",
    "count_r2",
    "detection_f1",
    "dice",
    "ensemble_dice",
    "matched_f1",
    "multiclass_pq_plus",
    "pannuke_pq",
    "panoptic_quality",
    "tissue_mean",
]
