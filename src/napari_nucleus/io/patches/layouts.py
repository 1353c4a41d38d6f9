"""Layouts of annotated images by name; a further one is enrolled by `register_layout`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from napari_nucleus.core import ClassScheme, NucleusError
from napari_nucleus.io.patches.conic import ConicPatches, is_conic
from napari_nucleus.io.patches.consep import ConsepPatches, consep_labels
from napari_nucleus.io.patches.folder import FolderPatches
from napari_nucleus.io.patches.joined import JoinedPatches
from napari_nucleus.io.patches.lizard import LizardPatches, lizard_labels
from napari_nucleus.io.patches.monusac import MonusacPatches, monusac_files
from napari_nucleus.io.patches.pannuke import PanNukePatches, find_folds
from napari_nucleus.io.patches.patch_set import PatchSet

Opener = Callable[[Path, str | ClassScheme | None, float | None], PatchSet]


@dataclass(frozen=True, slots=True)
class Layout:
    """A way in which images and their annotations lie in a folder.

    Attributes
    ----------
    name : str
        By which recipes and people name it.
    holds : callable
        Whether a folder is in this layout; it reads names alone.
    open : callable
        Folder, classes (or None) and pixel size in µm (or None) to its patches.
    """

    name: str
    holds: Callable[[Path], bool]
    open: Opener


LAYOUTS: dict[str, Layout] = {}


def register_layout(layout: Layout) -> None:
    """Enrol a layout under its name; a folder is tried against the last one that was enrolled first."""
    others = dict(LAYOUTS)
    LAYOUTS.clear()
    LAYOUTS.update({layout.name: layout} | others)


def layout_of(folder: Path) -> Layout:
    """The first layout that a folder is in.

    Raises
    ------
    NucleusError
        The folder is in none.
    """
    found = next((layout for layout in LAYOUTS.values() if layout.holds(folder)), None)
    if found is None:
        raise NucleusError(f"Expected a folder in a known layout ({', '.join(LAYOUTS)}), got another. Folder: {folder}")
    return found


def find_layout(name: str) -> Layout:
    """A layout by name.

    Raises
    ------
    NucleusError
        There is none; the message names those that exist.
    """
    if name not in LAYOUTS:
        raise NucleusError(f"Expected a layout ({', '.join(LAYOUTS)}), got {name!r}. Choose one of those.")
    return LAYOUTS[name]


def _open_pannuke(folder: Path, classes: str | ClassScheme | None, mpp: float | None) -> PatchSet:
    folds = [PanNukePatches(images, classes, mpp) for images in find_folds(folder)]
    if not folds:
        raise NucleusError(f"Expected images.npy of a fold of PanNuke, got none. Put it there. Folder: {folder}")
    return folds[0] if len(folds) == 1 else JoinedPatches(folder, folds)


_IMAGES, _TRUTHS = ("images", "image"), ("labels", "label", "masks", "mask", "truth", "annotations")


def _open_folder(folder: Path, classes: str | ClassScheme | None, mpp: float | None) -> PatchSet:
    """Images with their truth beside them, or ``images`` and ``labels`` (or another word for it) in the folder."""
    images, truth = (_named(folder, names) for names in (_IMAGES, _TRUTHS))
    return FolderPatches(images or folder, classes, mpp, truth) if images else FolderPatches(folder, classes, mpp)


def _named(folder: Path, names: tuple[str, ...]) -> Path | None:
    found = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir()}
    return next((found[name] for name in names if name in found), None)


for _layout in (
    Layout("folder", lambda _folder: True, _open_folder),  # tried last: any folder may be one
    Layout("monusac", lambda folder: bool(monusac_files(folder)), MonusacPatches),
    Layout("lizard", lambda folder: bool(lizard_labels(folder)), LizardPatches),
    Layout("consep", lambda folder: bool(consep_labels(folder)), ConsepPatches),
    Layout("pannuke", lambda folder: bool(find_folds(folder)), _open_pannuke),
    Layout("conic", is_conic, ConicPatches),
):
    register_layout(_layout)
