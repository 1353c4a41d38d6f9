"""The graph classifier: what a nucleus is, from its looks, its description and its neighbours.

Guan et al. 2025 ("Graph neural network classifier"), after Kipf and Welling 2016, written from the papers; the layers
are torch_geometric's (MIT). In place of their GCN, GraphSAGE (Hamilton et al. 2017) keeps a nucleus's own numbers apart
from those of its neighbours, and GAT (Veličković et al. 2018) weighs the neighbours.

    nodes (N, 256 + 2) with text (N, 512) -> fused (N, 256) -> GCN (N, 512), norm, ReLU -> GCN, logits (N, C)

The paper puts a norm and a ReLU after each layer. After the last one they would clip logits at 0 and fix their spread,
so that no nucleus could be called with confidence; that is taken for a misprint, and the logits stay as they are.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_nucleus.core import NucleusError

LAYERS = ("gcn", "sage", "gat")
"""Kinds of layers by name."""

_HEADS = 4  # of GAT's first layer


class GraphClassifier(nn.Module):
    """Class logits of the nodes of a graph.

    Parameters
    ----------
    n_classes : int
        Classes without background.
    features : int
        Numbers a node, its position included.
    text : int
        Numbers a description; 0 where there are none.
    fused : int
        Numbers of both together.
    hidden : int
        Numbers between the two layers.
    layer : str
        ``"gcn"``, ``"sage"`` or ``"gat"``.
    dropout : float
        Share of the numbers that are left out before each layer in training.

    Raises
    ------
    NucleusError
        There is no such layer.
    """

    def __init__(
        self,
        n_classes: int,
        features: int = 258,
        text: int = 512,
        fused: int = 256,
        hidden: int = 512,
        layer: str = "gcn",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.Linear(features + text, fused), nn.LayerNorm(fused), nn.GELU())
        self.layer1 = _layer(layer, fused, hidden, _HEADS)
        self.norm = nn.LayerNorm(hidden)
        self.layer2 = _layer(layer, hidden, n_classes, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, nodes: Tensor, edges: Tensor, text: Tensor | None = None) -> Tensor:
        """Logits (N, C).

        Parameters
        ----------
        nodes : (N, features) float
        edges : (2, E) int64
            Rows of ``nodes``; an edge has no direction and occurs once, as in `NucleusGraph`.
        text : (N, text) float, optional
        """
        return self.classify(self.fuse(nodes, text), edges)

    def fuse(self, nodes: Tensor, text: Tensor | None = None) -> Tensor:
        """Nodes (N, features) and descriptions (N, text) as one, (N, fused)."""
        fused: Tensor = self.enter(nodes if text is None else torch.cat([nodes, text], 1))
        return fused

    def classify(self, fused: Tensor, edges: Tensor) -> Tensor:
        """Logits (N, C) of fused nodes (N, fused)."""
        both_ways = torch.cat([edges, edges.flip(0)], 1)
        hidden = F.relu(self.norm(self.layer1(self.dropout(fused), both_ways)))  # (N, 512)
        logits: Tensor = self.layer2(self.dropout(hidden), both_ways)
        return logits


def _layer(kind: str, numbers_in: int, numbers_out: int, heads: int) -> nn.Module:
    from torch_geometric.nn import GATConv, GCNConv, SAGEConv  # takes seconds

    if kind == "gcn":
        return GCNConv(numbers_in, numbers_out)
    if kind == "sage":
        return SAGEConv(numbers_in, numbers_out)
    if kind == "gat":
        return GATConv(numbers_in, numbers_out // heads, heads)
    raise NucleusError(f"Expected a layer ({', '.join(LAYERS)}), got {kind!r}. Choose one of those.")
