"""From nodes to class probabilities: numbers on one scale, parts switched on and off, then graph classifiers.

    visual (N, V), position (N, P), text (N, T) -> standardised, known classes (N, C) beside them -> GraphClassifier
    tissue (N, S)                               -> the same with a GraphClassifier of its own
    both, the pixels' vote (N, C) and the likeness to names (N, C), each to a power, multiplied (`opinions`)

A network knows the images that it was taught, and so its features say more there than anywhere else; a graph that
reads them beside what is measured learns to trust them alone. Hence two, each of which learns by itself.

Known classes are not in Guan et al. 2025. They are 0 until somebody says what a nucleus is; in training some are
told by chance, so that the classifiers learn what a neighbour's class says of a nucleus.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

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
_READ = PARTS[:3]
_FAR = 4.0
"""Standard deviations; what is measured beyond counts as this much."""


class NodeNetwork(nn.Module):
    """Class logits of nodes.

    Parameters
    ----------
    n_classes : int
    visual, text, tissue : int
        Numbers a node.
    position : str
        One of `POSITIONS`.
    parts : sequence of str
        Of `PARTS`: those that it is taught with; the others stay 0.
    weights : sequence of float
        `Weights` of the opinions in `probabilities`.
    **options
        ``fused``, ``hidden``, ``layer`` and ``dropout`` of `GraphClassifier`.

    Attributes
    ----------
    mean, scale : (V + P + T + S,) float32
        That the numbers are standardised with.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        n_classes: int,
        visual: int,
        text: int = 0,
        tissue: int = 0,
        position: str = "offsets",
        parts: Sequence[str] = PARTS,
        weights: Sequence[float] = Weights(),
        fused: int = 256,
        hidden: int = 512,
        layer: str = "gcn",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.widths = {"visual": visual, "position": POSITION_WIDTHS[position], "text": text, "tissue": tissue}
        self.n_classes, self.position, self.parts = n_classes, position, tuple(parts)
        self.weights = Weights(*weights)
        width = sum(self.widths.values())
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        options: tuple[Any, ...] = (0, fused, hidden, layer, dropout)
        self.classifier = GraphClassifier(n_classes, width - tissue + n_classes, *options)
        self.tissue = GraphClassifier(n_classes, tissue + n_classes, *options) if tissue else None

    def forward(self, numbers: Tensor, known: Tensor, edges: Tensor, on: Tensor | None = None) -> Tensor:
        """The graphs' own logits (G, N, C): by what was read, and by what was measured where that is a part.

        Parameters
        ----------
        numbers : (N, V + P + T + S) float
            `numbers`, as they are.
        known : (N,) int64
            Class numbers, 0 = not known.
        edges : (2, E) int64
        on : (N, 4) float, optional
            1 for each of `PARTS` that a node has, 0 where it lacks it.
        """
        own = torch.tensor([float(part in self.parts) for part in PARTS], device=numbers.device)
        on = own if on is None else own * on
        switched = torch.repeat_interleave(on, torch.tensor(list(self.widths.values()), device=numbers.device), -1)
        told = torch.eye(self.n_classes + 1, device=numbers.device)[known][:, 1:]
        read, measured = ((numbers - self.mean) / self.scale * switched).tensor_split([self._n_read], 1)
        logits = [self.classifier(torch.cat([read, told], 1), edges)]
        if self.tissue is not None:
            logits.append(self.tissue(torch.cat([measured.clamp(-_FAR, _FAR), told], 1), edges))
        return torch.stack(logits)

    def numbers(self, nodes: Nodes) -> NDArray[np.float32]:
        """The parts of nodes side by side, (N, V + P + T + S)."""
        place = POSITIONS[self.position](nodes.centroids_um, nodes.edges)
        some = [_filled(getattr(nodes, part), self.widths[part]) for part in ("text", "tissue")]
        return np.concatenate([nodes.visual, place, *some], 1)

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
        """Class probabilities (N, C) from the graphs' own logits (G, N, C) and the opinions of the nodes."""
        read = [part for part in parts if part in self.parts]
        whole = torch.from_numpy(together(nodes.vote, nodes.likeness, read, self.weights)).to(logits.device)
        graphs = logits.float().log_softmax(2)
        if set(read) & set(_READ):
            whole = whole + self.weights.graph * graphs[0]
        if "tissue" in read and self.tissue is not None and nodes.tissue.shape[1]:
            whole = whole + self.weights.tissue * graphs[1]
        return np.asarray(whole.softmax(1).cpu().numpy())

    @property
    def _n_read(self) -> int:
        return sum(self.widths[part] for part in _READ)


def _filled(numbers: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Numbers of a part, or zeros where it wasn't looked at or isn't asked for."""
    return numbers if width and numbers.shape[1] else np.zeros((len(numbers), width), np.float32)


def _regions(nodes: Nodes) -> Iterator[NDArray[np.int64]]:
    """Rows of nodes near each other, so many at once, ascending."""
    order = np.arange(len(nodes))
    if len(nodes) > _AT_ONCE:
        strip = np.sqrt(np.prod(np.ptp(nodes.centroids_um, axis=0)) * _AT_ONCE / len(nodes))
        y, x = nodes.centroids_um.T
        order = np.lexsort([x, y // max(strip, 1e-9)])
    for first in range(0, len(order), _AT_ONCE):
        yield np.sort(order[first : first + _AT_ONCE])
