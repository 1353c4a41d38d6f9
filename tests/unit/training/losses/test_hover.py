import pytest
import torch
from scipy.signal import correlate2d

from napari_nucleus.core import NucleusError
from napari_nucleus.training.losses import MseLoss, MsgeLoss, mse_loss, msge_loss, sobel_kernels


def test_squared_error_against_numpy(rng):
    hv, target = rng.normal(size=(2, 2, 2, 9, 9))
    given = torch.from_numpy(hv), torch.from_numpy(target)
    assert mse_loss(*given).item() == pytest.approx(((hv - target) ** 2).mean())
    assert MseLoss()(*given).item() == pytest.approx(((hv - target) ** 2).mean())


def test_squared_error_of_gradients_against_scipy(rng):
    hv, target = rng.normal(size=(2, 2, 2, 9, 9))
    inside = (rng.random((2, 1, 9, 9)) > 0.4).astype(float)
    kernels = sobel_kernels().double().numpy()[:, 0]
    total = 0.0
    for b in range(2):
        for c in range(2):
            gradients = [correlate2d(m[b, c], kernels[c], mode="same") for m in (hv, target)]
            total += ((gradients[0] - gradients[1]) ** 2 * inside[b, 0]).sum()
    given = [torch.from_numpy(array) for array in (hv, target, inside)]
    assert msge_loss(*given).item() == pytest.approx(total / (2 * inside.sum()))
    assert MsgeLoss()(*given).item() == pytest.approx(total / (2 * inside.sum()))


def test_kernels_by_hand():
    """Offset over squared distance; the middle is 0."""
    assert sobel_kernels()[0, 0].tolist() == [
        pytest.approx(row)
        for row in (
            [-2 / 8, -1 / 5, 0, 1 / 5, 2 / 8],
            [-2 / 5, -1 / 2, 0, 1 / 2, 2 / 5],
            [-2 / 4, -1 / 1, 0, 1 / 1, 2 / 4],
            [-2 / 5, -1 / 2, 0, 1 / 2, 2 / 5],
            [-2 / 8, -1 / 5, 0, 1 / 5, 2 / 8],
        )
    ]
    assert torch.equal(sobel_kernels()[1, 0], sobel_kernels()[0, 0].T)


def test_points_along_its_axis():
    ramp = torch.arange(7.0).expand(7, 7)[None, None]
    along_x, along_y = torch.nn.functional.conv2d(ramp, sobel_kernels())[0]
    assert (along_x > 0).all()
    assert torch.allclose(along_y, torch.zeros_like(along_y), atol=1e-5)


def test_background_has_no_gradients_to_get_right(rng):
    hv, target = torch.from_numpy(rng.normal(size=(2, 1, 2, 9, 9)))
    assert msge_loss(hv, target, torch.zeros(1, 1, 9, 9).double()).item() == 0


def test_maps_of_other_sizes_are_refused():
    maps = torch.zeros(1, 2, 8, 8)
    with pytest.raises(NucleusError, match="one shape"):
        msge_loss(maps, maps, torch.zeros(1, 1, 8, 9))
    with pytest.raises(NucleusError, match="one shape"):
        mse_loss(maps, maps[:, :, :4])


def test_what_was_computed_without_gradients_does_not_stand_in_their_way():
    maps, inside = torch.zeros(1, 2, 8, 8), torch.ones(1, 1, 8, 8)
    with torch.inference_mode():
        msge_loss(maps, maps, inside)
    learnt = maps.clone().requires_grad_()
    msge_loss(learnt, maps, inside).backward()
    assert learnt.grad is not None
