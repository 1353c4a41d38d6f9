from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_nucleus.core import NucleusMap, scheme
from napari_nucleus.graph import KNearest, image_embeddings, text_encoder, zero_shot
from napari_nucleus.graph.node_network import NodeNetwork
from napari_nucleus.graph.nodes import Nodes
from napari_nucleus.graph.opinions import Weights, log_vote, name_likeness, together
from napari_nucleus.io.samples import consep_tile

KINDS = scheme("consep")


@pytest.fixture
def read():
    rng = np.random.default_rng(0)
    centroids = rng.random((50, 2)) * 60
    numbers = [rng.standard_normal((50, n)).astype(np.float32) for n in (7, 5, 4, 4, 6)]
    return Nodes(numbers[0], numbers[1], centroids, KNearest(5)(centroids), np.zeros(50, np.int64), *numbers[2:])


def network(weights):
    torch.manual_seed(0)
    return NodeNetwork(4, 7, 5, 6, fused=16, hidden=16, weights=weights).eval()


def test_pixels_that_say_nothing_favour_no_class():
    vote = np.array([[0.7, 0.1, 0.2, 0.0], [np.nan] * 4])
    told = log_vote(vote)
    assert np.isfinite(told).all()
    assert told[0].argmax() == 0
    assert np.ptp(told[1]) == 0


def test_alone_each_opinion_decides(read):
    assert (network((1, 0, 0, 0)).probabilities(read).argmax(1) == read.vote.argmax(1)).all()
    assert (network((0, 9, 0, 0)).probabilities(read).argmax(1) == read.likeness.argmax(1)).all()


def test_the_product_of_all_is_the_answer(read):
    one, two, three, four = np.eye(4)
    parts = [network(weights).probabilities(read) for weights in (0.5 * one, 2 * two, 0.7 * three, 1.1 * four)]
    product = np.prod(parts, 0)
    whole = network((0.5, 2, 0.7, 1.1)).probabilities(read)
    assert np.allclose(whole, product / product.sum(1, keepdims=True), atol=1e-5)


def test_without_weights_the_graph_speaks_alone(read):
    silent = replace(read, vote=0 * read.vote, likeness=read.likeness[:, :0])
    torch.manual_seed(0)
    older = NodeNetwork(4, 7, 5, fused=16, hidden=16).eval()  # as cards from before opinions have it
    assert np.allclose(older.probabilities(read), older.probabilities(silent), atol=1e-6)


def test_likeness_goes_with_the_words(read):
    weights = Weights(1, 5, 1)
    assert np.allclose(together(read.vote, read.likeness, ("visual",), weights), read.vote)
    assert np.allclose(together(read.vote, read.likeness[:, :0], ("text",), weights), read.vote)


def test_likeness_to_names_orders_classes_as_zero_shot_does():
    image, nuclei = consep_tile()
    part = np.ascontiguousarray(image.array[:256, :256])
    own = NucleusMap.from_labels(np.ascontiguousarray(nuclei.labels[:256, :256]), mpp=0.25)
    crops = image_embeddings(part, own)
    found = name_likeness(crops, KINDS, "nucleus_clip")
    named = zero_shot(KINDS.classes, crops, text_encoder())
    assert found.shape == (len(own), 4)
    assert (np.abs(found) <= 1 + 1e-5).all()
    assert (found.argmax(1) == named.argmax(1)).all()
