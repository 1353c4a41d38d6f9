"""What the training of a CLIP of nuclei is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_nucleus.core import NucleusError
from napari_nucleus.graph.traits import TRAITS
from napari_nucleus.training.loop_recipe import LoopRecipe
from napari_nucleus.training.recipe_fields import check_fields, choice, number


@dataclass(frozen=True, kw_only=True)
class ClipSource:
    """A data set.

    Attributes
    ----------
    folder : str
        Below the data folder that the user names; anything that `open_patches` reads.
    layout : str
        How it lies there; found out where it is empty.
    include : str
        Glob of image names.
    validate : tuple of str
        Names of images that don't train, but choose.
    scheme : str
        Class scheme of the folder; empty: what the folder says.
    classes : bool
        Whether descriptions name the class.
    names : dict
        Which class of the other data sets a class of this one is; ``unknown`` for none.
    mpp : float or None
        Pixel size in µm, in place of what the folder says.
    """

    folder: str
    layout: str = ""
    include: str = "*"
    validate: tuple[str, ...] = ()
    scheme: str = ""
    classes: bool = False
    names: dict[str, str] = field(default_factory=dict)
    mpp: float | None = number(None, above=0)

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, kw_only=True)
class ClipRecipe(LoopRecipe):
    """Windows on nuclei and their descriptions are brought together, others kept apart (Radford et al. 2021).

    Attributes
    ----------
    sources : tuple of ClipSource
    words : dict
        What the nuclei of a class are called in descriptions; a class that isn't named goes by its own name.
    left_out : tuple of tuple of str
        Combinations of words for size, shape, stain and chromatin. No nucleus of such a combination trains, so that
        none is ever described: how well they are found tells whether the model has understood the words.
    width : int
        Numbers a crop or description.
    mpp : float
        Pixel size in µm that nuclei are measured at; images of another are resampled.
    stain : float
        Strength of the augmentation of stain and colour. Strong, it would make pale nuclei dark.
    balance : float
        How even the classes are drawn: 0 as often as they are met, 1 all as often.
    """

    sources: tuple[ClipSource, ...]
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: tuple[tuple[str, ...], ...] = ()
    width: int = number(128, least=8)
    mpp: float = number(0.25, least=0.01, most=100)
    stain: float = number(0.2, least=0)
    balance: float = number(0.5, least=0, most=1)
    batch: int = number(192, least=2)
    schedule: str = choice("cosine", ("trapezoid", "cosine", "step"))

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.sources:
            raise NucleusError("Expected at least one of sources, got none. Add [[sources]] with a folder.")
        if self.devices * self.hosts > 1:
            raise NucleusError(
                f"Expected one device, got {self.devices} on {self.hosts} hosts: a batch is compared with itself. Set "
                "both to 1."
            )
        known = [word for words in TRAITS.values() for word in words]
        for word in (word for combination in self.left_out for word in combination):
            if word not in known:
                raise NucleusError(f"Expected left_out of words ({', '.join(known)}), got {word!r}. Correct it.")
