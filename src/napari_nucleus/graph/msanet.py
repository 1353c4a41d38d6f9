"""MSA-Net as a whole: the dense network, and a graph over its nuclei that classifies them.

Guan et al. 2025 ("Network architecture"), written from the paper.

    nuclei and features (B, 256, 135, 135) -> nodes (N, 256 + 2), edges (2, E) of the 5 nearest, cores (N, 3)
    -> with descriptions (N, 512) fused (N, 256) -> logits (N, C), spread over the nuclei (B, C, 270, 270)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from napari_nucleus.core import NucleusMap
from napari_nucleus.graph.build import build_graph
from napari_nucleus.graph.classifier import GraphClassifier
from napari_nucleus.graph.pooling import mean_over_nuclei, spread_over_pixels
from napari_nucleus.models.msanet import MSANet

_STRIDE = 2  # of the dense network's features


class Nodes(NamedTuple):
    """The graph of a batch of images, their nuclei one after another.

    Attributes
    ----------
    features : (N, 256 + 2) float32
        Mean of the dense network's features over the nucleus, then x and y of its centroid as shares of the image.
    edges : (2, E) int64
        Rows of ``features``; no direction, each once.
    cores : (N, 3) float32
        Number of the image in the batch, y and x of the centroid in pixels.
    """

    features: Tensor
    edges: Tensor
    cores: Tensor


class NodeReading(NamedTuple):
    """What the graph makes of a batch.

    Attributes
    ----------
    nodes : Nodes
    fused : (N, 256) float32
    logits : (N, C) float32
    class_map : (B, C, H, W) float32
        Each nucleus's logits over its pixels, 0 on background.
    """

    nodes: Nodes
    fused: Tensor
    logits: Tensor
    class_map: Tensor


class MSANetGraph(nn.Module):
    """The dense network and the graph classifier.

    Parameters
    ----------
    network : MSANet
    n_classes : int
        Classes without background.
    text : int
        Numbers a description.
    k : int
        Neighbours of a nucleus.
    """

    def __init__(self, network: MSANet, n_classes: int, text: int = 512, k: int = 5) -> None:
        super().__init__()
        self.network, self.k = network, k
        self.classifier = GraphClassifier(n_classes, features=network.channels + 2, text=text)

    def forward(self, image: Tensor, nuclei: Sequence[NucleusMap], text: Tensor) -> NodeReading:
        """Classify the nuclei of images; `read_nodes` where the dense network has been asked already.

        Parameters
        ----------
        image : (B, 3, H, W) float in [0, 1]
        nuclei : sequence of NucleusMap
            Of each image: the truth in training, what was decoded from the dense network's maps otherwise.
        text : (N, 512) float
            A description of each nucleus, `ClipText` of `describe`, in the order of the tables.
        """
        return self.read_nodes(self.network.read(image).features, nuclei, text)

    def read_nodes(self, features: Tensor, nuclei: Sequence[NucleusMap], text: Tensor) -> NodeReading:
        """As `forward`, from the dense network's features (B, 256, H/2, W/2)."""
        nodes = self.nodes(features, nuclei)
        fused = self.classifier.fuse(nodes.features, text)
        logits = self.classifier.classify(fused, nodes.edges)
        counts = [len(one) for one in nuclei]
        maps = [
            spread_over_pixels(values, *_labels(one, values.device))
            for values, one in zip(logits.split(counts), nuclei, strict=True)
        ]
        return NodeReading(nodes, fused, logits, torch.stack(maps))

    def nodes(self, features: Tensor, nuclei: Sequence[NucleusMap]) -> Nodes:
        """The graph of a batch, from features (B, 256, H/2, W/2)."""
        means = [
            mean_over_nuclei(own, *_labels(one, own.device), stride=_STRIDE)
            for own, one in zip(features, nuclei, strict=True)
        ]
        starts = np.cumsum([0, *map(len, nuclei)])[:-1]
        rows = [build_graph(one, k=self.k).rows(one.table["label"]) for one in nuclei]
        edges = np.concatenate([start + own for start, own in zip(starts, rows, strict=True)], 1)
        cores = np.concatenate(
            [np.insert(one.table[["y_px", "x_px"]].to_numpy(), 0, i, axis=1) for i, one in enumerate(nuclei)]
        )
        sizes = np.concatenate([np.tile(one.labels.shape, (len(one), 1)) for one in nuclei])
        xy = (cores[:, :0:-1] + 0.5) / sizes[:, ::-1]
        visual = torch.cat(means)
        return Nodes(
            torch.cat([visual, torch.from_numpy(xy).to(visual)], 1),
            torch.from_numpy(edges).to(visual.device),
            torch.from_numpy(cores).to(visual),
        )


def _labels(nuclei: NucleusMap, device: torch.device) -> tuple[Tensor, Tensor]:
    """The instance map and the ids in the table's order, both int64."""
    ids = nuclei.table["label"].to_numpy(np.int64)
    return torch.from_numpy(nuclei.labels.astype(np.int64)).to(device), torch.from_numpy(ids).to(device)
