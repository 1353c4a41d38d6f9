import numpy as np
import pytest
import torch
from scipy.special import expit, log_softmax, softmax

from napari_nucleus.core import NucleusError
from napari_nucleus.training.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    binary_cross_entropy,
    cross_entropy,
    two_classes,
)


def test_one_map_against_numpy(rng):
    logits, target = rng.normal(size=(2, 1, 5, 4)), rng.random((2, 1, 5, 4))
    p = expit(logits)
    expected = -(target * np.log(p) + (1 - target) * np.log(1 - p)).mean()
    given = torch.from_numpy(logits), torch.from_numpy(target)
    assert binary_cross_entropy(*given).item() == pytest.approx(expected)
    assert BinaryCrossEntropy()(*given).item() == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(6,), (2, 3, 4)], ids=["nuclei", "pixels"])
def test_classes_against_scipy(rng, shape):
    weight, target = np.array([1.0, 4.0, 0.5]), rng.integers(0, 3, shape)
    logits = rng.normal(size=(shape[0], 3, *shape[1:]))
    log_p = np.take_along_axis(log_softmax(logits, 1), target[:, None], 1)[:, 0]
    given = torch.from_numpy(logits), torch.from_numpy(target)
    assert cross_entropy(*given).item() == pytest.approx(-log_p.mean())
    expected = -(weight[target] * log_p).sum() / weight[target].sum()
    assert cross_entropy(*given, torch.from_numpy(weight)).item() == pytest.approx(expected)
    assert CrossEntropy(torch.from_numpy(weight))(*given).item() == pytest.approx(expected)


def test_shares_of_classes_against_scipy(rng):
    logits, share = rng.normal(size=(2, 3, 4, 4)), softmax(rng.normal(size=(2, 3, 4, 4)), 1)
    weight = np.array([1.0, 4.0, 0.5])[:, None, None]
    expected = -(weight * share * log_softmax(logits, 1)).sum() / (weight * share).sum()
    given = torch.from_numpy(logits), torch.from_numpy(share), torch.from_numpy(weight[:, 0, 0])
    assert cross_entropy(*given).item() == pytest.approx(expected)


def test_certain_shares_are_class_numbers(rng):
    logits, target = torch.from_numpy(rng.normal(size=(2, 3, 4))), torch.from_numpy(rng.integers(0, 3, (2, 4)))
    one_hot = torch.nn.functional.one_hot(target, 3).movedim(-1, 1).double()
    weight = torch.tensor([1.0, 2.0, 3.0]).double()
    assert cross_entropy(logits, one_hot, weight).item() == pytest.approx(cross_entropy(logits, target, weight).item())


def test_a_map_as_two_classes_keeps_its_probability(rng):
    logits = torch.from_numpy(rng.normal(size=(2, 1, 3)))
    assert torch.allclose(two_classes(logits).softmax(1)[:, 1:], logits.sigmoid())


def test_what_does_not_belong_together_is_refused():
    with pytest.raises(NucleusError, match=r"one shape, got \(1, 1, 4, 4\) and \(1, 1, 4, 5\)"):
        binary_cross_entropy(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 5))
    with pytest.raises(NucleusError, match=r"\(2, 3, 4, 4\), got \(1, 4, 4\)"):
        cross_entropy(torch.zeros(2, 3, 4, 4), torch.zeros(1, 4, 4, dtype=torch.long))
