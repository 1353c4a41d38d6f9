import numpy as np
import pandas as pd
import pytest

from napari_nucleus.app.correct.courtroom import Courtroom
from napari_nucleus.app.review.verdicts import Verdict


@pytest.fixture
def run(tmp_path):
    """A run of cross-relabelling with three cells, one of them without a picture."""
    ledger = pd.DataFrame(
        {
            "source": "a",
            "image": ["t1", "t1", "t2"],
            "label": [1, 2, 1],
            "old_class": "broad",
            "new_class": ["x", "broad", "y"],
            "proposed_class": ["x", "x", "y"],
            "confidence": [0.9, 0.6, 0.8],
        }
    )
    ledger.to_parquet(tmp_path / "ledger.parquet")
    (tmp_path / "a").mkdir()
    ledger.loc[:1, ["image", "label"]].to_parquet(tmp_path / "a" / "cells.parquet")
    (tmp_path / "a" / "cells.u8").write_bytes(np.repeat(np.uint8([10, 20]), 4 * 4 * 3).tobytes())
    return tmp_path


def test_the_most_disputed_comes_first_with_its_picture(run):
    room = Courtroom(run)
    case = room.case
    assert (case.cell.image, case.cell.label, case.old_class, case.new_class) == ("t1", 2, "broad", "broad")
    assert [(vote.voter, vote.name, vote.confidence) for vote in case.votes] == [("teacher", "x", 0.6)]
    assert case.picture.shape == (4, 4, 3)
    assert (case.picture == 20).all()
    room.step(1)
    assert room.case.picture is None


def test_a_verdict_goes_on_to_the_next_and_is_taken_back(run):
    room = Courtroom(run)
    first = room.case.cell
    room.decide(Verdict.ACCEPT, "ada")
    assert (room.done, room.case.cell != first) == (1, True)
    again = Courtroom(run)
    assert again.done == 1
    assert again.case.cell != first
    room.undo("ada")
    assert (room.done, room.case.cell, room.case.verdict) == (0, first, None)
    room.undo("ada")
    assert Courtroom(run).done == 0


def test_all_may_be_judged(run):
    room = Courtroom(run)
    for verdict in (Verdict.ABSTAIN, Verdict.REJECT, Verdict.ACCEPT):
        room.decide(verdict, "ada")
    assert room.done == len(room) == 3
    assert room.case.verdict is Verdict.ACCEPT
