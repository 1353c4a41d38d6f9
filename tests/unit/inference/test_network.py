import numpy as np
import pytest
import torch
from torch import nn

from napari_nucleus.core import NucleusError
from napari_nucleus.inference.network import Predictor
from napari_nucleus.models.flow_output import FLOW_SCALE, FlowOutput
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


class Flows(Slope):
    """The same as flows: along y the second, along x the first of its vectors."""

    def forward(self, image):
        output = super().forward(image)
        return FlowOutput(output.hv.flip(1) * FLOW_SCALE, output.np_logit, image)


def run(predictor, image):
    *counts, planes = predictor.run(image)
    return planes.maps(0.25), counts


def planes(networks, image, **options):
    *_, planes = Predictor(networks, "cpu", **options).run(image)
    return planes


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


def test_flows_are_negated_along_the_flip():
    image = np.random.default_rng(0).integers(0, 256, (832, 832, 3), np.uint8)
    hover, flows = (run(Predictor([kind()], "cpu", tta=True), image)[0] for kind in (Slope, Flows))
    inside = np.hypot(*hover.hv) < 0.9  # longer flows are cut to a length of 1
    np.testing.assert_allclose(flows.flow[::-1][:, inside], hover.hv[:, inside], atol=0.05)


def test_members_that_agree_have_no_disagreement(image):
    small = image[:64, :64]
    assert planes([Colours()], small).disagreement is None
    assert planes([Slope(), Slope()], small).disagreement is None  # no types to differ in
    np.testing.assert_allclose(planes([Colours(), Colours()], small).disagreement, 0, atol=1e-5)


class Sure(nn.Module):
    """Says one type everywhere."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def forward(self, image):
        types = torch.zeros_like(image)
        types[:, self.number] = 50
        return HoverOutput(image[:, :1], image[:, :2], types)


def test_members_that_are_sure_of_different_types_disagree(image):
    both = planes([Sure(0), Sure(1)], image[:64, :64])
    np.testing.assert_allclose(both.disagreement, np.log(2) / np.log(3), atol=1e-4)
    np.testing.assert_allclose(both.maps(0.25).type_prob[:2], 0.5, atol=1e-4)


def test_the_mean_goes_over_views_and_networks(image):
    small = image[:64, :96]
    both = planes([Slope(), Slope(0.5)], small, tta=True)
    each = [planes([Slope(steepness)], small, tta=True) for steepness in (1, 0.5)]
    np.testing.assert_allclose(both.values, (each[0].values + each[1].values) / 2, atol=1e-6)


def test_different_maps_have_no_mean(image):
    with pytest.raises(NucleusError, match="HoVer maps with 0 types and flows with 3"):
        planes([Slope(), Flows()], image[:64, :64])


def test_maps_go_to_another_size_and_back(image):
    found = planes([Colours(), Colours()], image[:64, :96])
    back = found.resized((128, 192)).resized((64, 96))
    np.testing.assert_allclose(back.maps(0.25).np_prob, found.maps(0.25).np_prob, atol=0.1)
    assert back.maps(0.5).mpp == 0.5
    assert back.disagreement.shape == (64, 96)


class Careful(Colours):
    """Wants small tiles, and has 3-D kernels."""

    tile_core = 64

    def __init__(self):
        super().__init__()
        self.volume = nn.Conv3d(1, 1, 3)


def test_a_network_may_want_smaller_tiles():
    image = np.random.default_rng(0).integers(0, 255, (150, 200, 3), np.uint8)
    small, large = Predictor([Careful()], "cpu"), Predictor([Colours()], "cpu")
    assert len(small.tiles(image.shape[:2])) == 3 * 4
    assert len(Predictor([Colours(), Careful()], "cpu").tiles(image.shape[:2])) == 3 * 4
    assert np.allclose(run(small, image)[0].np_prob, run(large, image)[0].np_prob, atol=1e-6)
