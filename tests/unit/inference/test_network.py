import numpy as np
import pytest
import torch
from torch import nn

from napari_nucleus.core import NucleusError
from napari_nucleus.inference.network import Predictor, resize_maps
from napari_nucleus.models.hover_output import HoverOutput


class Colours(nn.Module):
    """A network whose answer is a 3×3 mean of the image: NP red, H and V green, three types."""

    def forward(self, image):
        soft = nn.functional.avg_pool2d(image.float(), 3, 1, 1)
        return HoverOutput(soft[:, :1], soft[:, [1, 1]], soft)


class Slope(nn.Module):
    """Answers that know left from right, as a real network's do: they differ when the image is flipped."""

    def __init__(self, steepness=1.0):
        super().__init__()
        self.steepness = steepness

    def forward(self, image):
        across = self.steepness * torch.linspace(-1, 1, image.shape[-1]).expand_as(image[:, :1])
        down = torch.linspace(-1, 1, image.shape[-2])[:, None].expand_as(image[:, :1])
        mean = image.mean(1, keepdim=True)
        return HoverOutput(mean + 0.3 * across, torch.cat([across * mean, down * mean + 0.1], 1), None)


class Greedy(Colours):
    """Runs out of memory on more than ``most`` tiles."""

    def __init__(self, most):
        super().__init__()
        self.most = most

    def forward(self, image):
        if len(image) > self.most:
            raise torch.OutOfMemoryError
        return super().forward(image)


def run(predictor, image):
    *counts, maps = predictor.run(image)
    return maps, counts


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (1100, 1500, 3), np.uint8)


def test_tiles_show_no_seams(image):
    maps, counts = run(Predictor([Colours()], "cpu"), image)
    assert sum(counts) > 1
    x = torch.from_numpy(image).movedim(-1, 0)[None].float() / 255
    whole = nn.functional.avg_pool2d(nn.functional.pad(x, (0, 4, 0, 4), mode="reflect"), 3, 1, 1)[0, :, :1100, :1500]
    np.testing.assert_allclose(maps.np_prob, whole[0].sigmoid(), atol=0.01)
    np.testing.assert_allclose(maps.type_prob, whole.softmax(0), atol=0.01)


def test_flips_are_the_mean_made_by_hand():
    image = np.random.default_rng(0).integers(0, 256, (832, 832, 3), np.uint8)
    plain = Predictor([Slope()], "cpu")
    as_is = run(plain, image)[0]
    left = run(plain, image[:, ::-1].copy())[0]
    down = run(plain, image[::-1].copy())[0]
    maps = run(Predictor([Slope()], "cpu", tta=True), image)[0]
    np_prob = (as_is.np_prob + left.np_prob[:, ::-1] + down.np_prob[::-1]) / 3
    h = (as_is.hv[0] - left.hv[0][:, ::-1] + down.hv[0][::-1]) / 3
    v = (as_is.hv[1] + left.hv[1][:, ::-1] - down.hv[1][::-1]) / 3
    np.testing.assert_allclose(maps.np_prob, np_prob, atol=1e-5)
    np.testing.assert_allclose(maps.hv, np.stack([h, v]), atol=1e-5)


def test_networks_are_averaged(image):
    image = image[:100, :80]
    steep, gentle = Slope(), Slope(0.5)
    one, other = (run(Predictor([network], "cpu"), image)[0] for network in (steep, gentle))
    both = run(Predictor([steep, gentle], "cpu"), image)[0]
    np.testing.assert_allclose(both.hv, (one.hv + other.hv) / 2, atol=1e-6)


def test_out_of_memory_halves_the_batch(image):
    predictor = Predictor([Greedy(2)], "cpu")
    predictor.batch = 8
    maps, counts = run(predictor, image)
    expected = run(Predictor([Colours()], "cpu"), image)[0]
    np.testing.assert_array_equal(maps.np_prob, expected.np_prob)
    assert max(counts) <= 2
    assert predictor.batch == 2
    assert "halved" in predictor.notes[0]


def test_out_of_memory_for_one_tile_is_an_error(image):
    with pytest.raises(NucleusError, match="out of memory"):
        run(Predictor([Greedy(0)], "cpu"), image)


def test_maps_go_to_another_size_and_back(image):
    maps = run(Predictor([Colours()], "cpu"), image[:64, :96])[0]
    back = resize_maps(resize_maps(maps, (128, 192), 0.125), (64, 96), 0.25)
    np.testing.assert_allclose(back.np_prob, maps.np_prob, atol=0.1)
    assert back.mpp == 0.25
