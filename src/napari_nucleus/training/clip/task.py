"""What the embedded CLIP learns: the task that the training loop is given."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_nucleus.core import own_scheme
from napari_nucleus.evaluation.retrieval import questions, retrieval_table
from napari_nucleus.models.card import ModelCard, named_scheme
from napari_nucleus.models.clip_loading import EMBEDDED, clip_of
from napari_nucleus.models.registry import create_model
from napari_nucleus.models.zoo import count_parameters
from napari_nucleus.training.augment import colour_jitter
from napari_nucleus.training.clip.captions import Captions, matching
from napari_nucleus.training.clip.loss import contrastive_loss
from napari_nucleus.training.clip.recipe import ClipRecipe
from napari_nucleus.training.clip.windows import Windows
from napari_nucleus.training.symmetry import Symmetry

_BATCH = 256
_KEYS = {"class": "val_classes", "word": "val_words", "left out": "val_left_out"}


class ClipTask:
    """Nuclei and descriptions that fit come together, others apart.

    Parameters
    ----------
    recipe : ClipRecipe
    windows : Windows
    """

    monitor = "val_map"
    rising: Collection[str] = ("val_map", *_KEYS.values())

    def __init__(self, recipe: ClipRecipe, windows: Windows) -> None:
        self._recipe, self._windows = recipe, windows
        self._captions = Captions(windows.classes, recipe.words)
        self._rows = np.flatnonzero(~windows.held_out & ~windows.left_out)
        self._held_out = np.flatnonzero(windows.held_out)
        self._reached = np.cumsum(_chances(windows.known[self._rows, -1], recipe.balance))
        torch.manual_seed(recipe.seed)
        self.network: nn.Module = create_model(EMBEDDED, width=recipe.width)
        self._clip = clip_of(recipe.name, self.network)

    def __len__(self) -> int:
        """Nuclei that make an epoch."""
        return len(self._rows)

    def batch(self, step: int, samples: Sequence[int]) -> dict[str, Tensor]:
        """``image`` (B, 3, side, side), standardised, ``text`` (B, tokens), ``known`` and ``said`` (B, 5)."""
        images, texts, known, said = [], [], [], []
        for sample in samples:
            rng = np.random.default_rng([self._recipe.seed, step, sample])
            row = self._rows[min(int(np.searchsorted(self._reached, rng.random())), len(self._rows) - 1)]
            picture = np.ascontiguousarray(Symmetry.drawn(rng).turn(self._windows.pictures[row]))
            images.append(colour_jitter(picture[None], rng, self._recipe.stain))
            known.append(self._windows.known[row])
            text, words = self._captions.draw(known[-1], rng)
            texts.append(text)
            said.append(words)
        return {
            "image": self._standardised(torch.cat(images)),
            "text": self._clip.tokens(texts),
            "known": torch.from_numpy(np.stack(known)),
            "said": torch.from_numpy(np.stack(said)),
        }

    def losses(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The contrastive loss."""
        image, text, scale = network(batch["image"], batch["text"])
        fits, told = matching(batch["known"].cpu().numpy(), batch["said"].cpu().numpy())
        pairs = (torch.from_numpy(pair).to(image.device) for pair in (fits, told))
        return {"contrast": contrastive_loss(scale.float() * image.float() @ text.float().T, *pairs)}

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Mean average precision of classes, of single words, of what was left out; `val_map` is without the latter."""
        if not len(self._held_out):
            return {}
        asked = questions(self._windows.known[self._held_out], self._windows.classes, self._recipe.left_out)
        device = next(self.network.parameters()).device
        tokens = self._clip.tokens([text for _, text in asked]).to(device)
        texts = F.normalize(network(None, tokens)[1].float(), dim=-1)
        similarity = self._embedded(network, device) @ texts.T
        table = retrieval_table(asked, similarity.cpu().numpy())
        scores = {_KEYS[str(kind)]: float(rows["ap"].mean()) for kind, rows in table.groupby("kind")}
        seen = [score for name, score in scores.items() if name != "val_left_out"]
        return {"val_map": float(np.mean(seen)), **scores}

    def preview(self, network: nn.Module) -> dict[str, NDArray]:
        """Nothing: there are no maps to look at."""
        return {}

    def card(self) -> ModelCard:
        """The CLIP's card."""
        recipe = self._recipe
        training: dict[str, Any] = {
            "nuclei": len(self._rows),
            "left_out": [" ".join(words) for words in recipe.left_out],
            "words": {name: list(words) for name, words in recipe.words.items()},
        }
        return ModelCard(
            name=recipe.name,
            architecture=EMBEDDED,
            mpp=recipe.mpp,
            description="Crops of nuclei and words about them in one space: search in words, zero-shot classes.",
            paper="Contrastive learning as in Radford et al. 2021; architecture, data and descriptions ours",
            parameters=count_parameters(self.network),
            options={"width": recipe.width},
            licence="BSD-3-Clause (this code); the data sets keep theirs",
            data=list(self._windows.credits),
            training=training,
            **named_scheme(own_scheme(f"{recipe.name} classes", self._windows.classes or ("nucleus",))),
        )

    def _embedded(self, network: nn.Module, device: torch.device) -> Tensor:
        """Held-out nuclei (n, D)."""
        found = []
        for first in range(0, len(self._held_out), _BATCH):
            pictures = torch.from_numpy(self._windows.pictures[self._held_out[first : first + _BATCH]])
            images = self._standardised(pictures.permute(0, 3, 1, 2).float() / 255)
            found.append(F.normalize(network(images.to(device))[0].float(), dim=-1))
        return torch.cat(found)

    def _standardised(self, images: Tensor) -> Tensor:
        visual: Any = self._clip.network.visual
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (visual.image_mean, visual.image_std))
        return (images - mean) / std


def _chances(classes: NDArray[np.int64], balance: float) -> NDArray[np.float64]:
    """How often each nucleus is drawn; a class (or none) of n nuclei in proportion to n to the power of 1 - balance."""
    _, owner, counts = np.unique(classes, return_inverse=True, return_counts=True)
    chances: NDArray[np.float64] = counts[owner].astype(np.float64) ** -balance
    return chances / chances.sum()
