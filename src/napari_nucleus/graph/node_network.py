"""From nodes to class probabilities: numbers on one scale, parts switched on and off, then the graph classifier.

    visual (N, V), position (N, P), text (N, T) -> standardised, known classes (N, C) beside them -> GraphClassifier
    times the pixels' vote (N, C) and the likeness to the classes' names (N, C), each to a power (`opinions`)

Known classes are not in Guan et al. 2025. They are 0 until somebody says what a nucleus is; in training some are
told by chance, so that the classifier learns what a neighbour's class says of a nucleus.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_nucleus.graph.classifier import GraphClassifier
from napari_nucleus.graph.nodes import PARTS, Nodes
from napari_nucleus.graph.opinions import Weights, together
from napari_nucleus.graph.position import POSITION_WIDTHS, POSITIONS

_HOPS = 3  # two layers, and the degrees and offsets of those at the rim
_AT_ONCE = 50_000


class NodeNetwork(nn.Module):
    """Class logits of nodes.

    Parameters
    ----------
    n_classes : int
    visual, text : int
        Numbers a node.
    position : str
        One of `POSITIONS`.
    parts : sequence of str
        Of `PARTS`: those that it is taught with; the others stay 0.
    weights : (float, float, float)
        `Weights` of the vote, of the likeness and of the graph in `probabilities`.
    **options
        ``fused``, ``hidden``, ``layer`` and ``dropout`` of `GraphClassifier`.

    Attributes
    ----------
    mean, scale : (V + P + T,) float32
        That the numbers are standardised with.
    temperature : () float32
        That logits are divided by (Guo et al. 2017).
    """

    mean: Tensor
    scale: Tensor
    temperature: Tensor

    def __init__(
        self,
        n_classes: int,
        visual: int,
        text: int = 0,
        position: str = "offsets",
        parts: Sequence[str] = PARTS,
        weights: Sequence[float] = Weights(),
        fused: int = 256,
        hidden: int = 512,
        layer: str = "gcn",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.widths = {"visual": visual, "position": POSITION_WIDTHS[position], "text": text}
        self.n_classes, self.position, self.parts = n_classes, position, tuple(parts)
        self.weights = Weights(*weights)
        width = sum(self.widths.values())
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.register_buffer("temperature", torch.ones(()))
        self.classifier = GraphClassifier(n_classes, width + n_classes, 0, fused, hidden, layer, dropout)

    def forward(self, numbers: Tensor, known: Tensor, edges: Tensor, on: Tensor | None = None) -> Tensor:
        """The graph's own logits (N, C), without the opinions.

        Parameters
        ----------
        numbers : (N, V + P + T) float
            `numbers`, as they are.
        known : (N,) int64
            Class numbers, 0 = not known.
        edges : (2, E) int64
        on : (N, 3) float, optional
            1 for each part (visual, position, text) that a node has, 0 where it lacks it.
        """
        own = torch.tensor([float(part in self.parts) for part in PARTS], device=numbers.device)
        on = own if on is None else own * on
        switched = torch.repeat_interleave(on, torch.tensor(list(self.widths.values()), device=numbers.device), -1)
        told = torch.eye(self.n_classes + 1, device=numbers.device)[known][:, 1:]
        nodes = torch.cat([(numbers - self.mean) / self.scale * switched, told], 1)
        logits: Tensor = self.classifier(nodes, edges) / self.temperature
        return logits

    def numbers(self, nodes: Nodes) -> NDArray[np.float32]:
        """Visual, position and text of nodes side by side, (N, V + P + T)."""
        place = POSITIONS[self.position](nodes.centroids_um, nodes.edges)
        told = self.widths["text"] and nodes.text.shape[1]
        text = nodes.text if told else np.zeros((len(nodes), self.widths["text"]), np.float32)
        return np.concatenate([nodes.visual, place, text], 1)

    @torch.inference_mode()
    def probabilities(self, nodes: Nodes, parts: Sequence[str] = PARTS) -> NDArray[np.float32]:
        """Class probabilities (N, C), rows summing to 1; of many nodes region by region, without a seam."""
        found = np.zeros((len(nodes), self.n_classes), np.float32)
        for rows in _regions(nodes):
            near = nodes.around(rows, _HOPS) if len(rows) < len(nodes) else rows
            found[rows] = self._of(nodes.only(near), parts)[np.searchsorted(near, rows)]
        return found

    def _of(self, nodes: Nodes, parts: Sequence[str]) -> NDArray[np.float32]:
        device = self.mean.device
        numbers, known, edges = (
            torch.from_numpy(values).to(device) for values in (self.numbers(nodes), nodes.known, nodes.edges)
        )
        on = torch.tensor([float(part in parts) for part in PARTS], device=device)
        return self.weighed(self(numbers, known, edges, on), nodes, parts)

    def weighed(self, logits: Tensor, nodes: Nodes, parts: Sequence[str] = PARTS) -> NDArray[np.float32]:
        """Class probabilities (N, C) from the graph's own logits and the opinions of the nodes."""
        read = [part for part in parts if part in self.parts]
        opinions = torch.from_numpy(together(nodes.vote, nodes.likeness, read, self.weights)).to(logits.device)
        whole = opinions + self.weights.graph * logits.float().log_softmax(1)
        return np.asarray(whole.softmax(1).cpu().numpy())


def _regions(nodes: Nodes) -> Iterator[NDArray[np.int64]]:
    """Rows of nodes near each other, so many at once, ascending."""
    order = np.arange(len(nodes))
    if len(nodes) > _AT_ONCE:
        strip = np.sqrt(np.prod(np.ptp(nodes.centroids_um, axis=0)) * _AT_ONCE / len(nodes))
        y, x = nodes.centroids_um.T
        order = np.lexsort([x, y // max(strip, 1e-9)])
    for first in range(0, len(order), _AT_ONCE):
        yield np.sort(order[first : first + _AT_ONCE])
