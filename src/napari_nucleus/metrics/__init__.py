"""Scores of label images and centroids against annotated ones; numpy and scipy only."""

from napari_nucleus.metrics.aji import aggregated_jaccard, aggregated_jaccard_plus
from napari_nucleus.metrics.detection import DetectionF1, detection_f1
from napari_nucleus.metrics.dice import dice, ensemble_dice
from napari_nucleus.metrics.panoptic import PanopticQuality, panoptic_quality

__all__ = [
    "DetectionF1",
    "PanopticQuality",
    "aggregated_jaccard",
    "aggregated_jaccard_plus",
    "detection_f1",
    "dice",
    "ensemble_dice",
    "panoptic_quality",
]
