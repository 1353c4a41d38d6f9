"""The shapes that Guan et al. print for the graph; the dense network is a small one of the same class."""

import numpy as np
import pytest
import torch

from napari_nucleus.core import NucleusMap
from napari_nucleus.graph.msanet import MSANetGraph
from napari_nucleus.models.msanet import MSANet

TINY = {
    "encoder": "test_vit",
    "clip_options": {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 64, "patch_size": 16, "layers": 4, "width": 32, "head_width": 16},
        "text_cfg": {"layers": 1, "width": 16, "heads": 2},
    },
    "widths": (16, 16, 8, 8),
    "depths": (1, 1, 1, 1),
    "volume_width": 8,
}


@pytest.fixture(scope="module")
def graph():
    torch.manual_seed(0)
    return MSANetGraph(MSANet(3, **TINY), 3)


def nuclei(n, side=270):
    """``n`` nuclei of 6×9 pixels whose labels have gaps, listed from the last to the first."""
    labels = np.zeros((side, side), np.int32)
    for i in range(n):
        y, x = 20 * (i // 10) + 10, 25 * (i % 10) + 10
        labels[y : y + 6, x : x + 9] = 3 * i + 4
    found = NucleusMap.from_labels(labels)
    return NucleusMap(found.labels, found.table[::-1].reset_index(drop=True), found.mpp, found.scheme)


@pytest.mark.parametrize("counts", [(0,), (1,), (2, 50), (4, 0)])
def test_shapes_of_the_paper(graph, counts):
    images, given, total = torch.rand(len(counts), 3, 270, 270), [nuclei(n) for n in counts], sum(counts)

    reading = graph.eval()(images, given, torch.rand(total, 512))

    assert reading.nodes.features.shape == (total, 256 + 2)
    assert reading.nodes.edges.shape[0] == 2
    assert reading.nodes.cores.shape == (total, 3)
    assert reading.fused.shape == (total, 256)
    assert reading.logits.shape == (total, 3)
    assert reading.class_map.shape == (len(counts), 3, 270, 270)


def test_edges_join_the_five_nearest_of_the_same_image(graph):
    nodes = graph.nodes(torch.rand(2, 256, 135, 135), [nuclei(50), nuclei(4)])
    image = nodes.cores[:, 0]
    assert (image[nodes.edges[0]] == image[nodes.edges[1]]).all()
    degree = torch.bincount(nodes.edges.ravel(), minlength=54)
    assert (degree[:50] >= 5).all()
    assert (degree[50:] == 3).all()  # fewer than five others: all of them
    yx = nodes.cores[:, 1:]
    length = (yx[nodes.edges[0]] - yx[nodes.edges[1]]).norm(dim=1)
    assert length.max() < 80  # not across the image


def test_a_node_is_its_nucleus_s_mean_and_place(graph):
    one = nuclei(3)
    features = torch.rand(1, 256, 135, 135)
    nodes = graph.nodes(features, [one])
    whole = features[0].repeat_interleave(2, 1).repeat_interleave(2, 2)
    for node, core, row in zip(nodes.features, nodes.cores, one.table.itertuples(), strict=True):
        inside = torch.from_numpy(one.labels == row.label)
        assert torch.allclose(node[:256], whole[:, inside].mean(1), atol=1e-5)
        assert node[256:].tolist() == pytest.approx([(row.x_px + 0.5) / 270, (row.y_px + 0.5) / 270])
        assert core.tolist() == pytest.approx([0, row.y_px, row.x_px])


def test_logits_lie_on_their_nuclei(graph):
    one = nuclei(12)
    with torch.inference_mode():
        reading = graph.eval()(torch.rand(1, 3, 270, 270), [one], torch.rand(12, 512))
    assert (reading.class_map[0][:, one.labels == 0] == 0).all()
    for logits, label in zip(reading.logits, one.table["label"], strict=True):
        assert (reading.class_map[0][:, one.labels == label] == logits[:, None]).all()


def test_the_graph_s_loss_teaches_the_dense_network_and_not_clip(graph):
    graph.train().zero_grad()
    graph(torch.rand(1, 3, 80, 80), [nuclei(2, side=80)], torch.rand(2, 512)).logits.sum().backward()
    assert graph.network.vit.vit.blocks[0].attn.qkv.weight.grad.abs().sum() > 0
    assert all(p.grad is None for p in graph.network.clip.parameters())
