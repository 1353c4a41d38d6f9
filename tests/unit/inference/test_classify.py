from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_nucleus.inference import nucleus_features, reading, segment
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.models import add_model, load_model
from napari_nucleus.models.nucleus_head import NucleusHead, head_state

CLASSES = ["other", "inflammatory", "epithelial", "spindle-shaped"]


@pytest.fixture(scope="module")
def image():
    return consep_tile()[0].array[300:492, 200:424].copy()


@pytest.fixture
def head():
    torch.manual_seed(0)
    return NucleusHead(48, 4)


@pytest.fixture
def classifying(head):
    """A copy of the default with a classifier."""
    model = load_model()
    add_model(model.network.state_dict() | head_state(head), replace(model.card, name="mine"))
    return "mine"


def probabilities(nuclei):
    return nuclei.table[[f"p_{name}" for name in CLASSES]].to_numpy()


@pytest.mark.parametrize("mpp", [0.25, 0.4])
def test_nuclei_are_the_network_s_and_their_classes_the_classifier_s(image, head, classifying, mpp):
    plain = segment(image, mpp=mpp, device="cpu")
    found = segment(image, classifying, mpp=mpp, device="cpu")
    np.testing.assert_array_equal(found.nuclei.labels, plain.nuclei.labels)
    want = head.probabilities(nucleus_features(image, found.nuclei, device="cpu"))
    np.testing.assert_allclose(probabilities(found.nuclei), want, atol=1e-5)
    assert found.nuclei.table["class"].tolist() == [CLASSES[i] for i in want.argmax(1)]
    assert found.nuclei.table["entropy"].between(0, 1).all()
    assert (found.passes, plain.passes) == (2, 1)
    kinds = found.maps.type_prob.argmax(0)
    np.testing.assert_array_equal(kinds, found.nuclei.type_map())


def test_a_model_without_a_classifier_counts_with_its_pixels(image, classifying):
    plain, alone, both = (
        segment(image, model, mpp=0.25, device="cpu") for model in ("default", classifying, ["default", classifying])
    )
    pixels = probabilities(plain.nuclei) / probabilities(plain.nuclei).sum(1, keepdims=True)
    np.testing.assert_allclose(probabilities(both.nuclei), (pixels + probabilities(alone.nuclei)) / 2, atol=1e-4)


def test_blocks_give_what_the_whole_gives(image, classifying, monkeypatch):
    whole = segment(image, classifying, mpp=0.25, device="cpu").nuclei
    monkeypatch.setattr(reading, "_BLOCK", 112)
    monkeypatch.setattr(reading, "_HALO", 64)
    parts = segment(image, classifying, mpp=0.25, device="cpu").nuclei
    same = sum(abs(parts.counts()[name] - count) for name, count in whole.counts().items())
    assert same <= 0.1 * len(whole)
    np.testing.assert_allclose(probabilities(parts).sum(1), 1, atol=1e-5)


def test_an_image_without_nuclei(classifying):
    empty = np.full((40, 50, 3), 245, np.uint8)
    assert len(segment(empty, classifying, mpp=0.25, device="cpu").nuclei) == 0
