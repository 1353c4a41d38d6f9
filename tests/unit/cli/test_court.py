import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from napari_nucleus.app.review import Court, Verdict
from napari_nucleus.cli import app
from napari_nucleus.core import NucleusError


def command(*words):
    return CliRunner().invoke(app, ["court", *(str(word) for word in words)])


@pytest.fixture
def run(tmp_path):
    ledger = pd.DataFrame(
        {
            "source": "a",
            "image": "one",
            "label": np.arange(3),
            "old_class": "round",
            "new_class": ["red", "red", "round"],
            "proposed_class": ["red", "red", "blue"],
            "confidence": [0.9, 0.9, 0.5],
        }
    )
    ledger.to_parquet(tmp_path / "ledger.parquet")
    Court.open(tmp_path).decide(1, Verdict.REJECT, "ana")
    return tmp_path


def test_counts_export_and_differences(run):
    found = command(run, "--export", run / "all.csv", "--diff", run / "diff.parquet")
    assert found.exit_code == 0, found.output
    assert "reject" in found.output
    assert pd.read_csv(run / "all.csv")["final_class"].tolist() == ["red", "round", "round"]
    assert pd.read_parquet(run / "diff.parquet")["label"].tolist() == [0]


def test_the_data_are_asked_for(run):
    for option in ("--votes", "--out=refined"):
        error = command(run, option).exception
        assert isinstance(error, NucleusError)
        assert "--data" in str(error)
