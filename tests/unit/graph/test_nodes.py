from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from napari_nucleus.core import NucleusError, scheme
from napari_nucleus.graph import Delaunay, GraphAnswer, KNearest, Radius
from napari_nucleus.graph import node_network as module
from napari_nucleus.graph.node_network import NodeNetwork
from napari_nucleus.graph.nodes import PARTS, Nodes

KINDS = scheme("consep")


def nodes(n=200, build=None, seed=0):
    rng = np.random.default_rng(seed)
    centroids = rng.random((n, 2)) * np.sqrt(max(n, 1)) * 8
    edges = (build or KNearest(5))(centroids)
    visual, text = rng.standard_normal((n, 7)).astype(np.float32), rng.standard_normal((n, 5)).astype(np.float32)
    vote, likeness = (rng.standard_normal((n, 4)).astype(np.float32) for _ in range(2))
    tissue = rng.standard_normal((n, 6)).astype(np.float32)
    return Nodes(visual, text, centroids, edges, np.zeros(n, np.int64), vote, likeness, tissue)


def network(**options):
    torch.manual_seed(0)
    values = {"tissue": 6, "fused": 16, "hidden": 16, "weights": (0.5, 2.0, 1.0, 1.0)}
    return NodeNetwork(4, 7, 5, **values | options).eval()


def answer_of(read, own):
    ids = 3 * np.arange(len(read)) + 4
    found = pd.DataFrame(own.probabilities(read), index=ids, columns=list(KINDS.classes))
    return GraphAnswer(found, found, KINDS, read, own)


@pytest.mark.parametrize("layer", ["gcn", "sage", "gat"])
@pytest.mark.parametrize("build", [KNearest(5), Radius(12.0), Delaunay(30.0)], ids=["knn", "radius", "delaunay"])
def test_what_if_is_what_the_whole_graph_would_say(layer, build):
    read, own = nodes(build=build), network(layer=layer)
    answer = answer_of(read, own)
    for row in (0, 57, 199):
        label = answer.probabilities.index[row]
        others = np.delete(np.arange(len(read)), row)
        dropped = answer.what_if(drop=label)
        assert label not in dropped.index
        assert np.allclose(dropped, own.probabilities(read.only(others)), atol=1e-5)
        known = read.known.copy()
        known[row] = 3
        told = replace(read, known=known)
        reclassed = answer.what_if(reclass=(label, "epithelial"))
        assert np.allclose(reclassed, own.probabilities(told), atol=1e-5)
        assert not np.allclose(reclassed, answer.probabilities, atol=1e-6)


def test_what_if_leaves_the_answer_as_it_was():
    answer = answer_of(nodes(), network())
    before = answer.probabilities.copy()
    answer.what_if(drop=4)
    answer.what_if(reclass=(4, "other"))
    pd.testing.assert_frame_equal(answer.probabilities, before)
    pd.testing.assert_frame_equal(answer.what_if(), before)


def test_what_if_of_what_is_not_there_is_refused():
    answer = answer_of(nodes(5), network())
    with pytest.raises(NucleusError, match="label 5"):
        answer.what_if(drop=5)
    with pytest.raises(NucleusError, match="bone"):
        answer.what_if(reclass=(4, "bone"))


@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("layer", ["gcn", "sage", "gat"])
def test_few_nuclei(n, layer):
    answer = answer_of(nodes(n), network(layer=layer))
    assert answer.probabilities.shape == (n, 4)
    assert np.allclose(answer.probabilities.sum(axis=1), 1, atol=1e-5)
    if n:
        assert len(answer.what_if(drop=4)) == n - 1


def test_coincident_nuclei():
    read = nodes(6)
    same = np.zeros((6, 2))
    answer = answer_of(replace(read, centroids_um=same, edges=KNearest(3)(same)), network())
    assert np.isfinite(answer.probabilities.to_numpy()).all()
    assert np.isfinite(answer.what_if(drop=4).to_numpy()).all()


@pytest.mark.parametrize("layer", ["gcn", "sage"])
def test_regions_leave_no_seam(layer, monkeypatch):
    read, own = nodes(400), network(layer=layer)
    whole = own.probabilities(read)
    monkeypatch.setattr(module, "_AT_ONCE", 60)
    assert np.allclose(own.probabilities(read), whole, atol=1e-5)


@pytest.mark.parametrize("off", PARTS)
def test_a_part_that_is_off_is_not_read(off):
    own, read = network(), nodes()
    parts = [part for part in PARTS if part != off]
    rng = np.random.default_rng(1)
    changed = {
        "visual": {"visual": rng.random(read.visual.shape, np.float32)},
        "position": {"centroids_um": read.centroids_um * (1.7, 1.0)},
        "text": {"text": rng.random(read.text.shape, np.float32), "likeness": rng.random((200, 4), np.float32)},
        "tissue": {"tissue": rng.random(read.tissue.shape, np.float32)},
    }
    other = replace(read, **changed[off])
    assert np.allclose(own.probabilities(read, parts), own.probabilities(other, parts), atol=1e-6)
    assert not np.allclose(own.probabilities(read), own.probabilities(other), atol=1e-4)


def test_without_descriptions_the_text_part_is_as_if_off():
    own, read = network(), nodes()
    bare = replace(read, text=read.text[:, :0], likeness=read.likeness[:, :0])
    assert own.probabilities(bare, ("visual", "position")).shape == (200, 4)
    assert np.allclose(
        own.probabilities(bare, ("visual", "position")), own.probabilities(read, ("visual", "position")), atol=1e-6
    )


def test_what_is_measured_and_what_the_network_sees_are_judged_apart():
    own, read = network().train(), nodes()
    numbers, known, edges = (torch.from_numpy(a) for a in (own.numbers(read), read.known, read.edges))
    numbers.requires_grad_()
    by_features, by_tissue = own(numbers, known, edges)
    by_tissue.sum().backward(retain_graph=True)
    assert (numbers.grad[:, :-6] == 0).all()
    numbers.grad = None
    by_features.sum().backward()
    assert (numbers.grad[:, -6:] == 0).all()
    assert (numbers.grad[:, :-6] != 0).any()


def test_measured_outliers_count_as_far_and_no_farther():
    own, read = network(weights=(0, 0, 0, 1)), nodes()
    far, farther = (replace(read, tissue=read.tissue + shift) for shift in (50, 5000))
    assert np.allclose(own.probabilities(far), own.probabilities(farther), atol=1e-5)


def test_what_was_not_measured_says_nothing():
    read = nodes()
    bare = replace(read, tissue=read.tissue[:, :0])
    own = network()
    assert np.allclose(own.probabilities(bare), own.probabilities(read, PARTS[:3]), atol=1e-6)
    smaller = network(tissue=0, weights=(0.5, 2.0, 1.0))
    assert smaller.probabilities(bare).shape == (200, 4)
