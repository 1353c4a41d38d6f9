"""Recipes of fine-tuning: those of dense training, and what becomes of the model that they start from."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_nucleus.core import ClassScheme, NucleusError, own_scheme
from napari_nucleus.training.recipe import DataSource, Recipe
from napari_nucleus.training.recipe_fields import choice, number

NUCLEI = "nuclei"
"""The part that is no part of the network: a classifier of nuclei over its features."""


@dataclass(frozen=True, kw_only=True)
class FineTuneRecipe(Recipe):
    """A model of the list goes on learning from a few images; what isn't stated is as in `Recipe`.

    Attributes
    ----------
    start : str
        A model with weights; its architecture, options and pixel size are taken over.
    part : str
        What learns: ``nuclei`` (a classifier of nuclei over the frozen network's features; seconds), ``heads`` (the
        last layers), ``decoder`` (those, and all that reads the encoder's features) or ``whole``.
    classes : str or tuple of str
        After fine-tuning: a class scheme, or names of your own. A class of the same name keeps its weights.
    colors : tuple of str
        ``#RRGGBB`` of the first of your own classes.
    rename : dict of str
        Names of the start's classes to new ones, which keep their weights.
    partial : bool
        The images are annotated here and there: only annotated nuclei and a margin around them count, and nothing is
        taught to be background elsewhere.
    margin_um : float
        Its width, in µm.
    hold_out : float
        Where the annotation is partial and no image is held out: the share of the annotated nuclei that is kept out of
        training and scored. The classifier of nuclei is scored by cross-validation instead.
    rehearsal : tuple of DataSource
        What the start learnt from, to be rehearsed; the images held out there tell what is forgotten. Without
        ``validate`` every seventh is.
    rehearsal_share : float
        Share of each batch that comes from there, or of the classifier's weight.
    distillation : float
        Weight of staying close to what the start says of the new images (Li and Hoiem 2017).
    tolerance : float
        By how much PQ and F_c may fall on what is held out. Where one falls by more, weights nearer to the start's are
        kept, or the start's themselves.
    hidden : int
        Width of a hidden layer of the classifier of nuclei; 0 = linear.

    Raises
    ------
    NucleusError
        A value is out of its range or unknown; the message names the field.
    """

    start: str = "default"
    part: str = choice(NUCLEI, (NUCLEI, "heads", "decoder", "whole"))
    model: str = ""
    colors: tuple[str, ...] = ()
    rename: dict[str, str] = field(default_factory=dict)
    partial: bool = False
    margin_um: float = number(1.5, least=0)
    hold_out: float = number(0.2, least=0, below=1)
    rehearsal: tuple[DataSource, ...] = ()
    rehearsal_share: float = number(0.5, least=0, below=1)
    distillation: float = number(1.0, least=0)
    tolerance: float = number(0.01, least=0)
    hidden: int = number(0, least=0)
    # A short run at a low rate; the average follows it closely.
    steps: int | None = number(200, least=1)
    learning_rate: float = number(3e-4, above=0)
    weight_decay: float = number(0.0, least=0)
    warmup: float = number(0.1, least=0, most=1)
    decay: float = number(0.5, least=0, most=1)
    ema: float = number(0.95, least=0, below=1)
    crop: int = number(192, least=16)
    focus: float = number(1.0, least=0, most=1)
    checkpoint_every: int = number(50, least=1)
    validate_every: int = number(50, least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.colors and isinstance(self.classes, str):
            raise NucleusError("Expected colors with classes of your own, got a known scheme. Delete colors.")
        assert self.scheme is not None  # names and colours are looked at before anything is read

    @property
    def scheme(self) -> ClassScheme:
        """The class scheme after fine-tuning."""
        return super().scheme if isinstance(self.classes, str) else own_scheme(self.name, self.classes, self.colors)

    @property
    def rehearses(self) -> bool:
        """Whether the start's own data are mixed in."""
        return bool(self.rehearsal) and self.rehearsal_share > 0
