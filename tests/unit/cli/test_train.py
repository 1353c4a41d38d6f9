import os
import signal

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_nucleus.cli import app
from napari_nucleus.cli.training import follow_training
from napari_nucleus.core import NucleusError, Progress


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


RECIPE = """
name = "tiny"
model = "nucleus_small"
classes = "nucleus"
steps = 2
batch = 1
crop = 64
precision = "float32"
[[sources]]
folder = "squares"
classes = true
mpp = 0.25
"""


@pytest.fixture
def recipe(tmp_path):
    """A recipe with its data beside it."""
    labels = np.zeros((80, 80), np.int32)
    labels[10:30, 10:30], labels[40:60, 40:60] = 1, 2
    image = np.where(labels[..., None] > 0, [110, 60, 150], [230, 190, 215]).astype(np.uint8)
    (tmp_path / "squares").mkdir()
    np.savez(tmp_path / "squares" / "a.npz", image=image, inst=labels, type=(labels > 0).astype(np.uint8))
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE)
    return path


def command(*words):
    return CliRunner().invoke(app, ["train", *map(str, words), "--device", "cpu", "--threads", "1"])


def test_data_lie_beside_the_recipe_and_a_run_is_named_to_go_on(recipe, tmp_path):
    runs = tmp_path / "runs"
    first = command(recipe, "--runs", runs, "--steps", 1)
    assert first.exit_code == 0, first.output

    again = command(recipe, "--resume", runs / "tiny")

    assert again.exit_code == 0, again.output
    assert "2/2" in again.output
    assert f"{runs / 'tiny' / 'model.safetensors'} holds the model" in again.output.replace("\n", "")


@pytest.mark.parametrize(("words", "told"), [(["--resume"], "a run of tiny to go on with"), ([], "say --resume")])
def test_a_folder_that_is_no_run_of_the_recipe_is_refused(recipe, tmp_path, words, told):
    result = command(recipe, *words, tmp_path / "squares")

    assert isinstance(result.exception, NucleusError)
    assert told in str(result.exception)
