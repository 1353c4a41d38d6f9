"""Instances stay instances, whatever is done to the image."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from skimage.draw import ellipse
from skimage.measure import label as connected

from napari_nucleus.training.augment import Augmentation, Cut, Move
from napari_nucleus.training.dense_targets import LABEL_TARGETS, dense_targets
from napari_nucleus.training.symmetry import Symmetry

SIDE = 160
symmetries = st.builds(Symmetry, *[st.booleans()] * 3)
seeds = st.integers(0, 2**32 - 1)


def pieces(labels):
    """How many connected pieces each label has."""
    found = connected(labels, background=0, connectivity=2)
    owner = {int(piece): int(label) for piece, label in zip(found.ravel(), labels.ravel(), strict=True) if piece}
    return {label: list(owner.values()).count(label) for label in owner.values()}


@st.composite
def tissue(draw):
    """Nuclei of 8 to 32 px, some touching, all within the middle of an image."""
    labels = np.zeros((SIDE, SIDE), np.int32)
    for number in range(1, draw(st.integers(1, 6)) + 1):
        minor = draw(st.integers(4, 8))
        y, x = (draw(st.integers(SIDE // 2 - 30, SIDE // 2 + 30)) for _ in range(2))
        shape = ellipse(y, x, minor, minor * draw(st.floats(1, 2)), rotation=draw(st.floats(0, 3)))
        labels[shape] = np.where(labels[shape] == 0, number, labels[shape])
    # What is left of one that others cover may be a sliver; a nucleus is thicker.
    counts = pieces(labels)
    area = np.bincount(labels.ravel(), minlength=8)
    return np.where(np.isin(labels, [n for n in counts if counts[n] == 1 and area[n] > 80]), labels, 0)


@given(arrays(np.int32, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 3)), symmetries)
@settings(max_examples=80, deadline=None)
def test_symmetries_keep_the_pieces_and_pixels_of_any_labels(labels, symmetry):
    turned = symmetry.turn(labels)
    assert pieces(turned) == pieces(labels)
    np.testing.assert_array_equal(np.bincount(turned.ravel()), np.bincount(labels.ravel()))


@given(symmetries, symmetries)
@settings(max_examples=64, deadline=None)
def test_one_symmetry_after_another(first, second):
    square = np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(first.then(second).turn(square), second.turn(first.turn(square)))


@given(tissue(), st.floats(0.75, 1.4), st.floats(-180, 180), symmetries)
@settings(max_examples=80, deadline=None)
def test_nuclei_keep_their_number_and_size_by_any_angle_and_zoom(labels, zoom, angle, symmetry):
    move = Move(zoom, angle, symmetry)
    side = round(SIDE * zoom)
    moved = Cut(0, 0, side, move).nearest(labels)
    assert set(np.unique(moved)) == set(np.unique(labels))
    before, after = (np.bincount(array.ravel(), minlength=8)[1:] for array in (labels, moved))
    step = side / move.reach(side)
    np.testing.assert_allclose(after, before * step**2, rtol=0.15, atol=4)


@given(st.integers(4, 9), st.floats(1, 2), st.floats(0, 3), st.floats(0.75, 1.4), st.floats(-180, 180))
@settings(max_examples=80, deadline=None)
def test_a_nucleus_stays_in_one_piece_by_any_angle_and_zoom(minor, ratio, lie, zoom, angle):
    labels = np.zeros((64, 64), np.int32)
    labels[ellipse(32, 32, minor, minor * ratio, shape=labels.shape, rotation=lie)] = 5
    assert pieces(Cut(0, 0, 64, Move(zoom, angle)).nearest(labels)) == {5: 1}


@given(tissue(), seeds)
@settings(max_examples=40, deadline=None)
def test_targets_lie_on_the_nuclei_that_they_are_of(labels, seed):
    move = Augmentation(rotation=180, scale=1.4, quarter_turn=0.5).move(np.random.default_rng(seed))
    cut = Cut(20, 20, 120, move)
    nuclei = cut.nearest(labels) > 0
    targets = {name: np.moveaxis(t, 0, -1) for name, t in dense_targets(labels, LABEL_TARGETS).items()}
    for name in ("hv", "flow"):
        moved = cut.target(name, targets[name], labels)
        assert not moved[~nuclei].any()
        assert np.abs(moved).max(initial=0) <= 1 + 1e-6
    edges = cut.target("boundary", targets["boundary"], labels)
    assert set(np.unique(edges)) <= {0, 1}


@given(tissue(), symmetries)
@settings(max_examples=30, deadline=None)
def test_targets_of_turned_labels_are_the_turned_targets(labels, symmetry):
    """Up to a centre that lies between two pixels, which falls on another side when it is mirrored."""
    for name, kind in LABEL_TARGETS.items():
        turned = kind.turn(np.moveaxis(dense_targets(labels, [name])[name], 0, -1), symmetry)
        expected = np.moveaxis(dense_targets(symmetry.turn(labels), [name])[name], 0, -1)
        if name == "boundary":
            np.testing.assert_array_equal(turned, expected)
        elif labels.any():
            inside = symmetry.turn(labels) > 0
            assert np.abs(turned - expected)[inside].mean() < 0.08
