import numpy as np
import pandas as pd

from napari_nucleus.app.training.curves import LOSSES, SCORES, curves


def test_lines_of_what_was_logged():
    table = pd.DataFrame({"step": [1, 2, 3], "loss": [3.0, 2.0, 1.0], "val_pq": [np.nan, 0.4, np.nan]})

    assert [curve.title for curve in curves(table, LOSSES)] == ["training"]
    (score,) = curves(table, SCORES)
    assert (score.steps.tolist(), score.values.tolist()) == ([2], [0.4])


def test_a_long_run_is_averaged_not_cut():
    table = pd.DataFrame({"step": np.arange(1, 10_002), "loss": np.r_[np.zeros(5000), np.ones(5001)]})

    (loss,) = curves(table, LOSSES)

    assert len(loss.steps) <= 400
    assert loss.steps[-1] == 10_001
    assert loss.values[0] == 0
    assert loss.values[-1] == 1


def test_nothing_yet():
    assert curves(pd.DataFrame(), LOSSES) == []
