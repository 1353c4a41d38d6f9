"""A classifier of nuclei over the features of a network that stays as it is."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError, NucleusMap, Progress
from napari_nucleus.inference.features import model_features
from napari_nucleus.models.nucleus_fit import PULLS, LinearStart, fit_nucleus_head
from napari_nucleus.models.nucleus_head import NucleusHead
from napari_nucleus.models.parts import type_layer
from napari_nucleus.models.surgery import class_sources
from napari_nucleus.models.zoo import LoadedModel
from napari_nucleus.training.data import Images, TrainingImage
from napari_nucleus.training.finetune.data import FineTuneData
from napari_nucleus.training.finetune.recipe import FineTuneRecipe
from napari_nucleus.training.losses import UNKNOWN

# So many nuclei of the start's images tell enough of what it knew, from a window of each, so that many are met.
_MOST_OLD = 1000
_WINDOW = 320


class Nuclei(NamedTuple):
    """Nuclei with known classes: features (N, C) float32, and classes (N,) int64 from 1."""

    features: NDArray[np.float32]
    classes: NDArray[np.int64]


class Classified(NamedTuple):
    """A classifier, and the F of classes before and after, on nuclei that it wasn't taught."""

    head: NucleusHead
    before: dict[str, float]
    after: dict[str, float]


def teach_classifier(
    model: LoadedModel, recipe: FineTuneRecipe, data: FineTuneData, device: str
) -> Generator[Progress, None, Classified]:
    """Teach a classifier the nuclei of the new images, and some of those that the start had learnt from.

    Parameters
    ----------
    model : LoadedModel
        The start.
    recipe : FineTuneRecipe
    data : FineTuneData
    device : str

    Raises
    ------
    NucleusError
        No nucleus has a class.
    """
    new = yield from _read(model, recipe, data.new.training, device)
    more = yield from _read(model, recipe, data.new.held_out, device)
    old = tested = None
    if data.old is not None:
        old = yield from _read(model, recipe, data.old.training, device, _MOST_OLD)
        tested = yield from _read(model, recipe, data.old.held_out, device)
    if not len(new.classes):
        raise NucleusError(
            "Expected nuclei with classes, got none. Annotate some, or set classes = true of the sources."
        )
    yield Progress(0, 0, "teaching the classifier")
    taught = _Lesson(recipe, known_of(model, recipe), new, old, more, tested)
    before = taught.before()
    # What the old images ask for is known after each has been tried.
    tried = [taught.learn((pull,)) for pull in PULLS] if "val_old_fc" in before else [taught.learn(PULLS)]
    head, after = max(tried, key=lambda found: _worth(found[1], before, recipe.tolerance))
    return Classified(head, before, after)


def _worth(after: dict[str, float], before: dict[str, float], tolerance: float) -> tuple[float, float]:
    """What chooses a classifier: that nothing falls by more than the tolerance, then F on the new images."""
    fall = max((before[name] - after[name] for name in after), default=0.0)
    return -max(fall - tolerance, 0.0), after.get("val_fc", 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """Nuclei to learn, and those to be judged by: held out of the new images and of the old ones."""

    recipe: FineTuneRecipe
    known: Known
    new: Nuclei
    old: Nuclei | None
    more: Nuclei
    tested: Nuclei | None

    def before(self) -> dict[str, float]:
        """F of what is known already; of the new nuclei themselves where no image is held out."""
        judged = {}
        if len(self.more.classes) or len(self.new.classes) > 1:
            judged["val_fc"] = self.more if len(self.more.classes) else self.new
        if self.tested is not None and len(self.tested.classes):
            judged["val_old_fc"] = self.tested
        return {name: class_f(n.classes, self.known.probabilities(n.features)) for name, n in judged.items()}

    def learn(self, pulls: Sequence[float]) -> tuple[NucleusHead, dict[str, float]]:
        """A classifier, and its F on nuclei that it wasn't taught."""
        taught, weight = _with_old(self.new, self.old, self.recipe.rehearsal_share)
        fitted = fit_nucleus_head(
            *taught,
            len(self.recipe.scheme),
            start=self.known.start,
            hidden=self.recipe.hidden,
            weight=weight,
            pulls=pulls,
            seed=self.recipe.seed,
        )
        own = fitted.tested < len(self.new.classes)
        after = {}
        if len(self.more.classes):  # held-out images tell more than nuclei left out
            after["val_fc"] = class_f(self.more.classes, fitted.head.probabilities(self.more.features))
        elif own.any():
            after["val_fc"] = class_f(self.new.classes[fitted.tested[own]], fitted.probabilities[own])
        if self.tested is not None and len(self.tested.classes):
            after["val_old_fc"] = class_f(self.tested.classes, fitted.head.probabilities(self.tested.features))
        return fitted.head, after


class Known(NamedTuple):
    """What the start says of nuclei, in the new classes; ``classes`` (K,) bool tells which of them it knows."""

    start: LinearStart
    classes: NDArray[np.bool_]

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.floating]:
        """Class probabilities (N, K) of features (N, C); 0 for new classes."""
        logits = torch.from_numpy(features) @ self.start.weight.T + self.start.bias
        if self.classes.any():
            logits[:, torch.from_numpy(~self.classes)] = -torch.inf
        return np.asarray(logits.softmax(1).numpy())


