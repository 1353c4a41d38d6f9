import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_nucleus.core import NucleusError
from napari_nucleus.training.relabel.split import balanced, split_groups

SHARES = (0.7, 0.2, 0.1)


def test_no_group_is_in_two_parts_and_each_class_has_its_shares():
    rng = np.random.default_rng(0)
    groups, classes = rng.integers(0, 200, 20_000), rng.choice(3, 20_000, p=[0.8, 0.15, 0.05])
    part = split_groups(list(groups), classes, SHARES)
    assert all(len(set(part[groups == group])) == 1 for group in range(200))
    for number in range(3):
        share = np.bincount(part[classes == number], minlength=3) / (classes == number).sum()
        assert share == pytest.approx(SHARES, abs=0.01)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.integers(4, 12))
def test_few_uneven_groups_still_give_each_part_each_class(seed, n_groups):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), rng.integers(10, 200, n_groups))
    classes = rng.integers(0, 2, len(groups))
    part = split_groups(list(groups), classes, SHARES, seed)
    assert {(p, c) for p, c in zip(part, classes, strict=True)} == {(p, c) for p in range(3) for c in range(2)}
    assert all(len(set(part[groups == group])) == 1 for group in range(n_groups))


def test_the_same_seed_gives_the_same_split():
    groups, classes = np.arange(90) % 30, np.arange(90) % 2
    assert np.array_equal(split_groups(groups, classes, SHARES, 4), split_groups(groups, classes, SHARES, 4))


def test_a_class_in_too_few_images_is_refused():
    with pytest.raises(NucleusError, match=r'at least 3 images .* class 2 in 2.*split_by = "nucleus"'):
        split_groups(list("aabbcdef"), np.array([0, 1, 0, 1, 0, 0, 0, 0]), SHARES)
    with pytest.raises(NucleusError, match="at least 3 images"):
        split_groups(["only"] * 50, np.arange(50) % 2, SHARES)


def test_balanced_draws_as_many_of_each_class_as_the_rarest_has():
    classes = np.repeat([0, 1, 2], [500, 40, 7])
    drawn = balanced(classes, np.random.default_rng(0))
    assert np.bincount(classes[drawn]).tolist() == [7, 7, 7]
    assert len(set(drawn)) == len(drawn)
