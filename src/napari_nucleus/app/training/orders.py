"""What a person chose, as a recipe and the data that it names: one order a kind of training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from napari_nucleus.app.training.annotated import LayerPair, write_annotated
from napari_nucleus.core import SCHEMES, ClassScheme, NucleusError

if TYPE_CHECKING:  # training loads torch
    from napari_nucleus.jobs.spec import Kind
    from napari_nucleus.training.loop_recipe import LoopRecipe

HELD_OUT = 0.2
"""Share of the images that choose the weights."""
REFINED = "refined7"


class Order(Protocol):
    """Everything that a job is made from."""

    @property
    def name(self) -> str:
        """Of the run and of the model that comes of it."""

    @property
    def device(self) -> str:
        """Where it runs."""

    @property
    def kind(self) -> Kind:
        """Of training."""

    def recipe(self) -> LoopRecipe:
        """The recipe."""

    def data(self, place: Path) -> Path:
        """The folder that the recipe's sources lie in; what is in layers is written to ``place`` first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FineTuneOrder:
    """A model goes on learning from layers or a folder.

    Attributes
    ----------
    name : str
    start : str
        The model.
    part : str
        What learns: ``nuclei``, ``heads``, ``decoder`` or ``whole``.
    layers : tuple of LayerPair
        Empty where a folder is given.
    folder : str
    scheme : ClassScheme
        Of the annotation.
    keep_classes : bool
        The model keeps its classes, and the annotation's are led to them by name; else it learns the annotation's.
    partial : bool
        Not every nucleus is annotated.
    rehearsal : str
        Folder of what the model has learnt from; empty: none.
    start_scheme : ClassScheme
        Of the model.
    steps : int
    device : str
    """

    name: str
    start: str
    start_scheme: ClassScheme
    scheme: ClassScheme
    part: str = "nuclei"
    layers: tuple[LayerPair, ...] = ()
    folder: str = ""
    keep_classes: bool = False
    partial: bool = True
    rehearsal: str = ""
    steps: int = 200
    device: str = "auto"
    kind: Kind = field(default="fine_tune", init=False)

    def recipe(self) -> LoopRecipe:
        """The recipe."""
        from napari_nucleus.training import DataSource, FineTuneRecipe

        classes = _named(self.start_scheme if self.keep_classes else self.scheme)
        colors = () if isinstance(classes, str) or self.keep_classes else self.scheme.colors
        whole_images = not self.layers and not self.partial
        source = DataSource(self._source(), classes=True, validate=HELD_OUT if whole_images else ())
        rehearsal = (DataSource(str(Path(self.rehearsal).resolve()), classes=True),) if self.rehearsal else ()
        return FineTuneRecipe(
            name=self.name,
            start=self.start,
            part=self.part,
            classes=classes,
            colors=colors,
            partial=self.partial,
            steps=self.steps,
            sources=(source,),
            rehearsal=rehearsal,
        )

    def data(self, place: Path) -> Path:
        """The folder around the images."""
        if not self.layers:
            return _folder(self.folder).parent
        write_annotated(place / self._source(), [pair.annotated() for pair in self.layers])
        return place

    def _source(self) -> str:
        return "annotated" if self.layers else _folder(self.folder).name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DistilOrder:
    """A student learns from a teacher.

    Attributes
    ----------
    name : str
    teacher : tuple of str
        A model, or several of one class scheme.
    scheme : ClassScheme
        Of the teacher.
    mpp : float
        Of the teacher, in µm.
    student : str
        An architecture.
    folder, unlabelled : str
        Annotated images, and images without labels (empty: none).
    views : bool
        The teacher looks at three views.
    temperature, alpha, beta, feature_weight : float
        See `DistillRecipe`.
    steps : int
    device : str
    """

    name: str
    teacher: tuple[str, ...]
    scheme: ClassScheme
    mpp: float = 0.25
    student: str = "nucleus_small"
    folder: str = ""
    unlabelled: str = ""
    views: bool = False
    temperature: float = 14.0
    alpha: float = 0.3
    beta: float = 0.7
    feature_weight: float = 0.0
    steps: int = 2000
    device: str = "auto"
    kind: Kind = field(default="distill", init=False)

    def recipe(self) -> LoopRecipe:
        """The recipe."""
        from napari_nucleus.training import DataSource, DistillRecipe
        from napari_nucleus.training.distill import PlainSource

        plain = (PlainSource(folder=str(Path(self.unlabelled).resolve()), mpp=self.mpp),) if self.unlabelled else ()
        return DistillRecipe(
            name=self.name,
            model=self.student,
            classes=_named(self.scheme),
            mpp=self.mpp,
            teacher=self.teacher,
            views=self.views,
            temperature=self.temperature,
            alpha=self.alpha,
            beta=self.beta,
            feature_weight=self.feature_weight,
            steps=self.steps,
            validate_every=max(1, self.steps // 10),
            sources=(DataSource(_folder(self.folder).name, classes=True, validate=HELD_OUT),),
            unlabelled=plain,
        )

    def data(self, place: Path) -> Path:
        """The folder around the images."""
        return _folder(self.folder).parent


@dataclass(frozen=True, slots=True)
class RelabelSide:
    """One of two data sets.

    Attributes
    ----------
    folder : str
    broad : str
        The class that the other one refines.
    fine : tuple of str
        The classes that it teaches.
    scheme : ClassScheme
        Of its annotation.
    """

    folder: str
    broad: str
    fine: tuple[str, ...]
    scheme: ClassScheme


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RelabelOrder:
    """Two data sets refine each other's broad class.

    Attributes
    ----------
    name : str
    sides : tuple of RelabelSide
        Two.
    threshold : float
        Confidence from which a nucleus gets a new label.
    steps : int
        Of each classifier.
    device : str
    """

    name: str
    sides: tuple[RelabelSide, RelabelSide]
    threshold: float = 0.8
    steps: int = 400
    device: str = "auto"
    kind: Kind = field(default="relabel", init=False)

    def recipe(self) -> LoopRecipe:
        """The recipe; the refined data set has the classes of `REFINED` where those do, else all that both know."""
        from napari_nucleus.training import CellSource, RelabelRecipe

        kept = [name for side in self.sides for name in side.scheme.classes if name != side.broad]
        known = set(kept) <= set(SCHEMES[REFINED].classes)
        names = [_folder(side.folder).name for side in self.sides]
        if names[0] == names[1]:
            names = [f"{name}-{letter}" for name, letter in zip(names, "ab", strict=True)]
        sources = tuple(
            CellSource(
                name=name,
                folder=str(_folder(side.folder)),
                broad=side.broad,
                fine=side.fine,
                classes=side.scheme.name,
                own_classes=() if side.scheme.name in SCHEMES else side.scheme.classes,
            )
            for name, side in zip(names, self.sides, strict=True)
        )
        return RelabelRecipe(
            name=self.name,
            sources=sources,
            classes=REFINED if known else "refined",
            own_classes=() if known else tuple(dict.fromkeys(kept)),
            threshold=self.threshold,
            steps=self.steps,
            validate_every=max(1, self.steps // 10),
        )

    def data(self, place: Path) -> Path:
        """Both folders are named whole."""
        return place


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeOrder:
    """A recipe that somebody wrote.

    Attributes
    ----------
    path : Path
    kind : str
    folder : str
        That holds the recipe's data sets.
    steps : int or None
        In place of the recipe's.
    device : str
    """

    path: Path
    kind: Kind
    folder: str
    steps: int | None = None
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class FolderLook:
    """What a folder of annotated images holds, as far as its first annotated image tells."""

    folder: Path
    images: int
    scheme: ClassScheme
    counts: Mapping[str, int]


def look_at(folder: str) -> FolderLook:
    """Look into a folder; reads one image, so let a thread do it.

    Raises
    ------
    NucleusError
        It is no folder of annotated images.
    """
    import napari_nucleus.project  # noqa: F401  (enrols its layout)
    from napari_nucleus.io import open_patches

    patches = open_patches(_folder(folder))
    for i in range(min(len(patches), 20)):
        truth = patches.patch(i).truth
        if truth is not None:
            return FolderLook(patches.folder, len(patches), truth.scheme, truth.counts())
    raise NucleusError(f"Expected annotated images, got images without nuclei. Choose another folder: {folder}")


def _folder(text: str) -> Path:
    if not text.strip():
        raise NucleusError("Expected a folder of annotated images, got none. Choose one.")
    return Path(text.strip()).expanduser().resolve()


def _named(scheme: ClassScheme) -> str | tuple[str, ...]:
    """A scheme as a recipe names it: by its name, or by its classes."""
    known = SCHEMES.get(scheme.name)
    return scheme.name if known is not None and known.classes == scheme.classes else scheme.classes
