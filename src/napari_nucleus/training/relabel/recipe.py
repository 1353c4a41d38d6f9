"""What a cross-relabelling is told: two data sets, what each can teach and what the other should refine in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from napari_nucleus.core import ClassScheme, NucleusError, own_scheme, scheme
from napari_nucleus.training.loop_recipe import LoopRecipe
from napari_nucleus.training.recipe_fields import check_fields, choice, number


@dataclass(frozen=True, kw_only=True)
class CellSource:
    """A data set of the two.

    Attributes
    ----------
    name : str
        Also a folder's; the other source has another.
    folder : str
        Below the data folder that the user names; anything that `open_patches` reads.
    layout : str
        How it lies there, one of `napari_nucleus.io.patches.layouts.LAYOUTS`; found out where it is empty.
    broad : str
        The class that the other source's classifier refines.
    fine : tuple of str
        The classes that this source's classifier learns, to refine the other's broad class.
    classes : str
        Class scheme of the folder; empty: what the folder says.
    own_classes : tuple of str
        The classes themselves, where ``classes`` is the name of no known scheme.
    names : dict
        What a class is called in the refined data set, where that isn't its own name.
    include : str
        Glob of image names.
    mpp : float or None
        Pixel size in µm; None: what the folder says.
    patient : str
        Regular expression; what it finds in an image's name is the patient, whose images stay in one part. Empty: the
        data set's own patients (MoNuSAC says them); where there are none, each image stays in one part.
    tile : int
        Images are cut into tiles of this side first (`equal_tiles`); 0 takes them as they are.
    """

    name: str
    folder: str
    broad: str
    fine: tuple[str, ...]
    layout: str = ""
    classes: str = ""
    own_classes: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    include: str = "*"
    mpp: float | None = number(None, above=0)
    patient: str = ""
    tile: int = number(0, least=0)

    def __post_init__(self) -> None:
        check_fields(self)
        if len(set(self.fine)) < 2 or self.broad in self.fine:
            raise NucleusError(
                f"Expected at least two fine classes beside the broad one in {self.name}, got {', '.join(self.fine)} "
                f"beside {self.broad}. Correct fine or broad."
            )
        try:
            re.compile(self.patient)
        except re.error as error:
            raise NucleusError(
                f"Expected a regular expression as patient of {self.name}, got {self.patient!r} ({error}). Correct it."
            ) from None

    @property
    def scheme(self) -> ClassScheme | None:
        """The folder's classes, where the recipe says them."""
        return named_or_own(self.classes, self.own_classes) if self.classes else None

    def refined(self, name: str) -> str:
        """What a class of this source is called in the refined data set."""
        return self.names.get(name, name)


@dataclass(frozen=True, kw_only=True)
class RelabelRecipe(LoopRecipe):
    """Each of two data sets teaches a classifier that refines the other's broad class (Shvetsov et al. 2025, §2).

    Attributes
    ----------
    sources : tuple of CellSource
        Two.
    classes : str
        Class scheme of the refined data set.
    own_classes : tuple of str
        The classes themselves, where ``classes`` is the name of no known scheme.
    encoder : str
        Of the classifiers: any timm network.
    pretrained : bool
        Start from timm's weights, imported or from its hub; else from scratch.
    dropout : float
    side, context : int
        Of a cell's picture, in pixels.
    mpp : float
        Pixel size in µm; images of another are resampled.
    shares : tuple of float
        Of the cells that train, validate and test.
    split_by : str
        ``image`` (or patient, where a source names one): no image is in two parts. ``nucleus``: any.
    balance : str
        How classes are made equal in training: ``once``, the cells are drawn once, as in the paper; ``each epoch``,
        anew, so that all cells of the frequent classes are seen in time.
    stain, rotate : float
        Strength of stain and colour augmentation; share of cells that are turned by any angle.
    threshold : float
        Confidence from which a nucleus gets a new label.
    layouts : tuple of str
        How the refined data set is written: ``npz``, ``pannuke``.
    """

    sources: tuple[CellSource, ...]
    classes: str
    own_classes: tuple[str, ...] = ()
    encoder: str = "resnet50"
    pretrained: bool = False
    dropout: float = number(0.5, least=0, below=1)
    side: int = number(64, least=16)
    context: int = number(15, least=0)
    mpp: float = number(0.25, above=0)
    shares: tuple[float, ...] = (0.7, 0.2, 0.1)
    split_by: str = choice("image", ("image", "nucleus"))
    balance: str = choice("once", ("once", "each epoch"))
    stain: float = number(1.0, least=0)
    rotate: float = number(0.75, least=0, most=1)
    threshold: float = number(0.8, least=0, most=1)
    layouts: tuple[str, ...] = ("npz",)
    batch: int = number(64, least=1)
    schedule: str = choice("cosine", ("trapezoid", "cosine", "step"))

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.sources) != 2 or self.sources[0].name == self.sources[1].name:
            names = ", ".join(source.name for source in self.sources) or "none"
            raise NucleusError(f"Expected two sources of different names, got {names}. Give two.")
        if self.devices * self.hosts > 1:
            raise NucleusError(
                f"Expected one device for cross-relabelling, got {self.devices} on {self.hosts} hosts. Set both to 1."
            )
        if len(self.shares) != 3 or min(self.shares) <= 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise NucleusError(f"Expected three shares that add up to 1, got {list(self.shares)}. Correct shares.")
        if not self.layouts or set(self.layouts) - {"npz", "pannuke"}:
            raise NucleusError(f"Expected layouts out of npz, pannuke, got {list(self.layouts)}. Correct layouts.")
        for source in self.sources:
            for name in source.fine:
                self.scheme.number_of(source.refined(name))  # refuses a class that the refined scheme lacks

    @property
    def scheme(self) -> ClassScheme:
        """The classes that are told apart in the refined data set."""
        return named_or_own(self.classes, self.own_classes)

    def kept(self, source: CellSource) -> str:
        """What a nucleus of the broad class is called that stays as it is: never like a fine class."""
        return f"{source.broad} (broad)" if source.broad in self.scheme.classes else source.broad

    @property
    def refined_scheme(self) -> ClassScheme:
        """The classes of the refined data set: `scheme`, then the broad ones, for nuclei that stay as they are.

        Its crosswalk to `scheme` leaves the broad ones out: in training they count as nuclei of unknown class.
        """
        kinds = self.scheme
        kept = dict.fromkeys(self.kept(source) for source in self.sources)
        names = {name: name for name in kinds.classes}
        own = own_scheme(f"{kinds.name} + broad", (*kinds.classes, *kept), kinds.colors)
        return replace(own, crosswalks={**kinds.crosswalks, kinds.name: names})

    def other(self, source: CellSource) -> CellSource:
        """The source whose classifier refines this one's broad class."""
        return self.sources[1] if source is self.sources[0] else self.sources[0]


def named_or_own(name: str, classes: tuple[str, ...]) -> ClassScheme:
    """A known scheme, or one of a user's own classes."""
    return own_scheme(name, classes) if classes else scheme(name)
