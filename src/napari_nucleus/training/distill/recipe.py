"""Recipes of distillation: those of dense training, and who teaches how."""

from __future__ import annotations

from dataclasses import dataclass

from napari_nucleus.core import NucleusError
from napari_nucleus.training.recipe import Recipe
from napari_nucleus.training.recipe_fields import number


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainSource:
    """A folder of images without labels, of which the teacher tells the student what it sees.

    Attributes
    ----------
    folder : str
        Below the data folder that the user names.
    share : float
        Relative chance that a crop comes from here, beside the ``share`` of the labelled sources.
    include : str
        Glob of the names of images, without their suffix.
    mpp : float
        Pixel size in µm; images are resampled to the recipe's.
    """

    folder: str
    share: float = number(1.0, above=0)
    include: str = "*"
    mpp: float = number(0.25, above=0)


@dataclass(frozen=True, kw_only=True)
class DistillRecipe(Recipe):
    """A student learns from a teacher and, where there are any, from labels.

    The loss is alpha · (T² · KL of types and NP + MSE of HV or flows) + beta · the student's own loss. Shvetsov et al.
    (2025, §4) give T = 14, α = 0.3 and β = 0.7, and don't say which of α and β weighs the soft term; we read them in
    the order in which the paper names what they balance, "the distillation and student losses".

    Attributes
    ----------
    teacher : tuple of str
        Models with weights; the answers of several are averaged (Zhang et al. 2025, §3.2).
    views : bool
        Ask each about three views of an image, as it is and mirrored both ways, and take the mean.
    temperature : float
        T, by which the logits of both are divided.
    alpha, beta : float
        Weights of the soft term, and of the student's own loss against the labels.
    feature_weight : float
        Of the distance between the features of teacher and student (Guan et al. 2025, eq. 8); 0 leaves features out.
    unlabelled : tuple of PlainSource
    pseudo_labels : bool
        The nuclei that the teacher finds in unlabelled images stand in for labels in the student's own loss (as in
        self-training, Xie et al. 2020); without them such images teach by the soft term alone.
    """

    teacher: tuple[str, ...]
    views: bool = False
    temperature: float = number(14.0, above=0)
    alpha: float = number(0.3, least=0)
    beta: float = number(0.7, least=0)
    feature_weight: float = number(0.0, least=0)
    unlabelled: tuple[PlainSource, ...] = ()
    pseudo_labels: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.teacher:
            raise NucleusError("Expected at least one model as teacher, got none. Name one of the model list.")
        if not (self.alpha or self.beta or self.feature_weight):
            raise NucleusError("Expected alpha, beta or feature_weight above 0, got 0 in all. Nothing would be learnt.")
