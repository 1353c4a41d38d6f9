import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt

from napari_nucleus.app.correct.keys import Action, KeyMap
from napari_nucleus.gui.correct.court_view import CourtView


@pytest.fixture
def court(qtbot, tmp_path):
    """The court of a run with two cells, of which one has a picture."""
    ledger = pd.DataFrame(
        {
            "source": "a",
            "image": ["t1", "t2"],
            "label": [1, 2],
            "old_class": "broad",
            "new_class": ["x", "broad"],
            "proposed_class": ["x", "y"],
            "confidence": [0.9, 0.6],
        }
    )
    ledger.to_parquet(tmp_path / "ledger.parquet")
    (tmp_path / "a").mkdir()
    ledger.loc[1:, ["image", "label"]].to_parquet(tmp_path / "a" / "cells.parquet")
    (tmp_path / "a" / "cells.u8").write_bytes(np.full(8 * 8 * 3, 30, np.uint8).tobytes())
    court = CourtView(lambda: "ada")
    qtbot.addWidget(court)
    court.show()
    court.open(tmp_path)
    return court


def test_each_cell_is_shown_with_its_votes_and_judged_by_one_key(court, qtbot):
    assert not court.picture.pixmap().isNull()
    assert all(word in court.text.text() for word in ("broad", "t2", "teacher", "<b>y</b>", "0.60"))
    qtbot.keyClick(court, Qt.Key.Key_Space)
    assert "t1" in court.text.text()
    assert court.picture.pixmap().isNull()
    assert court.bar.format() == "1 of 2 judged"
    qtbot.keyClick(court, Qt.Key.Key_R)
    assert court.bar.format() == "2 of 2 judged"
    qtbot.keyClick(court, Qt.Key.Key_U)
    qtbot.keyClick(court, Qt.Key.Key_U)
    assert court.bar.format() == "0 of 2 judged"
    qtbot.keyClick(court, Qt.Key.Key_K)
    assert court.room.court.table["verdict"].tolist() == ["", "abstain"]


def test_keys_that_were_bound_anew_count_here_too(court, qtbot):
    court.set_keys(KeyMap.default(0).rebound(Action.ACCEPT, "Q"))
    assert court.buttons[Action.ACCEPT].text() == "accept (Q)"
    qtbot.keyClick(court, Qt.Key.Key_Q)
    assert court.bar.format() == "1 of 2 judged"
