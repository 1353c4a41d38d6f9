import numpy as np
import pytest

from napari_nucleus.core import ClassScheme, NucleusError, NucleusMap, numbered_scheme, scheme
from napari_nucleus.evaluation.classes import harmonise, merged

TWO = np.array([[1, 1, 0, 2]])


def made_of(*classes, name="imported"):
    return ClassScheme(name, classes, ("#000000",) * len(classes))


def nuclei(kinds, *numbers, prob=None):
    return NucleusMap.from_labels(TWO, classes=kinds, class_of=dict(enumerate(numbers, 1)), type_prob=prob)


def test_the_same_classes_in_another_order_are_matched_by_name():
    monusac = scheme("monusac")
    other = made_of("epithelial", "lymphocyte", "macrophage", "neutrophil", name="checkpoint")
    both = harmonise(monusac, other)
    assert both.scheme == monusac
    assert both.note == ""
    read = both.prediction(nuclei(other, 3, 4))
    assert read.class_numbers.tolist() == [4, 3]
    assert both.truth(nuclei(monusac, 1, 2)).class_numbers.tolist() == [1, 2]


def test_a_crosswalk_leads_to_the_classes_of_the_truth():
    both = harmonise(scheme("consep"), scheme("pannuke"))
    assert both.scheme.name == "consep"
    assert "connective → spindle-shaped" in both.note
    prob = np.broadcast_to(np.array([0, 0.4, 0.1, 0.1, 0.1, 0.3])[:, None, None], (6, 1, 4))
    read = both.prediction(nuclei("pannuke", 1, 3, prob=prob))
    assert read.table["class"].tolist() == ["epithelial", "spindle-shaped"]
    assert read.table["p_epithelial"].tolist() == pytest.approx([0.7, 0.7])  # neoplastic and epithelial
    assert "p_neoplastic" not in read.table


def test_a_class_without_counterpart_is_unknown():
    both = harmonise(scheme("msa3"), scheme("pannuke"))
    assert both.prediction(nuclei("pannuke", 4, 2)).table["class"].tolist() == ["unknown", "immune"]
    assert "dead → unknown" in both.note


@pytest.mark.parametrize("lacking", ["truth", "prediction"])
def test_without_classes_on_one_side_the_nuclei_are_compared(lacking):
    sides = {"truth": scheme("consep"), "prediction": scheme("consep")} | {lacking: scheme("nucleus")}
    both = harmonise(**sides)
    assert both.scheme.name == "nucleus"
    assert lacking in both.note
    assert both.truth(nuclei("consep", 1, 0)).class_numbers.tolist() == [1, 1]


def test_classes_that_are_merely_found_may_be_fewer():
    few = made_of("epithelial", "other")
    assert harmonise(few, scheme("consep")).scheme.name == "consep"
    assert harmonise(scheme("consep"), few).scheme.name == "consep"
    assert harmonise(numbered_scheme(2), numbered_scheme(4)).scheme.classes == numbered_scheme(4).classes
    assert set(harmonise(made_of("a", "b"), made_of("b", "c")).scheme.classes) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        (scheme("consep"), scheme("nucls"), r"\(consep\) .*\(nucls\).* Rename"),
        (scheme("consep"), numbered_scheme(4), "--classes"),
        (scheme("pannuke"), scheme("consep"), "pannuke"),
    ],
)
def test_classes_that_cannot_be_compared_are_both_named(truth, prediction, message):
    with pytest.raises(NucleusError, match=message):
        harmonise(truth, prediction)


def test_the_scheme_of_many_files():
    assert merged([scheme("consep"), made_of("x", "y")]).name == "consep"
    assert merged([made_of("epithelial", "other"), made_of("inflammatory", "spindle-shaped")]).name == "consep"
    assert merged([numbered_scheme(1), numbered_scheme(3), numbered_scheme(2)]).classes == numbered_scheme(3).classes
    assert set(merged([made_of("a"), scheme("nucleus"), made_of("b")]).classes) == {"a", "b"}


def test_a_file_of_other_classes_than_the_rest_is_refused():
    both = harmonise(scheme("consep"), made_of("epithelial", "other"))
    with pytest.raises(NucleusError, match="got tumour"):
        both.prediction(nuclei(made_of("epithelial", "tumour"), 1, 2))
