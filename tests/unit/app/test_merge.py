import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_nucleus.app.merge import find_edits, merge_edited
from napari_nucleus.core import NucleusError, NucleusMap


def nuclei(labels, classes="consep", **class_of):
    labels = np.asarray(labels, np.int32)
    return NucleusMap.from_labels(labels, classes=classes, class_of={int(k[1:]): v for k, v in class_of.items()})


def class_names(n):
    return dict(zip(n.table["label"].tolist(), n.table["class"], strict=True))


def test_an_edited_nucleus_stays_as_it_was():
    old = nuclei([[5, 5, 0, 0, 7]], l5=2, l7=1)
    new = nuclei([[1, 1, 0, 2, 2]], l1=3, l2=4)

    merged = merge_edited(new, old, {5})

    assert merged.labels.tolist() == [[5, 5, 0, 2, 2]]
    assert class_names(merged) == {2: "spindle-shaped", 5: "inflammatory"}
    assert merged.table.set_index("label")["edited"].to_dict() == {2: False, 5: True}


def test_a_new_nucleus_mostly_under_an_edited_one_is_dropped_others_lose_pixels():
    old = nuclei([[9, 9, 9, 9, 0, 0, 0, 0]])
    new = nuclei([[1, 1, 2, 2, 2, 2, 2, 0]])

    assert merge_edited(new, old, {9}).labels.tolist() == [[9, 9, 9, 9, 2, 2, 2, 0]]


def test_ids_that_clash_are_given_anew_and_stay_unique():
    old = nuclei([[1, 1, 0, 0, 0, 0]], l1=2)
    new = nuclei([[0, 0, 0, 1, 0, 2]], l1=3, l2=4)

    merged = merge_edited(new, old, {1})

    assert merged.labels.tolist() == [[1, 1, 0, 3, 0, 2]]
    assert class_names(merged) == {1: "inflammatory", 2: "spindle-shaped", 3: "epithelial"}


def test_what_was_erased_stays_background():
    old = nuclei([[0, 0, 0, 0]])
    new = nuclei([[1, 1, 0, 2]])

    assert merge_edited(new, old, (), np.array([[1, 1, 0, 0]], bool)).labels.tolist() == [[0, 0, 0, 2]]


def test_probabilities_come_along():
    old, new = nuclei([[5, 0]]), nuclei([[0, 1]])
    old.table["p_other"], new.table["p_other"] = 0.25, 0.75

    merged = merge_edited(new, old, {5})

    assert merged.table.set_index("label")["p_other"].to_dict() == {1: 0.75, 5: 0.25}


def test_different_sizes_or_schemes_are_refused():
    with pytest.raises(NucleusError, match="one image"):
        merge_edited(nuclei([[1]]), nuclei([[1, 1]]), {1})
    with pytest.raises(NucleusError, match="one class scheme"):
        merge_edited(nuclei([[1]]), nuclei([[1]], "pannuke"), {1})


label_maps = hnp.arrays(np.int32, (6, 7), elements=st.integers(0, 6))


@settings(deadline=None)
@given(label_maps, label_maps, st.sets(st.integers(1, 8)), hnp.arrays(bool, (6, 7)))
def test_every_edited_nucleus_is_untouched_and_nothing_new_lies_on_what_was_erased(first, second, edited, erased):
    old, new = nuclei(first, l1=1, l2=2, l3=3), nuclei(second, l1=4)
    erased &= old.labels == 0

    merged = merge_edited(new, old, edited, erased)

    rows, before = merged.table.set_index("label"), old.table.set_index("label")
    for label in edited & set(old.table["label"]):
        np.testing.assert_array_equal(merged.labels == label, old.labels == label)
        assert rows.loc[label, "edited"]
        for column in ("class", "y_px", "x_px", "area_um2"):
            assert rows.loc[label, column] == before.loc[label, column]
    assert not merged.labels[erased].any()
    new_ones = rows.index[~rows["edited"]]
    for label in new_ones:
        under = np.unique(new.labels[merged.labels == label])
        assert len(under) == 1
        assert under[0] > 0


@settings(deadline=None)
@given(label_maps, label_maps)
def test_nothing_edited_gives_the_new_result(first, second):
    old, new = nuclei(first), nuclei(second)

    merged = merge_edited(new, old, ())

    np.testing.assert_array_equal(merged.labels, new.labels)
    assert merged.table["class"].tolist() == new.table["class"].tolist()


@settings(deadline=None)
@given(label_maps, label_maps)
def test_edits_are_what_differs(first, second):
    shown, now = nuclei(first), nuclei(second)

    edits = find_edits(now, shown)

    for label in np.unique(second[second > 0]):
        same = np.array_equal(first == label, second == label)
        assert (int(label) in edits.labels) is not same
    np.testing.assert_array_equal(edits.erased, (first > 0) & (second == 0))
    assert bool(edits) is not np.array_equal(first, second)


def test_another_class_or_a_mark_is_an_edit():
    shown = nuclei([[1, 2, 3]], l1=1, l2=2, l3=3)
    now = nuclei([[1, 2, 3]], l1=1, l2=4, l3=3)
    now.table["edited"] = [False, False, True]

    assert find_edits(now, shown).labels == {2, 3}
