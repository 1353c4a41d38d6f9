"""What a student learns: the soft term, its own loss against labels, and a teacher's features."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_nucleus.core import NucleusError
from napari_nucleus.models.card import ModelCard
from napari_nucleus.models.zoo import count_parameters
from napari_nucleus.training.data import TrainingData, TrainingImage
from napari_nucleus.training.dense_task import DenseTask
from napari_nucleus.training.distill.lessons import Lesson
from napari_nucleus.training.distill.planes import LABELLED, PLAIN, TokenTable, lesson_planes
from napari_nucleus.training.distill.recipe import DistillRecipe
from napari_nucleus.training.distill.soft import on_glass, soft_losses
from napari_nucleus.training.distill.taught import TaughtOutput, TaughtStudent
from napari_nucleus.training.distill.teacher import picture_digest
from napari_nucleus.training.losses import feature_distillation
from napari_nucleus.training.task import Batch


class DistillTask(DenseTask):
    """A student learns from a teacher and from labels; what is held out is scored against labels alone.

    Parameters
    ----------
    recipe : DistillRecipe
    data : TrainingData
        Labelled and plain images.
    student : nn.Module
    lessons : mapping of Lesson
        Of all training images, by picture.
    plain : collection of str
        Names of the images without labels.

    Raises
    ------
    NucleusError
        The recipe asks for crops whose HV can't be known.
    """

    recipe: DistillRecipe

    def __init__(
        self,
        recipe: DistillRecipe,
        data: TrainingData,
        student: nn.Module,
        lessons: Mapping[str, Lesson],
        plain: Collection[str] = (),
    ) -> None:
        self.vector = vector_of(student)
        if recipe.rotation and self.vector == "hv":
            raise NucleusError(
                f"Expected rotation = 0, got {recipe.rotation:g}: the teacher's HV doesn't turn with an angle. "
                "Flips and quarter turns do no harm."
            )
        self.student, self._lessons, self._plain = student, lessons, plain
        self._table = TokenTable(lessons) if recipe.feature_weight else None
        data.training.add_planes(self._planes)
        super().__init__(recipe, data, student)
        if recipe.feature_weight:
            widths = [tokens.shape[-1] for tokens in next(iter(lessons.values())).tokens]
            self.network = TaughtStudent(student, widths)

    def batch(self, step: int, samples: Sequence[int]) -> Batch:
        """Crops of a step with what the teacher said of them."""
        batch = super().batch(step, samples)
        return batch | self._table.look_up(batch.pop("told_token")) if self._table else batch

    def losses(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """α · the soft term, β · the student's own loss, and the distance of features; of held-out crops its own."""
        output = self.answer(network, batch)
        if "told_np" not in batch:
            return self.parts(output, batch)
        maps, tokens = output if isinstance(output, TaughtOutput) else (output, [])
        parts: dict[str, Tensor] = {}
        if self.recipe.alpha:
            soft = soft_losses(maps, self._answer(batch), self.recipe.temperature)
            parts |= {name: self.recipe.alpha * loss for name, loss in soft.items()}
        if self.recipe.beta:
            parts |= {name: self.recipe.beta * loss for name, loss in self._own_losses(maps, batch).items()}
        if tokens:
            told = [batch[f"told_tokens_{member}"] for member in range(len(tokens))]
            parts["features"] = self.recipe.feature_weight * feature_distillation(told, tokens)
        return parts

    def card(self) -> ModelCard:
        """The student's card, with its teacher."""
        card, recipe = super().card(), self.recipe
        keys = ("teacher", "views", "temperature", "alpha", "beta", "feature_weight")
        return replace(
            card,
            description=f"Distilled from {' and '.join(recipe.teacher)} with the recipe {recipe.name}.",
            parameters=count_parameters(self.student),
            training={**card.training, **{key: getattr(recipe, key) for key in keys}},
        )

    def _planes(self, image: TrainingImage) -> dict[str, NDArray[Any]]:
        """What the teacher said of an image."""
        picture = picture_digest(image.image)
        source = PLAIN if image.name in self._plain else LABELLED
        planes: dict[str, NDArray[Any]] = dict(lesson_planes(self._lessons[picture], self.vector, source))
        if self._table is not None:
            planes["told_token"] = self._table.plane(picture, image.labels.shape)
        return planes

    def _answer(self, batch: Batch) -> Tensor:
        names = ("told_np", f"told_{self.vector}", "told_type")
        answer = torch.cat([batch[name] for name in names if name in batch], 1)
        return on_glass(answer, batch["told_source"] > 0)

    def _own_losses(self, maps: Any, batch: Batch) -> dict[str, Tensor]:
        """Of the samples that have labels; where none has, the parts are there and teach nothing."""
        labelled = (batch["told_source"] != PLAIN).all(dim=(1, 2, 3)) if self._plain else None
        if labelled is None or labelled.all():
            return self.parts(maps, batch)
        if not labelled.any():
            return {name: 0.0 * loss for name, loss in self.parts(maps, batch).items()}
        kept = type(maps)(*(None if m is None else m[labelled] for m in maps))
        return self.parts(kept, {name: field[labelled] for name, field in batch.items()})


def vector_of(student: nn.Module) -> str:
    """What a student learns beside NP and types: ``"hv"`` or ``"flow"``."""
    targets: Sequence[str] = student.targets  # type: ignore[assignment]
    return "flow" if "flow" in targets else "hv"
