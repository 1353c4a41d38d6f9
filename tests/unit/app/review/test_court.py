"""The relabel court."""

import json
from threading import Thread

import numpy as np
import pandas as pd
import pytest

from napari_nucleus.app.review import Court, Verdict
from napari_nucleus.app.review.verdicts import FILE, Cell, VerdictFile
from napari_nucleus.core import NucleusError


@pytest.fixture
def ledger():
    return pd.DataFrame(
        {
            "source": "a",
            "image": ["one", "one", "two", "two"],
            "label": [1, 2, 1, 7],
            "old_class": "inflammatory",
            "new_class": ["lymphocyte", "neutrophil", "inflammatory", "inflammatory"],
            "proposed_class": ["lymphocyte", "neutrophil", "lymphocyte", "macrophage"],
            "confidence": [0.95, 0.9, 0.6, 0.5],
        }
    )


def with_votes(ledger, folder=None):
    court = Court(ledger, folder)
    court.vote("graph", ["lymphocyte", "lymphocyte", "lymphocyte", ""], [0.9, 0.7, 0.8, np.nan])
    court.vote("student", ["lymphocyte", "macrophage", "neutrophil", "macrophage"])
    return court


def test_votes_stand_side_by_side(ledger):
    court = with_votes(ledger)
    assert court.voters == ["teacher", "student", "graph"]
    votes = court.votes(1)
    assert [(v.voter, v.name) for v in votes] == [
        ("teacher", "neutrophil"), ("student", "macrophage"), ("graph", "lymphocyte")
    ]  # fmt: skip
    assert [v.voter for v in court.votes(3)] == ["teacher", "student"]


def test_the_most_disputed_come_first(ledger):
    assert with_votes(ledger).order().tolist() == [1, 2, 3, 0]


def test_verdicts_decide_on_the_final_class(ledger):
    court = with_votes(ledger)
    for row, verdict in enumerate((Verdict.REJECT, Verdict.ABSTAIN, Verdict.ACCEPT)):
        court.decide(row, verdict, "ana")
    table = court.table
    assert table["final_class"].tolist() == ["inflammatory", "neutrophil", "lymphocyte", "inflammatory"]
    assert table["verdict"].tolist() == ["reject", "abstain", "accept", ""]
    assert court.order().tolist() == [3]
    assert court.diff()["label"].tolist() == [2, 1]
    assert court.summary()["cells"].sum() == len(court)


def test_verdicts_outlive_the_program(ledger, tmp_path):
    ledger.to_parquet(tmp_path / "ledger.parquet")
    court = Court.open(tmp_path)
    court.decide(0, Verdict.REJECT, "ana")
    court.decide(0, Verdict.ACCEPT, "ben")
    court.decide(1, Verdict.REJECT, "ana")
    court.withdraw(1, "ana")
    again = Court.open(tmp_path)
    assert [again.verdict(row) for row in range(4)] == [Verdict.ACCEPT, None, None, None]
    assert again.table["annotator"].tolist() == ["ben", "", "", ""]
    assert len(VerdictFile(tmp_path).read()) == 4  # nothing is forgotten


def test_a_torn_line_costs_only_itself(tmp_path):
    file = VerdictFile(tmp_path)
    file.add(Cell("a", 'odd "name",\n', 3), Verdict.ACCEPT, "ana")
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole + whole[:-9])
    file.add(Cell("a", "two", 4), Verdict.REJECT, "ana")
    assert [line.cell for line in file.read()] == [Cell("a", 'odd "name",\n', 3), Cell("a", "two", 4)]


def test_two_courts_at_once_lose_nothing(ledger, tmp_path):
    ledger.to_parquet(tmp_path / "ledger.parquet")

    def decide(annotator):
        court = Court.open(tmp_path)
        for i in range(25):
            court.decide(i % 4, Verdict.ACCEPT, annotator)

    threads = [Thread(target=decide, args=(name,)) for name in ("ana", "ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = VerdictFile(tmp_path).read()
    assert pd.Series([line.annotator for line in lines]).value_counts().to_dict() == {"ana": 25, "ben": 25}


def test_a_verdict_that_cannot_be_written_is_none(ledger, tmp_path):
    ledger.to_parquet(tmp_path / "ledger.parquet")
    court = Court.open(tmp_path)
    (tmp_path / FILE).mkdir()
    with pytest.raises(NucleusError, match="Expected to write the verdict"):
        court.decide(0, Verdict.ACCEPT, "ana")
    assert court.verdict(0) is None


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_export(ledger, tmp_path, suffix):
    court = with_votes(ledger)
    court.decide(2, Verdict.ACCEPT, "ana")
    read = pd.read_csv if suffix == ".csv" else pd.read_parquet
    court.export(tmp_path / f"all{suffix}")
    court.export(tmp_path / f"diff{suffix}", only_changed=True)
    assert read(tmp_path / f"all{suffix}")["final_class"].tolist() == court.table["final_class"].tolist()
    assert len(read(tmp_path / f"diff{suffix}")) == len(court.diff()) == 3


def test_export_to_another_suffix_is_refused(ledger, tmp_path):
    with pytest.raises(NucleusError, match=r"\.csv or \.parquet"):
        Court(ledger).export(tmp_path / "ledger.xlsx")


def test_other_tables_and_broken_ones_are_refused(ledger, tmp_path):
    with pytest.raises(NucleusError, match="confidence"):
        Court(ledger.drop(columns="confidence"))
    with pytest.raises(NucleusError, match="twice"):
        Court(pd.concat([ledger, ledger[:1]]))
    with pytest.raises(NucleusError, match="no ledger"):
        Court.open(tmp_path)
    (tmp_path / "ledger.parquet").write_bytes(b"nonsense")
    with pytest.raises(NucleusError, match="broken"):
        Court.open(tmp_path)


def test_verdicts_are_readable_text(ledger, tmp_path):
    VerdictFile(tmp_path).add(Cell("a", "one", 1), Verdict.ACCEPT, "ana")
    values = json.loads((tmp_path / FILE).read_text().strip())
    assert values[1:] == ["ana", "a", "one", 1, "accept"]
