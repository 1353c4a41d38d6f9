"""A teacher: what a student is told of an image, and the names that its answers are kept under."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme
from napari_nucleus.inference.planes import Planes
from napari_nucleus.models import LoadedModel, find_model, load_segmenter
from napari_nucleus.postprocess.decoding import decode
from napari_nucleus.training.dense_targets import dense_targets
from napari_nucleus.training.distill.cache import digest
from napari_nucleus.training.distill.ensemble import Ensemble
from napari_nucleus.training.distill.features import TOKEN, head_of, image_tokens
from napari_nucleus.training.distill.soft import CERTAIN

# Counts up when the answer of the same models to the same image changes.
_FORMAT = "1"


class Teacher:
    """Models with weights that are asked together.

    Parameters
    ----------
    names : sequence of str
        Of the model list.
    views : bool
        Three views of an image each.
    classes : ClassScheme
        The student's.
    vector : {"hv", "flow"}
        What the student learns beside NP and types. Where the teacher gives the other one, its nuclei are decoded and
        the student's targets are made of them.
    mpp : float
        Pixel size of the student's images, in µm; the teacher sees them at its own.
    device : str

    Attributes
    ----------
    ensemble : Ensemble
    teaches_types : bool
        Whether the teacher can speak of the student's classes; otherwise types are learnt from labels alone.
    channels : int
        Of an answer.

    Raises
    ------
    NucleusError
        A model is missing, has no weights, classifies single nuclei only, or can't be averaged with the others.
    """

    def __init__(
        self, names: Sequence[str], *, views: bool, classes: ClassScheme, vector: str, mpp: float, device: str
    ) -> None:
        models = [load_segmenter(name) for name in names]
        self.ensemble = Ensemble(models, views=views, device=device)
        self._digests = [_digest(name, model) for name, model in zip(names, models, strict=True)]
        self._views, self._vector, self._mpp, self._device = views, vector, mpp, device
        self._way = self.ensemble.types_into(classes)
        self._said = digest(_FORMAT, *self._digests, str(views), vector, *classes.classes, f"{mpp:g}")
        self.teaches_types = self._way is not None
        self.channels = 3 + (1 + len(classes)) * self.teaches_types

    @property
    def widths(self) -> list[int]:
        """Channels of each model's tokens."""
        return [head_of(model.network).in_channels for model in self.ensemble.models]

    def key(self, picture: str) -> str:
        """What the answer to an image of this digest is kept under."""
        return digest(self._said, picture)

    def answer(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the teacher says of each pixel of an image.

        Parameters
        ----------
        image : (H, W, 3) uint8

        Returns
        -------
        (H, W, channels) float32
            Logit of NP; the vector, H then V or y then x; and, where it teaches types, the logarithm of the probability
            of background and of each of the student's classes. A softmax of the latter is, at any temperature, that of
            the logits. Of an ensemble, they are those of the mean probabilities.
        """
        planes = self.ensemble.planes(image, self._mpp)
        p = np.clip(planes.values[:1], 1e-7, 1 - 1e-7)
        parts = [np.clip(np.log(p / (1 - p)), -CERTAIN, CERTAIN), self._vectors(planes)]
        if self._way is not None:
            types = np.tensordot(self._way, planes.values[planes.layout.types], 1)
            parts.append(np.maximum(np.log(types + 1e-30), -CERTAIN))
        return np.moveaxis(np.concatenate(parts), 0, -1)

    def token_key(self, picture: str, member: int) -> str:
        """What the tokens of one of the models are kept under."""
        return digest(_FORMAT, "tokens", self._digests[member], f"{self._mpp:g}", picture)

    def tokens(self, image: NDArray[np.uint8], member: int) -> NDArray[np.float32]:
        """The last feature map of one of the models, as `features.tokens` of the image as it is: (h, w, C)."""
        network = self.ensemble.models[member].network
        found = image_tokens(network, self.ensemble.seen(image, self._mpp), self._device)
        height, width = token_shape(image.shape)
        if found.shape[:2] == (height, width):
            return found
        channels = (cv2.resize(c, (width, height), interpolation=cv2.INTER_LINEAR) for c in np.moveaxis(found, -1, 0))
        return np.stack(list(channels), -1)

    def _vectors(self, planes: Planes) -> NDArray[np.float32]:
        if planes.layout.flow == (self._vector == "flow"):
            return planes.values[1:3]
        thresholds = self.ensemble.models[0].card.thresholds
        nuclei = decode(planes.maps(self._mpp), self.ensemble.classes, thresholds)
        return dense_targets(nuclei.labels, [self._vector])[self._vector]


def token_shape(size: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of the tokens of an image (H, W)."""
    return -(-size[0] // TOKEN), -(-size[1] // TOKEN)


def picture_digest(image: NDArray[np.uint8]) -> str:
    """The name of an image's content, whatever file it is in."""
    return digest(str(image.shape), np.ascontiguousarray(image).tobytes())


def _digest(name: str, model: LoadedModel) -> str:
    """What a model is, weights and all, whatever it is called."""
    weights, card = find_model(name).weights, model.card
    assert weights is not None  # it has been loaded
    said = [card.architecture, card.options, card.scheme.classes, card.mpp, asdict(card.thresholds)]
    return digest(weights.read_bytes(), json.dumps(said, sort_keys=True))
