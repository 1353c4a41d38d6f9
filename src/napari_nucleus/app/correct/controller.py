"""A project and the image of it that is being corrected, behind the panel *Correct nuclei*; no Qt, no napari."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from psygnal import Signal, SignalGroupDescriptor

from napari_nucleus.app.correct import Workbench
from napari_nucleus.app.correct.following import Following
from napari_nucleus.app.correct.keys import Command, keys_file, load_keys, save_keys
from napari_nucleus.app.correct.reviewer import Reviewer
from napari_nucleus.app.correct.sight import Sight, evidence_of
from napari_nucleus.app.review import Doubt, Learned
from napari_nucleus.core import Image, NucleusError, NucleusMap
from napari_nucleus.project import Project, Provenance, scheme_edits
from napari_nucleus.project.classes import active
from napari_nucleus.project.project import ImageEntry


@dataclass
class CorrectState:
    """What the panel shows; each field emits ``events.<field>`` when it changes.

    Attributes
    ----------
    folder : str
        Of the project; empty: none is open.
    images : tuple of ImageEntry
    annotator : str
        Who corrects.
    looking : str
        What the model is doing; empty: it isn't.
    learning : str
        What was learnt last.
    message : str
        The last thing to tell the user.
    """

    folder: str = ""
    images: tuple[ImageEntry, ...] = ()
    annotator: str = ""
    looking: str = ""
    learning: str = ""
    message: str = ""
    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()


class CorrectController:
    """Opens projects and images, and puts the parts of a review together.

    Attributes
    ----------
    state : CorrectState
    project : Project or None
    reviewer : Reviewer or None
        Of the image that is open.

    Signals
    -------
    opened(reviewer)
        Another image is open, or none (None).
    followed(following)
        Another queue.
    """

    opened = Signal(object)
    followed = Signal(object)

    def __init__(self) -> None:
        self.state = CorrectState(annotator=user_name())
        self.project: Project | None = None
        self.reviewer: Reviewer | None = None
        self._keys_file = keys_file()
        self._sights: dict[int, Sight] = {}

    def create(self, folder: str | os.PathLike[str], nuclei: NucleusMap) -> None:
        """Begin a project with the classes of some nuclei, and open it.

        Raises
        ------
        NucleusError
            There is one, or it can't be written.
        """
        Project.create(folder, nuclei.scheme).close()
        self.open(folder)

    def open(self, folder: str | os.PathLike[str]) -> None:
        """Open a project; what was open before is closed.

        Raises
        ------
        NucleusError
            It can't be opened; what was open stays.
        """
        project = Project.open(folder)
        self.close()
        self.project = project
        self.state.images = tuple(project.images())
        self.state.folder = str(project.folder)

    def close(self) -> None:
        """Close image and project."""
        self.close_image()
        self._sights.clear()
        if self.project is not None:
            self.project.close()
        self.project = None
        self.state.folder, self.state.images = "", ()

    def add(self, name: str, image: NDArray[np.uint8] | Path, nuclei: NucleusMap) -> int:
        """Add an image with its nuclei; returns its number.

        Parameters
        ----------
        name : str
        image : (H, W, 3) uint8 or Path
            A file stays where it is; pixels are written into the project's folder.
        nuclei : NucleusMap

        Raises
        ------
        NucleusError
            There is no project, one of that name is there, sizes differ, or it can't be written.
        """
        project = self._project()
        path = image if isinstance(image, Path) else _written(project.folder / "images", name, image, nuclei)
        number = project.add_image(path, nuclei, Provenance.MODEL, name)
        self.state.images = tuple(project.images())
        return number

    def choose(self, image: int) -> None:
        """Open an image of the project.

        Raises
        ------
        NucleusError
            There is none, or nobody is named who corrects.
        """
        project = self._project()
        bench = Workbench.open(project, image, self.state.annotator)
        self.close_image()
        self.reviewer = Reviewer(bench, load_keys(class_keys(project), self._keys_file))
        self.opened.emit(self.reviewer)
        if image in self._sights:
            self.take_sight(self.reviewer, self._sights[image])
        else:
            self._follow(Following(bench))

    def close_image(self) -> None:
        """Close the image; everything is written already."""
        if self.reviewer is not None:
            self.reviewer.mode.on = False
            self._stop_learning()
            self.reviewer.close()
            self.reviewer = None
            self.opened.emit(None)

    def pixels(self) -> Image | None:
        """The image that is open; None where its file is gone."""
        if self.reviewer is None:
            return None
        try:
            return self._project().read_image(self.reviewer.bench.image)
        except NucleusError as error:
            self.state.message = str(error)
            return None

    def is_seen(self, image: int) -> bool:
        """Whether the models have looked at an image already."""
        return image in self._sights

    def take_sight(self, reviewer: Reviewer, sight: Sight) -> None:
        """From now on nuclei can be proposed, and what is corrected is learnt from."""
        if reviewer is not self.reviewer:
            return
        reviewer.maps = sight.maps
        self.state.looking = ""
        self._sights[reviewer.bench.image] = sight
        evidence, former = evidence_of(reviewer.bench, sight), reviewer.following
        order = Doubt.MISTAKE if former is None else former.session.order
        self._follow(Following(reviewer.bench, evidence.features, evidence, order))

    def take_lesson(self, learned: Learned) -> None:
        """What was learnt becomes the classes of nuclei that nobody has decided on."""
        if self.reviewer is None or self.reviewer.following is None:
            return
        following = self.reviewer.following
        following.take(learned)
        if following.session.learning:
            self.state.learning = f"Learnt from {learned.taught:,} corrections in {learned.seconds:.1f} s."

    def rebind(self, command: Command, key: str) -> None:
        """Give a command another key, and keep it: that of a class in the project, that of an action for the user.

        Raises
        ------
        NucleusError
            The key is taken, or can't be.
        """
        if self.reviewer is None:
            raise NucleusError("Expected an open image, got none. Open a project first.")
        keys = self.reviewer.keys.rebound(command, key)
        if isinstance(command, int):
            name = self._project().scheme.name_of(command)
            self.reviewer.bench.edit_scheme(scheme_edits.keyed(self._project().classes, name, key))
        else:
            save_keys(keys, self._keys_file)
        self.reviewer.keys = keys

    def _project(self) -> Project:
        if self.project is None:
            raise NucleusError("Expected an open project, got none. Open one, or make one from layers.")
        return self.project

    def _follow(self, following: Following) -> None:
        assert self.reviewer is not None
        self._stop_learning()
        self.reviewer.review(following)
        self.followed.emit(following)

    def _stop_learning(self) -> None:
        if self.reviewer is not None and self.reviewer.following is not None:
            self.reviewer.following.session.background.close()


def class_keys(project: Project) -> list[str]:
    """The keys of a project's classes; empty: that of its place."""
    return [one.key for one in active(project.classes)]


def user_name() -> str:
    """Who is logged in; empty where the system doesn't say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _written(folder: Path, name: str, pixels: NDArray[np.uint8], nuclei: NucleusMap) -> Path:
    """Pixels as a file of the project."""
    if pixels.shape[:2] != nuclei.labels.shape:
        raise NucleusError(
            f"Expected nuclei of the size of {name}, {pixels.shape[:2]}, got {nuclei.labels.shape}. Choose those that "
            "belong to it."
        )
    path = folder / f"{''.join(c if c.isalnum() or c in '-_. ' else '-' for c in name).strip(' .') or 'image'}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fine, packed = cv2.imencode(".png", np.ascontiguousarray(pixels[..., ::-1]))
        path.write_bytes(packed.tobytes() if fine else b"")
    except OSError as error:
        raise NucleusError(
            f"Expected to write the image into the project, got: {error.strerror}. Folder: {folder}"
        ) from None
    return path
