import numpy as np
import pytest
import torch

from napari_nucleus.core import NucleusError
from napari_nucleus.models.hovernet import HoverNet


@pytest.mark.parametrize(("mode", "seen", "answered"), [("original", 270, 80), ("fast", 256, 164)])
def test_the_published_sizes(mode, seen, answered):
    network = HoverNet(4, mode=mode, width=8).eval()
    output = network.forward_centre(torch.rand(1, 3, seen, seen))
    assert output.np_logit.shape == (1, 1, answered, answered)
    assert output.hv.shape == (1, 2, answered, answered)
    assert output.type_logit.shape == (1, 5, answered, answered)


@pytest.mark.parametrize(("mode", "rim", "surplus"), [("original", 95, 0), ("fast", 48, 2)])
@pytest.mark.parametrize("side", [16, 96])  # the smaller is mirrored several times over
def test_the_whole_image_is_answered_by_mirroring_its_rim(mode, rim, surplus, side):
    network = HoverNet(4, mode=mode, width=8).eval()
    image = np.random.default_rng(0).random((1, 3, side, side), np.float32)
    mirrored = torch.from_numpy(np.pad(image, ((0, 0), (0, 0), (rim, rim), (rim, rim)), "reflect"))
    with torch.inference_mode():
        whole, centre = network(torch.from_numpy(image)), network.forward_centre(mirrored)
    for ours, published in zip(whole[:3], centre[:3], strict=True):
        assert torch.equal(ours, published[..., surplus : surplus + side, surplus : surplus + side])


def test_without_types():
    output = HoverNet(4, types=False, width=8).eval()(torch.rand(1, 3, 64, 64))
    assert output.type_logit is None
    assert output.hv.shape == (1, 2, 64, 64)


def test_an_unknown_mode_is_refused():
    with pytest.raises(NucleusError, match=r"original, fast\), got 'slow'"):
        HoverNet(4, mode="slow")
