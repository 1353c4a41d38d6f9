"""What a classifier of single cells learns: the task that the training loop is given."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_nucleus.core import ClassScheme, own_scheme
from napari_nucleus.models.card import ModelCard, named_scheme
from napari_nucleus.models.registry import create_model
from napari_nucleus.models.zoo import count_parameters
from napari_nucleus.training.augment import colour_jitter
from napari_nucleus.training.relabel.cells import Cells
from napari_nucleus.training.relabel.predict import cell_logits
from napari_nucleus.training.relabel.recipe import CellSource, RelabelRecipe
from napari_nucleus.training.relabel.split import PARTS, balanced, split_groups
from napari_nucleus.training.symmetry import Symmetry

_SHOWN = 8  # cells on a side of the preview


class CellTask:
    """A source's fine classes are learnt from its cells (Shvetsov et al. 2025, §2).

    Cross-entropy; dropout; stain, rotation and flips as augmentation; the classes are equal in number.

    Parameters
    ----------
    recipe : RelabelRecipe
    source : CellSource
    cells : Cells
        Of that source.

    Attributes
    ----------
    rows : (N,) int64
        Positions of the source's cells of a fine class.
    classes : (N,) int64
        Of each, 0 for the first fine class.
    part : (N,) int64
        Of each: 0 trains, 1 validates, 2 tests.
    drawn : dict of (n,) int64
        By name of the part: which of the N are in its balanced selection.
    """

    monitor = "val_loss"
    rising: Collection[str] = ("val_accuracy",)

    def __init__(self, recipe: RelabelRecipe, source: CellSource, cells: Cells) -> None:
        self._recipe, self._source, self._cells = recipe, source, cells
        self.rows = cells.rows(source.fine)
        self.classes = cells.numbers(self.rows, source.fine)
        whose = cells.table["patient"].iloc[self.rows] if recipe.split_by == "image" else self.rows
        self.part = split_groups(list(whose), self.classes, recipe.shares, recipe.seed)
        self.drawn = {name: self._balanced(i, [recipe.seed, i]) for i, name in enumerate(PARTS)}
        options = {"encoder": recipe.encoder, "dropout": recipe.dropout}
        torch.manual_seed(recipe.seed)
        self.network: nn.Module = create_model(
            "cell_resnet50", classes=self.scheme, pretrained=recipe.pretrained, **options
        )
        self._options = options

    @property
    def scheme(self) -> ClassScheme:
        """The classes that are told apart."""
        return own_scheme(f"{self._source.name}: {', '.join(self._source.fine)}", self._source.fine)

    def __len__(self) -> int:
        """Cells that make an epoch."""
        return len(self.drawn["train"])

    def batch(self, step: int, samples: Sequence[int]) -> dict[str, Tensor]:
        """Augmented cells of a step, ``image`` (B, 3, side, side) in [0, 1] and ``class`` (B,)."""
        seed, images, classes = self._recipe.seed, [], []
        for sample in samples:
            epoch, place = divmod(step * self._recipe.batch + sample, len(self))
            cell = self._order(epoch)[place]
            rng = np.random.default_rng([seed, step, sample])
            picture = turned(self._cells.pictures[self.rows[cell]], rng, self._recipe.rotate)
            images.append(colour_jitter(picture[None], rng, self._recipe.stain))
            classes.append(self.classes[cell])
        return {"image": torch.cat(images), "class": torch.tensor(classes)}

    def losses(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Cross-entropy."""
        return {"class": F.cross_entropy(network(batch["image"]).float(), batch["class"])}

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Cross-entropy and accuracy on the balanced validation part."""
        logits = self.logits(network, self.drawn["validation"])
        true = self.classes[self.drawn["validation"]]
        loss = F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(true))
        return {"val_loss": float(loss), "val_accuracy": float((logits.argmax(1) == true).mean())}

    def preview(self, network: nn.Module) -> dict[str, NDArray]:
        """Held-out cells side by side, (H, W, 3) uint8; ``labels`` (H, W) numbers the class found for each, from 1."""
        rng = np.random.default_rng(self._recipe.seed)
        shown = rng.permutation(self.drawn["validation"])[: _SHOWN**2]
        found = np.zeros(_SHOWN**2, np.int32)
        found[: len(shown)] = self.logits(network, shown).argmax(1) + 1
        side = self._recipe.side
        pictures = np.full((_SHOWN**2, side, side, 3), 255, np.uint8)
        pictures[: len(shown)] = self._cells.pictures[self.rows[shown]]
        grid = pictures.reshape(_SHOWN, _SHOWN, side, side, 3).swapaxes(1, 2)
        labels = found.reshape(_SHOWN, _SHOWN).repeat(side, 0).repeat(side, 1)
        return {"image": grid.reshape(_SHOWN * side, _SHOWN * side, 3), "labels": labels}

    def card(self) -> ModelCard:
        """The classifier's card."""
        training: dict[str, Any] = {"cells": {name: len(drawn) for name, drawn in self.drawn.items()}}
        return ModelCard(
            name=f"{self._recipe.name}_{self._source.name}",
            architecture="cell_resnet50",
            mpp=self._recipe.mpp,
            description=f"Tells cells apart: {', '.join(self._source.fine)}; trained on {self._source.name}.",
            paper="Shvetsov et al. 2025, §2",
            parameters=count_parameters(self.network),
            options=self._options,
            data=[{"name": self._source.name, "folder": self._source.folder}],
            training=training | {"start": "timm's weights" if self._recipe.pretrained else "from scratch"},
            **named_scheme(self.scheme),
        )

    def logits(self, network: nn.Module, chosen: NDArray[np.integer]) -> NDArray[np.float32]:
        """Logits (n, C) of some of the N cells."""
        device = next(network.parameters()).device
        batches = list(cell_logits(network, self._cells.pictures, self.rows[chosen], device))
        return np.concatenate(batches) if batches else np.empty((0, len(self._source.fine)), np.float32)

    def counts(self) -> dict[str, dict[str, dict[str, int]]]:
        """Cells of each part and class: ``drawn``, the balanced selection, and ``all`` there are."""
        return {
            name: {
                how: {kind: int((self.classes[chosen] == i).sum()) for i, kind in enumerate(self._source.fine)}
                for how, chosen in (("drawn", self.drawn[name]), ("all", self.part == number))
            }
            for number, name in enumerate(PARTS)
        }

    def split_table(self) -> pd.DataFrame:
        """``part, patient, image, class, cells, drawn``: how many cells of each image are in which part."""
        drawn = np.isin(np.arange(len(self.rows)), np.concatenate(list(self.drawn.values())))
        cells = self._cells.table.iloc[self.rows][["patient", "image", "class"]]
        cells = cells.assign(part=np.array(PARTS)[self.part], drawn=drawn, cells=1)
        grouped = cells.groupby(["part", "patient", "image", "class"], sort=True, as_index=False)
        return grouped.agg(cells=("cells", "sum"), drawn=("drawn", "sum"))

    def _balanced(self, part: int, seed: list[int]) -> NDArray[np.int64]:
        inside = np.flatnonzero(self.part == part)
        return inside[balanced(self.classes[inside], np.random.default_rng(seed))]

    @lru_cache(maxsize=2)  # noqa: B019 - a batch is of at most two epochs; the task lives as long as its run
    def _order(self, epoch: int) -> NDArray[np.int64]:
        """Cells in the order in which an epoch shows them."""
        seed = [self._recipe.seed, 7, epoch]
        drawn = self.drawn["train"] if self._recipe.balance == "once" else self._balanced(0, seed)
        return np.random.default_rng(seed).permutation(drawn)


def turned(picture: NDArray[np.uint8], rng: np.random.Generator, chance: float) -> NDArray[np.uint8]:
    """A cell (side, side, 3), mirrored and turned: by a right angle, or sometimes by any, its rim mirrored."""
    picture = np.array(Symmetry.drawn(rng).turn(picture), order="C")
    if rng.random() >= chance:
        return picture
    side = len(picture)
    turn = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), rng.uniform(-45, 45), 1.0)
    return np.asarray(
        cv2.warpAffine(picture, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8
    )
