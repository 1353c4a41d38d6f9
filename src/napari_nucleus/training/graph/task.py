"""The graph classifier as the training loop takes it: a sample is the graph of an image."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_nucleus.core import NucleusError
from napari_nucleus.graph.library import ARCHITECTURE
from napari_nucleus.graph.node_network import NodeNetwork
from napari_nucleus.graph.nodes import PARTS
from napari_nucleus.metrics import detection_f1
from napari_nucleus.models.card import ModelCard, named_scheme
from napari_nucleus.models.zoo import count_parameters
from napari_nucleus.training.graph.images import RADIUS_UM, NodeImage, NodeImages
from napari_nucleus.training.graph.recipe import GraphRecipe
from napari_nucleus.training.losses import class_frequency_weights, focal_loss
from napari_nucleus.training.task import Batch

_NOBODY = -1  # pads a batch: images differ in their nuclei


class GraphTask:
    """A graph classifier learns the true classes of found nuclei.

    Attributes
    ----------
    network : NodeNetwork

    Parameters
    ----------
    recipe : GraphRecipe
    images : NodeImages

    Raises
    ------
    NucleusError
        None of the nuclei that were found has a known class.
    """

    monitor = "val_fc"
    rising: Collection[str] = ("val_fc", "val_accuracy")

    def __init__(self, recipe: GraphRecipe, images: NodeImages) -> None:
        if not any((image.classes > 0).any() for image in images.training):
            raise NucleusError("Expected annotated nuclei that the model finds, got none. Check sources and model.")
        self._recipe, self._images = recipe, images
        first = images.training[0].nodes
        torch.manual_seed(recipe.seed)
        self._options: dict[str, Any] = {
            "visual": first.visual.shape[1],
            "text": first.text.shape[1],
            "tissue": first.tissue.shape[1],
            "position": recipe.position,
            "parts": list(recipe.parts),
            "weights": [recipe.vote_weight, recipe.likeness_weight, recipe.graph_weight, recipe.tissue_weight],
            "fused": recipe.fused,
            "hidden": recipe.hidden,
            "layer": recipe.layer,
            "dropout": recipe.dropout,
        }
        self.network = NodeNetwork(len(images.scheme), **self._options)
        self._standardise()
        counts = np.bincount(np.concatenate([one.classes for one in images.training]), minlength=1 + len(images.scheme))
        weights = class_frequency_weights(torch.from_numpy(counts[1:])) ** recipe.balance
        self._weights = weights * counts[1:].sum() / (weights * torch.from_numpy(counts[1:])).sum()

    def __len__(self) -> int:
        """Images that make an epoch."""
        return len(self._images.training)

    def batch(self, step: int, samples: Sequence[int]) -> Batch:
        """Graphs, padded to the largest: ``numbers`` (B, N, F), ``known``, ``class`` (B, N), ``edges`` (B, E, 2)."""
        drawn = [self._sample(np.random.default_rng([self._recipe.seed, step, sample])) for sample in samples]
        return {name: _padded([one[name] for one in drawn]) for name in drawn[0]}

    def losses(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Focal loss of the nuclei whose class is to be found (Guan et al. 2025, eq. 7), of each graph."""
        logits, classes = self._logits(network, batch)
        asked = classes > 0
        weights = self._weights.to(logits.device)
        return {
            name: focal_loss(graph[asked].float(), classes[asked] - 1, weights, self._recipe.gamma)
            for name, graph in zip(("class", "tissue"), logits, strict=False)
        }

    def validate(self, network: nn.Module) -> dict[str, float]:
        """``val_loss``, ``val_accuracy`` of found nuclei, and ``val_fc``: the mean of the classes' F (HoVer-Net)."""
        if not self._images.held_out:
            return {}
        found = [self.answer(network, image) for image in self._images.held_out]
        truth = [image.classes for image in self._images.held_out]
        log, true = np.log(np.concatenate(found).clip(1e-9)), np.concatenate(truth)
        there = true > 0
        f_c = class_scores(self._images.held_out, [one.argmax(1) + 1 for one in found], self._images.mpp)
        return {
            "val_loss": float(-log[there, true[there] - 1].mean()),
            "val_accuracy": float((log[there].argmax(1) + 1 == true[there]).mean()),
            "val_fc": float(np.nanmean(f_c)),
        } | {f"val_fc_{name}": float(f) for name, f in zip(self._images.scheme.classes, f_c, strict=True)}

    def preview(self, network: nn.Module) -> dict[str, NDArray]:
        """Nothing: graphs have no picture."""
        return {}

    def card(self) -> ModelCard:
        """The classifier's card."""
        recipe, images = self._recipe, self._images
        fed = ("model", "encoder", "style", "surroundings_um", "method", "k")
        graph = {name: getattr(recipe, name) for name in fed}
        known = _known(images.training)
        return ModelCard(
            name=recipe.name,
            architecture=ARCHITECTURE,
            mpp=images.mpp,
            description=f"Reads the nuclei that {recipe.model} finds in their neighbourhood.",
            paper="Guan et al. 2025, graph neural network classifier",
            parameters=count_parameters(self.network),
            options=self._options,
            data=images.credits,
            training={
                "recipe": recipe.name,
                "graph": graph | {"position": recipe.places_told},
                "images": len(known),
                "nuclei": sum(known.values()),
                "validation": [one.name for one in images.held_out],
            },
            **named_scheme(images.scheme),
        )

    def answer(self, network: nn.Module, image: NodeImage) -> NDArray[np.float32]:
        """Class probabilities (N, C) of an image's found nuclei."""
        device = next(network.parameters()).device
        nodes = image.nodes
        numbers, known, edges = (
            torch.from_numpy(values).to(device) for values in (self.network.numbers(nodes), nodes.known, nodes.edges)
        )
        return self.network.weighed(network(numbers, known, edges), nodes)

    def _sample(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """An image, a view and a measure drawn by chance, with some parts and classes given away or withheld."""
        recipe, i = self._recipe, rng.integers(len(self))
        image = self._images.training[i]
        view, measure = (int(rng.integers(len(drawn))) for drawn in (image.visual, image.tissue))
        numbers = self.network.numbers(image.seen(view, measure))
        visual, spread = self.network.widths["visual"], self.network.scale.cpu().numpy()
        numbers[:, :visual] += recipe.noise * spread[:visual] * rng.standard_normal((len(numbers), visual))
        told = (rng.random(len(numbers)) < rng.uniform(0, 2 * recipe.known)) & (rng.random() < 0.5)
        on = rng.random(len(PARTS)) >= recipe.without
        on |= not (on & np.isin(PARTS, recipe.parts)).any()
        return {
            "numbers": torch.from_numpy(numbers.astype(np.float32)),
            "known": torch.from_numpy(np.where(told, image.classes, 0)),
            "class": torch.from_numpy(np.where(told, _NOBODY, image.classes)),
            "edges": torch.from_numpy(image.nodes.edges.T.copy()),
            "on": torch.from_numpy(np.tile(on.astype(np.float32), (len(numbers), 1))),
        }

    def _logits(self, network: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """Logits (G, B·N, C) and classes of the nodes of a batch, the padding among them."""
        images, most = batch["class"].shape
        starts = torch.arange(images, device=batch["class"].device)[:, None, None] * most
        edges = (batch["edges"] + starts)[(batch["edges"] >= 0).all(2)].T
        known = batch["known"].clamp_min(0).flatten()
        return network(batch["numbers"].flatten(0, 1), known, edges, batch["on"].flatten(0, 1)), batch[
            "class"
        ].flatten()

    def _standardise(self) -> None:
        sums, nuclei = np.zeros((2, len(self.network.mean))), 0
        for image in self._images.training:
            for view in range(max(len(image.visual), len(image.tissue))):
                numbers = self.network.numbers(image.seen(view, view)).astype(np.float64)
                sums += numbers.sum(0), (numbers**2).sum(0)
                nuclei += len(numbers)
        mean, square = sums / nuclei
        self.network.mean.copy_(torch.from_numpy(mean))
        self.network.scale.copy_(torch.from_numpy(np.sqrt(np.maximum(square - mean**2, 0))).clamp_min(1e-3))


def _known(images: Sequence[NodeImage]) -> dict[str, int]:
    """Nuclei of a known class by image, which may be there twice: as found, and as annotated."""
    known: dict[str, int] = {}
    for image in images:
        known[image.name] = max(known.get(image.name, 0), int((image.classes > 0).sum()))
    return known


def class_scores(images: Sequence[NodeImage], classes: Sequence[NDArray[np.int64]], mpp: float) -> NDArray[np.float64]:
    """F of each class as HoVer-Net has it, (C,), of found nuclei with these classes."""
    true_yx, found_yx = (
        [getattr(one, side).table[["y_px", "x_px"]].to_numpy() for one in images] for side in ("truth", "found")
    )
    truth = [one.truth.class_numbers for one in images]
    n_classes = len(images[0].found.scheme)
    return detection_f1(true_yx, found_yx, truth, classes, n_classes, radius_px=RADIUS_UM / mpp).f_c


def _padded(rows: Sequence[Tensor]) -> Tensor:
    """Tensors (n, …) of different lengths as one, (B, most, …)."""
    padded: Tensor = nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=_NOBODY)
    return padded
