"""Losses, each as a function and as a thin module, with the paper and equation that it comes from."""

from napari_nucleus.training.losses.branches import boundary_loss, hv_loss, np_loss, type_dice, type_loss
from napari_nucleus.training.losses.cross_entropy import (
    BinaryCrossEntropy,
    CrossEntropy,
    binary_cross_entropy,
    cross_entropy,
    two_classes,
)
from napari_nucleus.training.losses.decoupling import SpectralDecoupling, spectral_decoupling
from napari_nucleus.training.losses.dice import DiceLoss, dice_loss
from napari_nucleus.training.losses.distillation import (
    FeatureDistillation,
    LogitDistillation,
    feature_distillation,
    feature_similarity,
    logit_distillation,
    similarity_loss,
)
from napari_nucleus.training.losses.flow import FlowLoss, flow_loss
from napari_nucleus.training.losses.focal import (
    FocalLoss,
    class_frequency_weights,
    focal_loss,
    pixel_class_weights,
)
from napari_nucleus.training.losses.hover import MseLoss, MsgeLoss, mse_loss, msge_loss, sobel_kernels
from napari_nucleus.training.losses.recipe import TERMS, Losses
from napari_nucleus.training.losses.smoothing import SmoothedCrossEntropy, smoothed_cross_entropy, smoothed_targets
from napari_nucleus.training.losses.unknown import UNKNOWN, without_unknown

__all__ = [
    "TERMS",
    "UNKNOWN",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "DiceLoss",
    "FeatureDistillation",
    "FlowLoss",
    "FocalLoss",
    "LogitDistillation",
    "Losses",
    "MseLoss",
    "MsgeLoss",
    "SmoothedCrossEntropy",
    "SpectralDecoupling",
    "binary_cross_entropy",
    "boundary_loss",
    "class_frequency_weights",
    "cross_entropy",
    "dice_loss",
    "feature_distillation",
    "feature_similarity",
    "flow_loss",
    "focal_loss",
    "hv_loss",
    "logit_distillation",
    "mse_loss",
    "msge_loss",
    "np_loss",
    "pixel_class_weights",
    "similarity_loss",
    "smoothed_cross_entropy",
    "smoothed_targets",
    "sobel_kernels",
    "spectral_decoupling",
    "two_classes",
    "type_dice",
    "type_loss",
    "without_unknown",
]
