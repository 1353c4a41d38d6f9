import time

import pytest
import torch

from napari_nucleus.graph import ClipText

SMALL = {"text_cfg": {"layers": 1, "width": 16, "heads": 2}, "vision_cfg": {"layers": 1, "width": 16, "head_width": 16}}


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return ClipText("ViT-B-16", pretrained=False, **SMALL)


def test_a_description_is_512_numbers_of_unit_length(encoder):
    text = encoder(["a round nucleus", "an oval nucleus"])
    assert text.shape == (2, 512)
    assert text.dtype == torch.float32
    assert not text.requires_grad
    assert torch.allclose(text.norm(dim=1), torch.ones(2), atol=1e-5)
    assert not torch.allclose(text[0], text[1], atol=1e-3)


def test_the_same_description_is_the_same_numbers_whatever_stands_beside_it(encoder):
    text = encoder(["a", "b", "a"])
    assert torch.equal(text[0], text[2])
    assert torch.equal(encoder(["a"])[0], text[0])


def test_no_descriptions(encoder):
    assert encoder([]).shape == (0, 512)


def test_a_hundred_thousand_nuclei_take_no_longer_than_their_sentences(encoder):
    start = time.process_time()
    assert encoder(["a", "b"] * 50_000).shape == (100_000, 512)
    assert time.process_time() - start < 2
