"""What a student learns from a teacher: logits (Hinton et al. 2015) and features (Guan et al. 2025, eq. 1 and 8)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.training.losses.checks import same_shape
from napari_nucleus.training.losses.cross_entropy import two_classes

# Below this, the slope of a root is no number any more.
_TINY = 1e-12


def logit_distillation(student: Tensor, teacher: Tensor, temperature: float = 14.0) -> Tensor:
    """T²·KL(softmax(teacher/T) ‖ softmax(student/T)), mean over samples and pixels (Hinton et al. 2015, §2).

    T² is in it: the slopes of the softened terms shrink with 1/T², so that a weight beside other losses means the same
    at any T. Shvetsov et al. take T = 14.

    Parameters
    ----------
    student, teacher : (N, C, …) float
        Logits; those of one channel are taken as of two classes, no and yes. Nothing flows back into the teacher's.
    temperature : float
        T.

    Raises
    ------
    NucleusError
        The shapes differ.
    """
    same_shape(student, teacher)
    if student.shape[1] == 1:
        student, teacher = two_classes(student), two_classes(teacher)
    log_s, log_t = ((logits / temperature).log_softmax(1) for logits in (student, teacher.detach()))
    return temperature**2 * F.kl_div(log_s, log_t, reduction="none", log_target=True).sum(1).mean()


def feature_similarity(teacher: Sequence[Tensor], student: Sequence[Tensor]) -> Tensor:
    """W = teacher × student (Guan et al. 2025, eq. 1): the cosine of each token of one with each of the other.

    Parameters
    ----------
    teacher, student : M tensors (B, C, h, w)
        Feature maps of each level, the student's projected to the teacher's channels.

    Returns
    -------
    (B, M, h·w, h·w) float in [-1, 1]
        Rows are the teacher's tokens.
    """
    t, s = (_tokens(maps) for maps in (teacher, student))
    same_shape(s, t)
    return t.mT @ s


def similarity_loss(similarity: Tensor) -> Tensor:
    """Eq. 8 from the tensor of eq. 1: 1/M · Σ_m ‖F_t − F_s‖₂, mean over the samples (Guan et al. 2025).

    The paper leaves open how the maps are normalised. Read here: each token to one length, and the map as a whole to
    length 1. Then ‖F_t − F_s‖₂ = √(2 − 2·w̄) with w̄ the mean cosine of the same tokens, which stand on the diagonal of
    W: 0 for equal features, √2 for unrelated, 2 for opposite ones, however large the map.

    Parameters
    ----------
    similarity : (B, M, T, T) float
        `feature_similarity`, or what a network that holds its teacher gives.
    """
    return _distance(similarity.diagonal(dim1=-2, dim2=-1).mean(-1)).mean()


def feature_distillation(teacher: Sequence[Tensor], student: Sequence[Tensor]) -> Tensor:
    """`similarity_loss` of two networks' feature maps, without the pairs of tokens that it doesn't need.

    Parameters
    ----------
    teacher, student : M tensors (B, C, h, w)
        As in `feature_similarity`; the student's must have the teacher's shape. Nothing flows back into the teacher.

    Raises
    ------
    NucleusError
        The shapes differ.
    """
    distances = []
    for t, s in zip(teacher, student, strict=True):
        same_shape(s, t)
        cosine = (F.normalize(t.detach(), dim=1) * F.normalize(s, dim=1)).sum(1)  # (B, h, w)
        distances.append(_distance(cosine.mean((1, 2))))
    return torch.stack(distances).mean()


def _tokens(maps: Sequence[Tensor]) -> Tensor:
    """Maps (B, C, h, w) of each level as tokens of length 1, (B, M, C, h·w)."""
    return F.normalize(torch.stack(list(maps), 1).flatten(3), dim=2)


def _distance(cosine: Tensor) -> Tensor:
    """Distance of two vectors of length 1."""
    return (2 - 2 * cosine).clamp(min=_TINY).sqrt()


class LogitDistillation(nn.Module):
    """`logit_distillation` as a module that keeps T."""

    def __init__(self, temperature: float = 14.0) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, student: Tensor, teacher: Tensor) -> Tensor:
        """The loss of logits (N, C, …)."""
        return logit_distillation(student, teacher, self.temperature)


class FeatureDistillation(nn.Module):
    """`feature_distillation` as a module."""

    def forward(self, teacher: Sequence[Tensor], student: Sequence[Tensor]) -> Tensor:
        """The loss of feature maps, (B, C, h, w) a level."""
        return feature_distillation(teacher, student)
