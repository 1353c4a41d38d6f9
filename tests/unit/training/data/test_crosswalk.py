import numpy as np
import pytest

from napari_nucleus.core import ClassScheme, NucleusError, NucleusMap, numbered_scheme, scheme
from napari_nucleus.training.data.crosswalk import Crosswalk
from napari_nucleus.training.losses import UNKNOWN
from napari_nucleus.training.recipe import DataSource


def nuclei(kinds):
    return NucleusMap.from_labels(np.eye(3, dtype=int), classes=kinds)


def names(source, kinds, target="consep"):
    """What each class becomes, by name."""
    numbers = Crosswalk(source, scheme(target))(nuclei(scheme(kinds)))[1:]
    goals = {UNKNOWN: None} | dict(enumerate(scheme(target).classes, 1))
    return {name: goals[int(n)] for name, n in zip(scheme(kinds).classes, numbers, strict=True)}


def test_a_known_crosswalk_goes_by_name():
    assert names(DataSource("a", classes=True), "pannuke") == {
        "neoplastic": "epithelial",
        "inflammatory": "inflammatory",
        "connective": "spindle-shaped",
        "dead": "other",
        "epithelial": "epithelial",
    }


def test_what_a_known_crosswalk_leaves_out_is_unknown():
    assert names(DataSource("a", classes=True), "pannuke", "msa3")["dead"] is None


def test_the_order_of_classes_does_not_matter():
    """The public HoVer-Net orders MoNuSAC's classes otherwise."""
    turned = ClassScheme("theirs", ("epithelial", "lymphocyte", "macrophage", "neutrophil"), ("#000000",) * 4)
    found = Crosswalk(DataSource("a", classes=True), scheme("monusac"))(nuclei(turned))
    assert found.tolist() == [UNKNOWN, 1, 2, 4, 3]


def test_a_table_stands_in_place_of_a_known_crosswalk():
    table = {"neoplastic": "other", "dead": "unknown"}
    found = names(DataSource("a", crosswalk=table), "pannuke")
    assert found.pop("neoplastic") == "other"
    assert set(found.values()) == {None}


def test_numbers_without_names_are_those_of_the_recipe():
    walk = Crosswalk(DataSource("a", classes=True), scheme("consep"))
    assert walk(nuclei(numbered_scheme(2))).tolist() == [UNKNOWN, 1, 2]
    with pytest.raises(NucleusError, match=r"classes 0 to 4 \(consep\) in a, got 5"):
        walk(nuclei(numbered_scheme(5)))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"neoplastic": "epithelium"}, "crosswalk.neoplastic .*'epithelium'. Write 'epithelial'"),
        ({"tumour": "epithelial"}, r"classes of a \(neoplastic, inflammatory, connective.*'tumour'"),
        ({"neoplasti": "epithelial"}, "'neoplasti'. Write 'neoplastic'"),
    ],
)
def test_a_class_that_does_not_exist_is_named(table, message):
    def walk():
        crosswalk = Crosswalk(DataSource("a", crosswalk=table), scheme("consep"))
        crosswalk(nuclei(scheme("pannuke")))
        crosswalk.check()

    with pytest.raises(NucleusError, match=message):
        walk()


def test_no_way_is_one_line_with_the_classes_of_both():
    with pytest.raises(NucleusError, match=r"a \(tumor, nonTIL.*to consep \(other, inf.*table crosswalk") as error:
        names(DataSource("a", classes=True), "nucls")
    assert "\n" not in str(error.value)
