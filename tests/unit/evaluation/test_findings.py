import json

import numpy as np
import pandas as pd
import pytest

from napari_nucleus.evaluation import Case, compare, evaluate
from napari_nucleus.evaluation.findings import Findings, as_record, write_json, write_tables
from napari_nucleus.evaluation.text import answer, columns, difference, interval, number, probability, summary


@pytest.fixture
def findings(random_case):
    cases = [random_case(seed, tissue="Breast" if seed % 2 else "Colon") for seed in range(4)]
    worse = [Case(c.name, c.truth, type(c.truth).from_labels(np.zeros_like(c.truth.labels), classes="consep"), c.tissue)
             for c in cases[:2]] + cases[2:]  # fmt: skip
    first, second = evaluate(cases), evaluate(worse)
    table = first.table(bootstrap=50)
    return Findings("p", "t", first, table, {"bootstrap": 50}, ("a note",), "q", compare(first, second, bootstrap=50))


def test_the_record_holds_everything(findings, tmp_path):
    write_json(tmp_path / "a.json", findings)
    record = json.loads((tmp_path / "a.json").read_text())
    assert record == as_record(findings)
    assert record["overall"]["pq"]["value"] == findings.evaluation.value("pq")
    assert record["overall"]["pq"]["low"] <= record["overall"]["pq"]["value"] <= record["overall"]["pq"]["high"]
    assert record["classes"]["epithelial"]["f_c"]["value"] == findings.evaluation.value("f_c", "epithelial")
    assert set(record["tissues"]) == {"Breast", "Colon"}
    assert [image["name"] for image in record["images"]] == list(findings.evaluation.names)
    assert record["overall"]["ece"]["value"] is None  # no probabilities
    assert sum(map(sum, record["confusion"]["counts"])) > 0
    assert record["comparison"]["other"] == "q"


def test_tables_come_back(findings, tmp_path):
    beside = write_tables(tmp_path / "a.csv", findings)
    read = pd.read_csv(tmp_path / "a.csv", keep_default_na=False, na_values=[""])
    np.testing.assert_allclose(read["value"], findings.table["value"])
    assert beside.name == "a.images.csv"
    assert len(pd.read_csv(beside)) == 4


def test_the_summary_is_plain_text_of_one_page_width(findings):
    told = summary(findings)
    assert "\x1b" not in told
    assert max(map(len, told.splitlines()[2:])) <= 100
    for part in ("PQ", "95 % interval", "epithelial", "Breast", "F class (HoVer-Net)", "difference"):
        assert part in told


def test_answers_in_a_sentence(findings):
    tp, fp, fn = findings.evaluation.tallies.panoptic.sum(0)[:3].astype(int)
    assert f"{tp} of {tp + fn} annotated nuclei were found" in answer(findings)
    assert f"{fp} of {tp + fp} predictions are extra" in answer(findings)
    same = compare(findings.evaluation, findings.evaluation, bootstrap=50)
    alike = Findings("p", "t", findings.evaluation, findings.table, other="q", comparison=same)
    assert difference(alike).startswith("PQ doesn't tell q from p")
    assert difference(Findings("p", "t", findings.evaluation, findings.table)) == ""


@pytest.mark.parametrize(
    ("value", "told"), [(0.12345, "0.123"), (-0.5, "-0.500"), (-1234.5, "-1,234"), (float("nan"), "–"), (1.0, "1.000")]
)
def test_numbers(value, told):
    assert number(value) == told


def test_intervals():
    assert interval(0.1, 0.25) == "(0.100–0.250)"
    assert interval(-0.1, 0.25) == "(-0.100 to 0.250)"
    assert interval(float("nan"), 1) == ""
    assert [probability(p) for p in (0.002, 0.25, float("nan"))] == ["< 0.01", "0.25", "–"]


def test_columns_stand_below_one_another():
    assert columns([("a", "bb"), ("ccc", "d")]).splitlines() == ["a    bb", "-------", "ccc  d"]
