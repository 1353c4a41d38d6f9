"""One source of a recipe: its images, read one by one as they are trained on."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import napari_nucleus.project  # noqa: F401  (enrols its layout)
from napari_nucleus.core import NucleusError
from napari_nucleus.io import open_patches
from napari_nucleus.training.data.credit import Credit, credit
from napari_nucleus.training.data.crosswalk import Crosswalk
from napari_nucleus.training.data.image import TrainingImage, training_image
from napari_nucleus.training.data.split import split
from napari_nucleus.training.data.store import Entry
from napari_nucleus.training.recipe import Recipe


class Source:
    """An open data set.

    Attributes
    ----------
    name : str
    training, held_out : list of int
        Positions of the images on each side of the split.

    Parameters
    ----------
    number : int
        Of the recipe's sources.
    data : Path
        That holds the source's folder.
    recipe : Recipe

    Raises
    ------
    NucleusError
        The folder is missing or in another layout, or can't be split as it should.
    """

    def __init__(self, number: int, data: Path, recipe: Recipe) -> None:
        source = recipe.sources[number]
        self.name = source.folder
        folder = data / source.folder
        if not folder.is_dir():
            raise NucleusError(
                f"Expected the folder {source.folder} in {data}, got none. Check sources or the data folder."
            )
        self._patches = open_patches(folder, source.scheme or None, source.mpp, layout=source.layout or None)
        self._recipe, self._folder, self._data = recipe, folder, data
        self._crosswalk = Crosswalk(source, recipe.scheme) if source.typed else None
        self.training, self.held_out = split(self._patches, source)
        self._number, self._share = number, source.share

    def read(self, position: int) -> TrainingImage:
        """An image without its targets.

        Raises
        ------
        NucleusError
            It is broken, has no annotation, or no way leads from its classes to those that are learnt.
        """
        name = self._patches.names[position]
        patch = self._patches.patch(position)
        if patch.truth is None:
            raise NucleusError(
                f"Expected an annotation of {name} in {self._folder}, got none. Add it, or mend include."
            )
        try:
            return training_image(name, patch.image.array, patch.truth, self._recipe.mpp, self._crosswalk)
        except NucleusError as error:
            raise NucleusError(f"{error} Image: {name}") from error

    def entry(self, position: int, image: TrainingImage) -> Entry:
        """What is to be known of an image without reading it."""
        height, width = image.labels.shape
        read = partial(self.read, position)
        return Entry(image.name, read, self._number, self._share, (height, width), image.nuclei())

    def check(self) -> None:
        """After all images have been read.

        Raises
        ------
        NucleusError
            Classes that the recipe names were nowhere met.
        """
        if self._crosswalk is not None and (self.training or self.held_out):
            self._crosswalk.check()

    @property
    def credit(self) -> Credit:
        """What a model's card says of it."""
        return credit(
            self._folder, self._data, len(self.training), len(self.held_out), typed=self._crosswalk is not None
        )
