import numpy as np
import pytest
import torch

from napari_nucleus.training.losses import SpectralDecoupling, spectral_decoupling


def test_one_vector_by_hand():
    assert spectral_decoupling(torch.tensor([[3.0, -4.0]])).item() == pytest.approx(25 / 2)
    assert SpectralDecoupling(0.01)(torch.tensor([[3.0, -4.0]])).item() == pytest.approx(0.01 * 25 / 2)


def test_a_map_against_numpy(rng):
    logits = rng.normal(size=(2, 5, 4, 3))
    expected = 0.5 * np.mean([np.linalg.norm(pixel) ** 2 for pixel in np.moveaxis(logits, 1, -1).reshape(-1, 5)])
    assert spectral_decoupling(torch.from_numpy(logits)).item() == pytest.approx(expected)


def test_its_slope_is_the_logits():
    logits = torch.tensor([[3.0, -4.0]], requires_grad=True)
    spectral_decoupling(logits).backward()
    assert logits.grad.tolist() == [[3, -4]]
