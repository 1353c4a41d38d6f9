from itertools import product

import numpy as np
import pytest
from skimage.draw import disk, ellipse

from napari_nucleus.training.dense_targets import LABEL_TARGETS, dense_targets
from napari_nucleus.training.symmetry import Symmetry

SYMMETRIES = [Symmetry(*flags) for flags in product((False, True), repeat=3)]
symmetries = pytest.mark.parametrize("symmetry", SYMMETRIES, ids=str)


@pytest.fixture
def labels():
    """Nuclei with a pixel in the middle, as a centre between pixels falls on another side when it is mirrored."""
    labels = np.zeros((48, 64), np.int32)
    for number, centre in enumerate(((12, 12), (12, 27), (34, 50)), 1):
        labels[disk(centre, 8)] = number
    labels[ellipse(34, 20, 8, 14)] = 4
    return labels


@symmetries
@pytest.mark.parametrize("name", LABEL_TARGETS)
def test_a_turned_target_is_that_of_the_turned_labels(labels, symmetry, name):
    target = np.moveaxis(dense_targets(labels, [name])[name], 0, -1)
    turned = LABEL_TARGETS[name].turn(target, symmetry)
    expected = np.moveaxis(dense_targets(symmetry.turn(labels), [name])[name], 0, -1)
    differing = (np.abs(turned - expected) > 1e-4).any(-1)
    # Flows come together in a nucleus's centre, where nothing but rounding is left to point anywhere.
    assert differing.sum() <= (labels.max() if name == "flow" else 0)


def test_all_eight_are_different_and_drawn():
    square = np.arange(9).reshape(3, 3)
    assert len({symmetry.turn(square).tobytes() for symmetry in SYMMETRIES}) == 8
    rng = np.random.default_rng(0)
    assert {Symmetry.drawn(rng) for _ in range(200)} == set(SYMMETRIES)


@symmetries
def test_images_turn_as_maps_do(symmetry):
    image = np.arange(24).reshape(2, 4, 3)
    np.testing.assert_array_equal(symmetry.turn(image)[..., 1], symmetry.turn(image[..., 1]))
