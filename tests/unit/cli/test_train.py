import os
import signal

import pytest

from napari_nucleus.cli.training import follow_training
from napari_nucleus.core import Progress


def work(closed, steps=3, interrupted_at=0):
    try:
        yield Progress(0, steps, "reading images")
        for step in range(1, steps + 1):
            if step == interrupted_at:
                os.kill(os.getpid(), signal.SIGINT)
            scores = {"val_pq": 0.25} if step == 2 else {}
            yield Progress(step, steps, "training", {"loss": 2.0 / step, "rate": 0.1, **scores})
    except GeneratorExit:
        closed.append(True)
        raise
    return "run"


def test_a_line_tells_step_loss_score_and_time_left(capsys):
    assert follow_training(work([])) == "run"
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "reading images"
    assert lines[1].startswith("training 1/3  loss 2")
    assert lines[-1].startswith("training 3/3  loss 0.6667  val_pq 0.25")
    assert "left" in lines[-1]


def test_ctrl_c_ends_after_the_step_with_a_checkpoint(capsys):
    closed, former = [], signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit) as end:
        follow_training(work(closed, interrupted_at=2))
    assert end.value.code == 130
    assert closed == [True]
    assert "stopped after step 2; go on with --resume" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is former


def test_of_several_processes_the_first_speaks(capsys, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    assert follow_training(work([])) == "run"
    assert capsys.readouterr().out == ""