def known_of(model: LoadedModel, recipe: FineTuneRecipe) -> Known:
    """What a model knows of the new classes: new ones begin like the mean of all others."""
    own = linear_start(model)
    rows = list(class_sources(model.card.scheme, recipe.scheme, recipe.rename).values())
    weight, bias = (
        torch.stack([values[torch.tensor(numbers) - 1].mean(0) if numbers else values.mean(0) for numbers in rows])
        for values in (own.weight, own.bias)
    )
    return Known(LinearStart(weight, bias), np.array([bool(numbers) for numbers in rows]))


def linear_start(model: LoadedModel) -> LinearStart:
    """What a model says of the mean of its features: its linear classifier, or else its layer of types.

    For a layer of 1×1 it is what the pixels say on average; a larger one counts as if all around it were alike.
    """
    head = model.classifier
    if head is not None and head.hidden is None:
        weight = head.out.weight / head.scale / head.temperature
        return LinearStart(weight, head.out.bias / head.temperature - weight @ head.mean)
    layer = model.network.get_submodule(type_layer(model.network))
    weight, bias = (parameter.detach().cpu() for parameter in layer.parameters())
    return LinearStart(weight.sum((2, 3))[1:], bias[1:])


def class_f(classes: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
    """Mean over the classes that are met of 2·TP / (2·TP + FP + FN), where each nucleus is a pair already."""
    found = probabilities.argmax(1) + 1
    scores = []
    for number in np.unique(classes):
        right = np.sum((classes == number) & (found == number))
        scores.append(2 * right / (np.sum(classes == number) + np.sum(found == number)))
    return float(np.mean(scores))


def _with_old(new: Nuclei, old: Nuclei | None, share: float) -> tuple[Nuclei, NDArray[np.float64] | None]:
    """All nuclei together, and what each weighs, so that the old ones have their share."""
    if old is None or not len(old.classes):
        return new, None
    each = share / (1 - share) * len(new.classes) / len(old.classes)
    weight = np.r_[np.ones(len(new.classes)), np.full(len(old.classes), each)]
    return Nuclei(np.concatenate([new.features, old.features]), np.concatenate([new.classes, old.classes])), weight


def _read(
    model: LoadedModel, recipe: FineTuneRecipe, images: Images, device: str, most: int | None = None
) -> Generator[Progress, None, Nuclei]:
    """Features of the nuclei that have a class; with ``most``, in windows of images in random order until there are."""
    rng = np.random.default_rng(recipe.seed)
    order = rng.permutation(len(images)) if most else range(len(images))
    features: list[NDArray[np.float32]] = []
    classes: list[NDArray[np.int64]] = []
    for done, i in enumerate(order):
        yield Progress(done, len(images), "reading nuclei")
        image = _window(images[int(i)], rng) if most else images[int(i)]
        nuclei = _classified(image, recipe)
        if nuclei is not None:
            features.append(model_features(image.image, nuclei, [model], device))
            classes.append(nuclei.class_numbers)
        if most and sum(map(len, classes)) >= most:
            break
    if not features:
        return Nuclei(np.zeros((0, 0), np.float32), np.zeros(0, np.int64))
    return Nuclei(np.concatenate(features), np.concatenate(classes))


def _window(image: TrainingImage, rng: np.random.Generator) -> TrainingImage:
    """A part of an image, anywhere in it."""
    y, x = (int(rng.integers(max(1, side - _WINDOW + 1))) for side in image.labels.shape)
    part = np.s_[y : y + _WINDOW, x : x + _WINDOW]
    types = None if image.types is None else image.types[part]
    return TrainingImage(image.name, np.ascontiguousarray(image.image[part]), image.labels[part], types)


def _classified(image: TrainingImage, recipe: FineTuneRecipe) -> NucleusMap | None:
    """The nuclei of an image whose classes are known; None where there are none."""
    if image.types is None or not (image.types % UNKNOWN).any():
        return None
    types = image.types % UNKNOWN
    return NucleusMap.from_labels(
        np.where(types > 0, image.labels, 0), mpp=recipe.mpp, classes=recipe.scheme, type_map=types
    )
