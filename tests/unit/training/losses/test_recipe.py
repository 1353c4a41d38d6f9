import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.training.losses import Losses


def test_the_papers_weights():
    losses = Losses()
    assert losses.np == {"cross_entropy": 2, "dice": 2}
    assert losses.hv == {"mse": 2, "msge": 2}
    assert losses.type == {"cross_entropy": 3, "dice": 1}
    assert losses.boundary == {"cross_entropy": 1, "dice": 1}
    assert losses.teacher == {"features": 1}
    assert losses.focal_gamma == 2


def test_a_misspelt_term_is_answered_with_the_right_one():
    with pytest.raises(NucleusError, match=r"losses\.np.*'dise'.*'dice'"):
        Losses(np={"dise": 1.0})


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf"), "2", True, None])
def test_weights_are_numbers_from_0(weight):
    with pytest.raises(NucleusError, match=r"losses\.hv\.mse"):
        Losses(hv={"mse": weight})


def test_gamma_is_checked():
    with pytest.raises(NucleusError, match="focal_gamma"):
        Losses(focal_gamma=-1)
