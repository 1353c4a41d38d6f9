import numpy as np
import pytest
import torch

from napari_nucleus.models import create_model, find_model
from napari_nucleus.models.clip_loading import load_clip
from napari_nucleus.models.registry import is_dense


def test_pictures_and_words_are_vectors_of_one_space():
    clip = load_clip()
    images = clip.images(np.zeros((3, 64, 64, 3), np.uint8))
    texts = clip.text(["a", "b"])
    assert images.shape[1] == texts.shape[1] == 128
    assert torch.allclose(images.norm(dim=1), torch.ones(3), atol=1e-5)


def test_pictures_of_another_size_are_resized():
    assert load_clip().images(np.zeros((1, 90, 90, 3), np.uint8)).shape == (1, 128)


def test_it_ships_in_ten_megabytes_with_a_card():
    info = find_model("nucleus_clip")
    assert info.weights.stat().st_size <= 10e6
    assert info.card.data
    assert info.card.scores
    assert all("licence" in source and "citation" in source for source in info.card.data)
    assert not is_dense("nucleus_clip")


def test_it_is_loaded_once():
    assert load_clip() is load_clip()


@pytest.mark.parametrize("width", [16, 64])
def test_gradients_reach_words_and_pictures(width):
    network = create_model("nucleus_clip", width=width)
    image, text, scale = network(torch.rand(2, 3, 64, 64), torch.randint(1, 99, (2, 32)))
    assert image.shape == text.shape == (2, width)
    (scale * image @ text.T).diag().sum().backward()
    assert all(p.grad is not None for p in network.parameters())
