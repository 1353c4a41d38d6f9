import numpy as np
import pytest

from napari_nucleus.core import Image, NucleusMap
from napari_nucleus.io.patches import Patch
from napari_nucleus.training.relabel import equal_tiles


def patch(height, width, boxes=(), mpp=0.25):
    """An image of noise with square nuclei of classes 1, 2, 1, …"""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    labels = np.zeros((height, width), np.int32)
    for label, (y, x, size) in enumerate(boxes, 1):
        labels[y : y + size, x : x + size] = 10 * label
    kinds = {10 * label: 1 + (label - 1) % 2 for label in range(1, len(boxes) + 1)}
    truth = NucleusMap.from_labels(labels, mpp=mpp, classes="monusac", class_of=kinds)
    return Patch("slide", Image((pixels,), mpp), truth)


def test_an_image_of_four_tiles_is_cut_as_it_is():
    whole = patch(512, 512, [(250, 250, 20)])
    tiles = list(equal_tiles(whole))
    assert [tile.name for tile in tiles] == ["slide_0_0", "slide_0_1", "slide_1_0", "slide_1_1"]
    rows = [np.concatenate([tile.image.array for tile in tiles[i : i + 2]], 1) for i in (0, 2)]
    assert np.array_equal(np.concatenate(rows), whole.image.array)
    assert all(tile.truth.counts()["epithelial"] == 1 for tile in tiles)
    assert sum((tile.truth.labels > 0).sum() for tile in tiles) == 400


def test_the_rest_is_completed_by_its_mirror_image():
    whole = patch(256, 300, [(10, 280, 10), (100, 295, 5), (200, 20, 8)])
    first, rest = equal_tiles(whole)
    assert np.array_equal(rest.image.array[:, :44], whole.image.array[:, 256:])
    assert np.array_equal(rest.image.array[:, 44:88], whole.image.array[:, 256:][:, ::-1])
    assert first.truth.counts()["epithelial"] == 1
    # The first nucleus and its copy; the one at the edge is one with its mirrored half; the third is too far away.
    assert rest.truth.counts() | {"unknown": 0} == {
        "epithelial": 2,
        "lymphocyte": 1,
        "neutrophil": 0,
        "macrophage": 0,
        "unknown": 0,
    }
    at_edge = rest.truth.labels[102, 43]
    assert at_edge == rest.truth.labels[102, 44] == 20
    assert rest.truth.labels[15, 30] == 10 != rest.truth.labels[15, 60] > 0


def test_a_copy_that_the_edge_cuts_in_both_directions_is_one_nucleus():
    whole = patch(300, 300, [(295, 295, 5)])
    *_, corner = equal_tiles(whole)
    assert len(corner.truth) == 1
    assert (corner.truth.labels > 0).sum() == 100


@pytest.mark.parametrize("size", [(127, 400), (400, 127), (60, 60)])
def test_what_is_below_128_pixels_is_dropped(size):
    assert list(equal_tiles(patch(*size))) == []


@pytest.mark.parametrize(("size", "count"), [((128, 128), 1), ((200, 255), 2), ((130, 600), 5)])
def test_what_is_below_256_pixels_is_enlarged_in_proportion(size, count):
    tiles = list(equal_tiles(patch(*size, [(40, 40, 20)])))
    assert len(tiles) == count
    assert {tile.image.array.shape for tile in tiles} == {(256, 256, 3)}
    factor = 256 / min(size)
    assert tiles[0].image.mpp == tiles[0].truth.mpp == pytest.approx(0.25 / factor)
    height, width = np.ptp(np.argwhere(tiles[0].truth.labels == 10), 0) + 1
    assert (height, width) == pytest.approx((20 * factor, 20 * factor), abs=1)


def test_an_image_without_truth_is_cut_as_well():
    bare = patch(256, 256)
    (tile,) = equal_tiles(Patch(bare.name, bare.image))
    assert tile.truth is None
    assert np.array_equal(tile.image.array, bare.image.array)
