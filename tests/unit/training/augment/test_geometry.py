from itertools import product

import numpy as np
import pytest
from scipy import ndimage
from skimage.draw import ellipse

from napari_nucleus.core import NucleusError
from napari_nucleus.training.augment import GLASS, Cut, Move
from napari_nucleus.training.dense_targets import DENSE_TARGETS, LABEL_TARGETS, DenseTarget, dense_targets
from napari_nucleus.training.symmetry import Symmetry, turn_vectors
from napari_nucleus.training.targets import boundary_targets, hv_targets

SIDE = 96
ANGLES = (17.0, -60.0, 135.0)


@pytest.fixture(scope="module")
def labels():
    """Nuclei of 8 to 14 px, two of them touching, one in the corner."""
    labels = np.zeros((160, 180), np.int32)
    shapes = ((40, 50, 10, 16), (41, 84, 9, 17), (90, 60, 14, 14), (100, 120, 8, 15), (60, 130, 12, 9), (3, 4, 9, 9))
    for number, shape in enumerate(shapes, 1):
        labels[ellipse(*shape, shape=labels.shape, rotation=0.3 * number)] = number
    return labels


@pytest.fixture(scope="module")
def image(labels):
    """Dark nuclei on bright ground, each of its own colour."""
    return np.where(labels[..., None] > 0, np.stack([labels * 20, labels * 5, labels * 0 + 90], -1), 220).astype(
        np.uint8
    )


@pytest.fixture(scope="module")
def targets(labels):
    return {name: np.moveaxis(t, 0, -1) for name, t in dense_targets(labels, LABEL_TARGETS).items()}


def test_without_a_move_it_is_the_square_itself(image, labels, targets):
    cut = Cut(20, 30, SIDE)
    square = np.s_[20 : 20 + SIDE, 30 : 30 + SIDE]
    np.testing.assert_array_equal(cut.image(image), image[square])
    np.testing.assert_array_equal(cut.nearest(labels), labels[square])
    for name, target in targets.items():
        np.testing.assert_array_equal(cut.target(name, target, labels), target[square])


@pytest.mark.parametrize("symmetry", [Symmetry(*flags) for flags in product((False, True), repeat=3)], ids=str)
@pytest.mark.parametrize("move", [Move(), Move(1.2), Move(0.8, 25.0)], ids=str)
def test_symmetries_come_last_and_turn_everything(image, labels, targets, symmetry, move):
    plain, turned = Cut(20, 30, SIDE, move), Cut(20, 30, SIDE, Move(move.zoom, move.angle, symmetry))
    np.testing.assert_array_equal(turned.image(image), symmetry.turn(plain.image(image)))
    np.testing.assert_array_equal(turned.nearest(labels), symmetry.turn(plain.nearest(labels)))
    for name, target in targets.items():
        expected = LABEL_TARGETS[name].turn(plain.target(name, target, labels), symmetry)
        np.testing.assert_array_equal(turned.target(name, target, labels), expected)


def test_a_right_angle_is_a_quarter_turn(image, labels, targets):
    square = np.s_[20 : 20 + SIDE, 30 : 30 + SIDE]
    cut, quarter = Cut(20, 30, SIDE, Move(angle=90)), Symmetry(True, False, True)  # as np.rot90
    np.testing.assert_array_equal(cut.nearest(labels), np.rot90(labels[square]))
    np.testing.assert_array_equal(quarter.turn(labels[square]), np.rot90(labels[square]))
    assert np.abs(cut.image(image).astype(int) - np.rot90(image[square])).max() <= 1
    flow = cut.target("flow", targets["flow"], labels)
    np.testing.assert_allclose(flow, quarter.turn_vectors(targets["flow"][square], x=1), atol=1e-5)


@pytest.mark.parametrize("angle", ANGLES)
def test_turns_as_scipy_does(labels, angle):
    square = labels[20 : 20 + SIDE, 30 : 30 + SIDE]
    turned = Cut(20, 30, SIDE, Move(angle=angle)).nearest(labels)
    expected = ndimage.rotate(square, angle, reshape=False, order=0)
    y, x = np.indices(square.shape) - (SIDE - 1) / 2
    known = np.hypot(y, x) < SIDE / 2 - 1  # the corners come from outside of the square
    assert (turned == expected)[known].mean() > 0.99


@pytest.mark.parametrize("move", [Move(1.3), Move(0.75), Move(1.0, 40.0), Move(1.25, -130.0), Move(0.8, 75.0)], ids=str)
def test_image_and_labels_stay_in_register(image, labels, move):
    cut = Cut(20, 30, SIDE, move)
    picture, nuclei = cut.image(image), cut.nearest(labels)
    for number in np.unique(nuclei[nuclei > 0]):
        core = ndimage.binary_erosion(nuclei == number, iterations=2, border_value=1)
        assert (np.abs(picture[core].astype(int) - [number * 20, number * 5, 90]) <= 1).all()
    ground = ndimage.binary_erosion(nuclei == 0, iterations=2, border_value=1)
    assert set(np.unique(picture[ground])) <= {220, *range(220, GLASS + 1)}


