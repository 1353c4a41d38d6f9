"""Recipes of dense training: everything that decides what a network learns from annotated images."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from napari_nucleus.core import SCHEMES, ClassScheme, own_scheme, scheme
from napari_nucleus.core.errors import NucleusError
from napari_nucleus.training.augment import Augmentation
from napari_nucleus.training.loop_recipe import LoopRecipe
from napari_nucleus.training.losses import TERMS, Losses
from napari_nucleus.training.recipe_fields import check_fields, number
from napari_nucleus.training.recipe_reading import read_toml, unlike

__all__ = ["FREQUENCY", "SCORES", "DataSource", "LoopRecipe", "Recipe", "read_recipe"]

Kind = TypeVar("Kind", bound=LoopRecipe)

SCORES = ("val_pq", "val_f1", "val_fd", "val_fc")
"""What whole held-out images are scored by; the more the better."""
_PARTS = ("val_loss", *(f"val_{branch}" for branch in TERMS))

FREQUENCY = "frequency"
"""In place of weights of classes: from how often each is met in the training images."""


@dataclass(frozen=True, slots=True)
class DataSource:
    """One data set, and how often it is drawn.

    Attributes
    ----------
    folder : str
        Below the data folder that the user names.
    layout : str
        How it lies there, one of `napari_nucleus.io.patches.layouts.LAYOUTS`; found out where it is empty.
    share : float
        Relative chance that a crop comes from here.
    include : str
        Glob of the names of images.
    validate : tuple of str, or float
        What is kept out of training and used to choose: names (or globs) of groups, or the share of the images.
    test : tuple of str, or float
        What is not read at all, likewise.
    group : str
        What stays together in a split: ``""`` each image by itself; what the layout knows, such as ``fold``,
        ``patient`` or ``tissue``; a table and its column, as ``info.csv:Source``; or a regular expression, whose first
        bracket (or whole match) in the image's name is the group.
    mpp : float or None
        Pixel size in µm, in place of what the files say; 0.25 where neither does. Images are resampled to the recipe's.
    classes : bool
        Whether its classes are learnt; else it trains NP and HV (or flows) only.
    scheme : str
        Class scheme of its numbers, where the layout doesn't tell: by default the recipe's.
    crosswalk : dict
        Its class names to those of the recipe's scheme; in place of a known crosswalk. A class that is left out is
        learnt as nucleus, without a class.

    Raises
    ------
    NucleusError
        A value is out of its range; the message names the field.
    """

    folder: str
    layout: str = ""
    share: float = number(1.0, above=0)
    include: str = "*"
    validate: tuple[str, ...] | float = ()
    test: tuple[str, ...] | float = ()
    group: str = ""
    mpp: float | None = number(None, least=0.01, most=100)
    classes: bool = False
    scheme: str = ""
    crosswalk: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_fields(self)
        shares = {name: value for name in ("validate", "test") if isinstance(value := getattr(self, name), float)}
        for name, share in shares.items():
            if not 0 <= share < 1:
                raise NucleusError(f"Expected {name} from 0 to below 1, got {share}. Give a share, or a list of names.")
        if sum(shares.values()) >= 1:
            raise NucleusError(f"Expected validate and test below 1 together, got {sum(shares.values())}. Lower one.")
        if self.scheme and self.scheme not in SCHEMES:
            raise unlike("scheme to be a class scheme", self.scheme, SCHEMES)

    @property
    def typed(self) -> bool:
        """Whether its classes are learnt."""
        return self.classes or bool(self.crosswalk)


@dataclass(frozen=True, kw_only=True)
class Recipe(LoopRecipe, Augmentation):
    """A dense network learns nuclei from annotated images; it has the fields of the loop and of augmentation, too.

    Attributes
    ----------
    model : str
        A registered architecture.
    options : dict
        Of the architecture, such as ``encoder``.
    classes : str or tuple of str
        A class scheme, or names of your own.
    mpp : float
        Pixel size that the model works at, in µm.
    crop : int
        Side of a crop in pixels.
    focus : float
        Share of crops placed around a nucleus of a class drawn by chance, so that rare classes are seen.
    balance : float
        How even that chance is: a class of n nuclei is drawn in proportion to n to the power of 1 - balance. 0 draws
        classes as often as they are met, 1 all as often, 2 in proportion to 1/n.
    class_weight : tuple of float, or "frequency"
        Of background and each class in the cross-entropy; empty = 1. See `losses.pixel_class_weights`.
    focal_weight : tuple of float, or "frequency"
        The same in the focal loss; empty = ``class_weight``.
    losses : Losses
    monitor : str
        The validation score that chooses the best weights: ``val_loss``, ``val_pq``, ``val_f1``, or a part's
        ``val_type`` and so on.
    validate_images : int
        How many held-out images are decoded at each validation, at most; 0 = none, so that there is no ``val_pq``.
    memory_gb : float
        For images that have been read, with their targets; what doesn't fit is read again when it is drawn.
    sources : tuple of DataSource

    Raises
    ------
    NucleusError
        A value is out of its range or unknown; the message names the field.
    """

    model: str
    classes: str | tuple[str, ...]
    sources: tuple[DataSource, ...]
    class_weight: tuple[float, ...] | str = ()
    focal_weight: tuple[float, ...] | str = ()
    options: dict[str, Any] = field(default_factory=dict)
    mpp: float = number(0.25, least=0.01, most=100)
    crop: int = number(256, least=16)
    focus: float = number(0.5, least=0, most=1)
    balance: float = number(1.0, least=0)
    losses: Losses = field(default_factory=Losses)
    monitor: str = "val_loss"
    validate_images: int = number(100, least=0)
    memory_gb: float = number(4.0, above=0)

    def __post_init__(self) -> None:
        LoopRecipe.__post_init__(self)
        if isinstance(self.classes, str) and self.classes not in SCHEMES:
            raise unlike("classes to be a scheme, or a list of names,", self.classes, SCHEMES)
        if not self.sources:
            raise NucleusError("Expected at least one of sources, got none. Add [[sources]] with a folder.")
        if self.monitor not in (*SCORES, *_PARTS):
            raise unlike("monitor to be a validation score", self.monitor, (*SCORES, *_PARTS))
        if self.monitor in SCORES and not self.validate_images:
            raise NucleusError(f"Expected validate_images above 0 for the monitor {self.monitor}, got 0. Raise it.")
        for name in ("class_weight", "focal_weight"):
            self._check_weights(name, getattr(self, name))

    @property
    def scheme(self) -> ClassScheme:
        """The class scheme that the network learns."""
        return scheme(self.classes) if isinstance(self.classes, str) else own_scheme(self.name, self.classes)

    def _check_weights(self, name: str, weights: tuple[float, ...] | str) -> None:
        if weights in ((), FREQUENCY):
            return
        if isinstance(weights, str):
            raise unlike(f"{name} to be numbers or a word", weights, (FREQUENCY,))
        wanted = 1 + len(self.scheme)
        if len(weights) != wanted:
            raise NucleusError(
                f"Expected {wanted} numbers in {name} (background and {', '.join(self.scheme.classes)}), got "
                f"{len(weights)}. Give one each."
            )
        if not all(0 <= weight < float("inf") for weight in weights) or not any(weights):
            raise NucleusError(f"Expected numbers from 0 in {name}, got {list(weights)}. Correct them.")


def read_recipe(path: str | Path, kind: type[Kind] = Recipe) -> Kind:  # type: ignore[assignment]
    """Read a recipe from TOML.

    Parameters
    ----------
    path : path
    kind : type
        `Recipe`, or that of another kind of training.

    Raises
    ------
    NucleusError
        The file is missing or not TOML, or a field is unknown, missing, of the wrong kind or out of its range; the
        message names it.
    """
    return read_toml(path, kind)
