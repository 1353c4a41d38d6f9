"""What a run leaves for those who look at it later."""

import json
from dataclasses import replace
from importlib.metadata import version

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from napari_nucleus.core import drain
from napari_nucleus.training import train


def start_and_stop(toy, folder, done, **options):
    steps = train(toy.Toy(toy.RECIPE), toy.RECIPE, folder, **options)
    while next(steps).done < done:
        pass
    steps.close()


def test_tensorboard_has_the_curve_once_after_a_resumption(toy, tmp_path):
    steps = train(toy.Toy(toy.RECIPE), toy.RECIPE, tmp_path / "run")
    while next(steps).done < 8:
        pass
    checkpoint = (tmp_path / "run" / "last.pt").read_bytes()  # of step 5
    steps.close()
    (tmp_path / "run" / "last.pt").write_bytes(checkpoint)
    drain(train(toy.Toy(toy.RECIPE), toy.RECIPE, tmp_path / "run", resume=True, steps=12))
    board = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    board.Reload()
    assert [event.step for event in board.Scalars("training/loss")] == list(range(1, 13))
    assert [event.step for event in board.Scalars("validation/loss")] == [3, 6, 9, 12]


def test_the_environment_is_on_record_for_each_start(toy, tmp_path):
    start_and_stop(toy, tmp_path / "run", 2)
    start_and_stop(toy, tmp_path / "run", 4, resume=True)
    starts = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert [start["first_step"] for start in starts] == [1, 3]
    last = starts[-1]
    assert last["packages"]["torch"] == version("torch")
    assert last["device"] == "cpu"
    assert last["threads"] == torch.get_num_threads()
    assert {"command", "commit", "device_name", "napari_nucleus", "python", "started", "system"} <= last.keys()


def test_a_run_before_its_first_checkpoint_starts_anew(toy, tmp_path):
    folder = tmp_path / "run"
    drain(train(toy.Toy(toy.RECIPE), toy.RECIPE, folder, steps=4))
    (folder / "last.pt").unlink()
    drain(train(toy.Toy(toy.RECIPE), toy.RECIPE, folder, steps=4, resume=True))
    assert (folder / "log.csv").read_text().count("\n") == 5
    assert len(json.loads((folder / "environment.json").read_text())) == 1


def test_the_recipe_is_on_record(toy, tmp_path):
    recipe = replace(toy.RECIPE, clip=3.0)
    start_and_stop(toy, tmp_path / "run", 1)
    drain(train(toy.Toy(recipe), recipe, tmp_path / "run", steps=2, resume=True))
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["clip"] == 3
