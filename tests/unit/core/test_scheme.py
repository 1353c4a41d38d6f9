import itertools

import numpy as np
import pytest

from napari_nucleus.core import SCHEMES, ClassScheme, NucleusError, own_scheme, scheme


@pytest.mark.parametrize("name", SCHEMES)
def test_names_and_numbers_go_both_ways(name):
    kinds = scheme(name)
    assert [kinds.number_of(kinds.name_of(n)) for n in range(len(kinds) + 1)] == list(range(len(kinds) + 1))


def seen(color, matrix):
    """A colour as a colour-blind eye sees it (linear RGB, Viénot et al. 1999)."""
    rgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.array(matrix) @ rgb**2.2


PROTAN = [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]
DEUTAN = [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("eye", [np.eye(3), PROTAN, DEUTAN], ids=["full", "protan", "deutan"])
def test_colours_are_told_apart(name, eye):
    colors = [seen(c, eye) for c in scheme(name).colors]
    assert all(np.linalg.norm(a - b) > 0.08 for a, b in itertools.combinations(colors, 2))


@pytest.mark.parametrize("name", SCHEMES)
def test_crosswalks_name_classes_that_exist(name):
    source = scheme(name)
    for target, names in source.crosswalks.items():
        assert set(names) <= set(source.classes)
        assert set(names.values()) <= set(scheme(target).classes)


def test_crosswalk_goes_by_name():
    walk = scheme("monusac").crosswalk_to(scheme("consep"))
    assert walk == {1: 3, 2: 2, 3: 2, 4: 2}
    assert scheme("consep").crosswalk_to(scheme("msa3")) == {1: 0, 2: 3, 3: 1, 4: 2}
    assert scheme("consep").crosswalk_to(scheme("consep")) == {1: 1, 2: 2, 3: 3, 4: 4}


def test_what_there_is_not():
    with pytest.raises(NucleusError, match="crosswalk from msa3 to consep"):
        scheme("msa3").crosswalk_to(scheme("consep"))
    with pytest.raises(NucleusError, match="pannuke"):
        scheme("nothing")
    with pytest.raises(NucleusError, match="inflammatory"):
        scheme("consep").number_of("tumor")
    with pytest.raises(NucleusError, match="one colour"):
        ClassScheme("x", ("a", "b"), ("#000000",))


def test_keys():
    kinds = ClassScheme("many", tuple(map(str, range(12))), ("#000000",) * 12)
    assert [kinds.key_of(n) for n in (1, 9, 10, 11)] == ["1", "9", "0", "Shift-1"]


def test_a_user_s_own_classes_get_colours_of_their_own():
    kinds = own_scheme("mine", ["plasma cell", "mitosis", "other"], ["#E69F00"])
    assert kinds.colors[0] == "#E69F00"
    assert len(set(kinds.colors)) == 3
    assert scheme(kinds) is kinds


@pytest.mark.parametrize(
    ("name", "classes", "colors", "says"),
    [
        ("consep", ["a"], [], "name of its own"),
        ("mine", [], [], "Name each class"),
        ("mine", ["a", "unknown"], [], "Name each class"),
        ("mine", ["a", "a"], [], "different classes"),
        ("mine", ["a"], ["red"], "#RRGGBB"),
        ("mine", ["a"], ["#000000", "#111111"], "one colour"),
    ],
)
def test_own_classes_that_make_no_sense(name, classes, colors, says):
    with pytest.raises(NucleusError, match=says):
        own_scheme(name, classes, colors)
