import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from scipy.stats import binomtest

from napari_nucleus.metrics import calibration_error
from napari_nucleus.training.relabel.scores import (
    ALL,
    MEAN,
    accuracy_table,
    at_threshold,
    confusion,
    reliability,
    wilson_interval,
)
from napari_nucleus.training.relabel.temperature import calibrated, fit_temperature


@pytest.mark.parametrize(("right", "total"), [(0, 5), (5, 5), (9, 10), (930, 1000), (1, 1)])
def test_wilson_agrees_with_scipy(right, total):
    expected = binomtest(right, total).proportion_ci(method="wilson")
    assert wilson_interval(right, total) == pytest.approx(tuple(expected), abs=1e-9)


def test_nobody_has_no_interval():
    assert np.isnan(wilson_interval(0, 0)).all()


def test_the_papers_intervals_follow_from_a_tenth_of_all_cells():
    # Table 1: epithelial 0.863 (0.849 to 0.877), with 10 % of 23,207 cells.
    assert wilson_interval(round(0.8626 * 2321), 2321) == pytest.approx((0.848, 0.876), abs=0.002)


def test_accuracy_by_class_over_all_and_their_mean():
    true, found = np.repeat([0, 1], [8, 2]), np.array([0] * 6 + [1] * 2 + [1, 0])
    table = accuracy_table(confusion(true, found, ["a", "b"])).set_index("class")
    assert table["accuracy"].to_dict() == pytest.approx({"a": 0.75, "b": 0.5, ALL: 0.7, MEAN: 0.625})
    assert table.loc["b", "cells"] == 2
    assert ((table["low"] <= table["accuracy"]) & (table["accuracy"] <= table["high"])).all()


def test_a_class_that_does_not_occur_is_left_out_of_the_mean():
    table = accuracy_table(confusion(np.zeros(3, int), np.zeros(3, int), ["a", "b"])).set_index("class")
    assert np.isnan(table.loc["b", "accuracy"])
    assert table.loc[MEAN, "accuracy"] == 1


def test_confusion_has_the_truth_in_rows():
    matrix = confusion(np.array([0, 0, 1]), np.array([1, 0, 1]), ["a", "b"])
    assert matrix.to_numpy().tolist() == [[1, 1], [0, 1]]
    assert (matrix.index.name, matrix.columns.name) == ("true", "found")


@pytest.mark.parametrize("true_temperature", [1.0, 2.5, 6.0])
def test_the_temperature_that_made_the_classes_is_found_again(true_temperature):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 6, (20_000, 3))
    chances = softmax(logits / true_temperature, 1)
    classes = (rng.random((20_000, 1)) > chances.cumsum(1)).sum(1).clip(0, 2)
    temperature = fit_temperature(logits, classes)
    assert temperature == pytest.approx(true_temperature, rel=0.05)
    after = calibrated(logits, temperature)
    assert calibration_error(after.max(1), after.argmax(1) == classes) < 0.01


def test_confidence_is_never_raised():
    assert fit_temperature(np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([0, 1])) == pytest.approx(1, abs=0.01)


def test_coverage_and_accuracy_at_a_threshold():
    found = at_threshold(np.array([0.95, 0.9, 0.6, 0.55]), np.array([True, True, False, True]), 0.9)
    assert (found["coverage"], found["accuracy"], found["cells"]) == (0.5, 1.0, 4)
    nobody = at_threshold(np.array([0.5]), np.array([True]), 0.9)
    assert nobody["coverage"] == 0
    assert np.isnan(nobody["accuracy"])


def test_reliability_has_a_row_a_level_that_occurs():
    table = reliability(np.array([0.55, 0.6, 0.95]), np.array([True, False, True]))
    expected = pd.DataFrame({"cells": [2, 1], "confidence": [0.575, 0.95], "accuracy": [0.5, 1.0]})
    pd.testing.assert_frame_equal(table[["cells", "confidence", "accuracy"]], expected)