@pytest.mark.parametrize("angle", ANGLES)
def test_hv_of_a_turned_image_is_that_of_its_labels(labels, targets, angle):
    """Nuclei that the crop cuts keep the middle that they have as a whole."""
    move = Move(angle=angle)
    large, small = Cut(8, 18, SIDE + 64, move), Cut(40, 50, SIDE, move)
    inner = np.s_[32 : 32 + SIDE, 32 : 32 + SIDE]
    whole = large.nearest(labels)
    np.testing.assert_array_equal(small.nearest(labels), whole[inner])
    found = np.moveaxis(small.target("hv", targets["hv"], labels), -1, 0)
    np.testing.assert_array_equal(found, hv_targets(whole)[:, *inner])
    assert found[0].min() == -1
    assert found[1].max() == 1


@pytest.mark.parametrize("zoom", [0.75, 1.3])
def test_hv_of_a_zoomed_image_is_that_of_its_labels(labels, targets, zoom):
    cut = Cut(10, 10, 120, Move(zoom))
    nuclei = cut.nearest(labels)
    whole = nuclei * ~np.isin(nuclei, np.concatenate([nuclei[[0, -1]].ravel(), nuclei[:, [0, -1]].ravel()]))
    difference = np.abs(np.moveaxis(cut.target("hv", targets["hv"], labels), -1, 0) - hv_targets(nuclei))
    assert len(np.unique(whole)) > 2
    assert difference[:, whole > 0].mean() < 0.05  # less than half a pixel, in nuclei of 9 px and more


@pytest.mark.parametrize("angle", ANGLES)
def test_flow_of_a_turned_image_is_that_of_its_labels(labels, targets, angle):
    move = Move(angle=angle)
    flow = np.moveaxis(Cut(52, 62, SIDE, move).target("flow", targets["flow"], labels), -1, 0)
    around = Cut(20, 30, SIDE + 64, move).nearest(labels)
    made = dense_targets(around, ["flow"])["flow"][:, 32:-32, 32:-32]
    inside = around[32:-32, 32:-32] > 0
    assert not flow[:, ~inside].any()
    assert (flow * made).sum(0)[inside].mean() > 0.98
    assert np.abs(np.hypot(*flow)[inside] - 1).mean() < 0.01


@pytest.mark.parametrize("move", [Move(0.75), Move(1.3), Move(1.2, 33.0)], ids=str)
def test_edges_stay_two_pixels_wide(labels, targets, move):
    cut = Cut(20, 30, SIDE, move)
    edges = cut.target("boundary", targets["boundary"], labels)[..., 0]
    inner = np.s_[1:-1, 1:-1]
    np.testing.assert_array_equal(edges[inner], boundary_targets(cut.nearest(labels))[0][inner])


def test_outside_there_is_glass_and_nothing_else(image, labels, targets):
    for move in (Move(), Move(0.8), Move(1.1, 45.0)):
        cut = Cut(130, 150, SIDE, move)
        picture, nuclei = cut.image(image), cut.nearest(labels)
        assert (picture[-20:, -20:] == GLASS).all()
        assert not nuclei[-20:, -20:].any()
        assert not cut.target("flow", targets["flow"], labels)[-20:, -20:].any()
    far = Cut(5000, 5000, 32, Move(angle=10))
    assert (far.image(image) == GLASS).all()
    assert not far.nearest(labels).any()


def test_crops_can_begin_outside(image, labels):
    cut = Cut(-10, -10, 40)
    assert (cut.image(image)[:10] == GLASS).all()
    np.testing.assert_array_equal(cut.nearest(labels)[10:, 10:], labels[:30, :30])


def test_cutting_leaves_the_source_alone(labels):
    before = labels.copy()
    cut = Cut(0, 0, 32, Move(1.0, 20.0)).nearest(labels)
    cut[:] = 99
    np.testing.assert_array_equal(labels, before)


def test_vectors_turn_where_they_stand():
    right = np.zeros((1, 1, 2), np.float32)
    right[..., 0] = 1  # x first, as in HV
    np.testing.assert_allclose(turn_vectors(right, 90, x=0)[0, 0], [0, -1], atol=1e-6)  # up, as rows go down
    np.testing.assert_allclose(turn_vectors(right[..., ::-1], 90, x=1)[0, 0], [-1, 0], atol=1e-6)


def test_what_cannot_turn_by_an_angle_is_refused(labels, monkeypatch):
    monkeypatch.setitem(DENSE_TARGETS, "theirs", DenseTarget(x=0, rotates=False))
    hv = np.moveaxis(hv_targets(labels), 0, -1)
    assert Cut(0, 0, 32, Move(1.2)).target("theirs", hv, labels).shape == (32, 32, 2)
    with pytest.raises(NucleusError, match="'theirs'"):
        Cut(0, 0, 32, Move(angle=10)).target("theirs", hv, labels)
