"""A project as a set of annotated images, for training and browsing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_nucleus.core import ClassScheme, Image, NucleusMap
from napari_nucleus.io.patches import PatchSet
from napari_nucleus.io.patches.layouts import Layout, register_layout
from napari_nucleus.project.database import FILE
from napari_nucleus.project.nuclei import Provenance, ReviewState
from napari_nucleus.project.project import Project


class ProjectPatches(PatchSet):
    """The images of a project; their truth are the nuclei that a person has said something of.

    A nucleus counts that a person has drawn, given its class or accepted, and wasn't rejected. The others aren't wrong,
    but unseen: the annotation is partial.

    Parameters
    ----------
    folder : Path
    classes : str or ClassScheme, optional
        The project knows its own.
    mpp : float, optional
        In place of what the project says.
    """

    def __init__(self, folder: Path, classes: str | ClassScheme | None = None, mpp: float | None = None) -> None:
        self._project, self._mpp = Project.open(folder, read_only=True), mpp
        self._images = self._project.images()
        super().__init__(folder, tuple(image.name for image in self._images))

    def image(self, i: int) -> Image:
        """Read the image of a patch, without its truth."""
        return self._project.read_image(self._images[i].id).with_mpp(self._mpp)

    def _truth(self, i: int, image: Image) -> NucleusMap | None:
        nuclei = self._project.nuclei(self._images[i].id)
        table = nuclei.table
        seen = table["source"].eq(Provenance.HUMAN) | table["state"].eq(ReviewState.ACCEPTED)
        kept = table[seen & table["state"].ne(ReviewState.REJECTED)].reset_index(drop=True)
        if kept.empty:
            return None
        labels = np.where(np.isin(nuclei.labels, kept["label"]), nuclei.labels, 0).astype(np.int32)
        return NucleusMap(labels, kept, image.mpp or nuclei.mpp, nuclei.scheme)


# Enrolled after the others, and so tried first: a project's folder may hold images, too.
register_layout(Layout("project", lambda folder: (folder / FILE).is_file(), ProjectPatches))
