import numpy as np
import pytest
import torch

from napari_nucleus.core import NucleusError
from napari_nucleus.training.augment import NO_AUGMENTATION, Augmentation, Move, as_tensor
from napari_nucleus.training.symmetry import Symmetry

EVERYTHING = Augmentation(
    rotation=180, quarter_turn=0.5, brightness=0.2, contrast=0.2, saturation=0.2, hue=0.05, blur=0.5, macenko=0.3,
    reinhard=0.3,
)  # fmt: skip


def test_a_generator_alone_decides(tile):
    first, again, other = (EVERYTHING.recolour(tile[0], np.random.default_rng(s)) for s in (1, 1, 2))
    assert first.equal(again)
    assert not first.equal(other)
    assert EVERYTHING.move(np.random.default_rng(1)) == EVERYTHING.move(np.random.default_rng(1))
    assert EVERYTHING.move(np.random.default_rng(1)) != EVERYTHING.move(np.random.default_rng(2))


def test_gives_what_networks_take(tile):
    for seed in range(5):
        image = EVERYTHING.recolour(tile[0], np.random.default_rng(seed))
        assert image.shape == (3, 256, 256)
        assert image.dtype == torch.float32
        assert 0 <= image.min() <= image.max() <= 1


def test_none_leaves_everything_as_it_is(tile):
    rng = np.random.default_rng(0)
    assert all(NO_AUGMENTATION.move(rng) == Move() for _ in range(20))
    assert NO_AUGMENTATION.recolour(tile[0], rng).equal(as_tensor(tile[0]))
    np.testing.assert_array_equal(as_tensor(tile[0]).permute(1, 2, 0).mul(255).round(), tile[0])


def test_colours_do_not_touch_the_image_itself(tile):
    before = tile[0].copy()
    for seed in range(5):
        EVERYTHING.recolour(tile[0], np.random.default_rng(seed))
    np.testing.assert_array_equal(tile[0], before)


def test_moves_stay_within_their_strengths():
    rng = np.random.default_rng(0)
    moves = [Augmentation(scale=1.5, rotation=30).move(rng) for _ in range(300)]
    assert 1 / 1.5 <= min(m.zoom for m in moves) < 0.75 < 1.35 < max(m.zoom for m in moves) <= 1.5
    assert -30 <= min(m.angle for m in moves) < -20 < 20 < max(m.angle for m in moves) <= 30


@pytest.mark.parametrize(
    ("chances", "expected"),
    [
        ({"flip": 1.0, "transpose": 0.0}, {Symmetry(True, True)}),
        ({"flip": 0.0, "transpose": 1.0}, {Symmetry(diagonal=True)}),
        (
            {"flip": 0.0, "transpose": 0.0, "quarter_turn": 1.0},
            {Symmetry(True, False, True), Symmetry(True, True), Symmetry(False, True, True)},
        ),
    ],
)
def test_symmetries_by_their_chances(chances, expected):
    rng = np.random.default_rng(0)
    assert {Augmentation(**chances).move(rng).symmetry for _ in range(60)} == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [("flip", 1.2), ("rotation", -1), ("rotation", 181), ("scale", 0.8), ("stain", -1), ("hue", 0.6), ("blur_limit", 1),
     ("macenko", float("nan"))],
)  # fmt: skip
def test_values_out_of_range_are_named(field, value):
    with pytest.raises(NucleusError, match=field):
        Augmentation(**{field: value})


def test_turned_views_are_taken_as_they_are(tile):
    turned = Symmetry(True, True, True).turn(tile[0])
    for seed in range(6):
        first, again = (EVERYTHING.recolour(i, np.random.default_rng(seed)) for i in (turned, turned.copy()))
        assert first.equal(again)
