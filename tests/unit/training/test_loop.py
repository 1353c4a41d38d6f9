import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from napari_nucleus.core import NucleusError, drain
from napari_nucleus.models import read_card
from napari_nucleus.training import train

needs_full_disk = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks processes")


@pytest.fixture(autouse=True)
def one_thread():
    """Sums of several threads needn't agree with those of a process that has another number."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def curve(folder):
    """Everything in the log but the time."""
    with (folder / "log.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def state(folder):
    return torch.load(folder / "last.pt", weights_only=True)


def same(a, b):
    """Whether two nested states are equal bit for bit."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def assert_same_run(a, b):
    assert curve(a) == curve(b)
    assert same(state(a), state(b))
    assert (a / "model.safetensors").read_bytes() == (b / "model.safetensors").read_bytes()
    assert (a / "model.json").read_bytes() == (b / "model.json").read_bytes()


@pytest.fixture(scope="module")
def whole(toy, tmp_path_factory):
    """The folder of a run that nothing disturbed."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("runs") / "whole"
    drain(train(toy.Toy(toy.RECIPE), toy.RECIPE, folder))
    torch.set_num_threads(threads)
    return folder


def test_what_a_run_leaves(whole):
    assert {path.name for path in whole.iterdir() if not path.name.startswith(".")} == {
        *("environment.json", "last.pt", "log.csv", "model.json", "model.safetensors", "preview.npz", "recipe.json"),
        "tensorboard",
    }
    rows = curve(whole)
    assert [row["step"] for row in rows] == [str(step) for step in range(1, 25)]
    assert [row["step"] for row in rows if row["val_loss"]] == [str(step) for step in range(3, 25, 3)]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"]) / 2
    with np.load(whole / "preview.npz") as preview:
        assert set(preview) == {"image", "np"}


def test_progress_counts_the_steps(toy, tmp_path):
    steps = list(train(toy.Toy(toy.RECIPE), toy.RECIPE, tmp_path / "run", steps=4))
    assert [(p.done, p.total) for p in steps] == [(n, 4) for n in range(1, 5)]
    assert set(steps[0].values) == {"loss", "square", "plain", "rate", "seconds"}
    assert "val_loss" in steps[2].values


@pytest.mark.parametrize("done", [1, 5, 13])
def test_closed_and_resumed_is_the_same_run(toy, whole, tmp_path, done):
    stopped = train(toy.Toy(toy.RECIPE), toy.RECIPE, tmp_path / "run")
    while next(stopped).done < done:
        pass
    stopped.close()
    assert state(tmp_path / "run")["step"] == done
    drain(train(toy.Toy(toy.RECIPE), toy.RECIPE, tmp_path / "run", resume=True))
    assert_same_run(tmp_path / "run", whole)


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    """The folder that `toy` leaves behind as a script: a run that was killed, and one that two processes shared."""
    folder = tmp_path_factory.mktemp("processes")
    script = Path(__file__).with_name("toy.py")
    subprocess.run([sys.executable, script, folder], check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    return folder


@needs_fork
def test_killed_and_resumed_is_the_same_run(toy, whole, processes):
    folder = processes / "killed"
    assert 0 < toy.rows(folder) < 24
    drain(train(toy.Toy(toy.RECIPE), toy.RECIPE, folder, resume=True))
    assert_same_run(folder, whole)
    starts = json.loads((folder / "environment.json").read_text())
    assert [start["first_step"] for start in starts][-1] > 15


def test_float16_comes_back_with_the_scale_of_its_gradients(toy, tmp_path):
    recipe = replace(toy.RECIPE, precision="float16", steps=8)
    drain(train(toy.Toy(recipe), recipe, tmp_path / "whole"))
    stopped = train(toy.Toy(recipe), recipe, tmp_path / "run")
    while next(stopped).done < 4:
        pass
    stopped.close()
    assert state(tmp_path / "run")["updates"]["precision"]["_growth_tracker"] > 0
    drain(train(toy.Toy(recipe), recipe, tmp_path / "run", resume=True))
    assert_same_run(tmp_path / "run", tmp_path / "whole")


def test_a_row_cut_short_and_later_rows_are_dropped(toy, whole, tmp_path):
    folder = tmp_path / "run"
    stopped = train(toy.Toy(toy.RECIPE), toy.RECIPE, folder)
    while next(stopped).done < 5:
        pass
    stopped.close()
    with (folder / "log.csv").open("a") as file:
        file.write("6,1,1,1,1,1,\n7,1,1,1,1,1,\n8")
    drain(train(toy.Toy(toy.RECIPE), toy.RECIPE, folder, resume=True))
    assert_same_run(folder, whole)


def test_batches_from_processes_are_those_of_a_thread(toy, whole, tmp_path):
    recipe = replace(toy.RECIPE, workers=2)
    drain(train(toy.Toy(recipe), recipe, tmp_path / "run"))
    assert curve(tmp_path / "run") == curve(whole)


def test_a_finished_run_resumes_to_itself(toy, whole):
    before = (whole / "last.pt").read_bytes()
    assert list(train(toy.Toy(toy.RECIPE), toy.RECIPE, whole, resume=True)) == []
    assert (whole / "last.pt").read_bytes() == before
    assert len(curve(whole)) == 24


def test_a_run_is_not_overwritten(toy, whole):
    with pytest.raises(NucleusError, match=r"existing .*whole.*Resume"):
        drain(train(toy.Toy(toy.RECIPE), toy.RECIPE, whole))


def test_two_processes_on_one_folder(toy, tmp_path):
    first = train(toy.Toy(toy.RECIPE), toy.RECIPE, tmp_path / "run")
    next(first)
    with pytest.raises(NucleusError, match=r"run, where another process trains"):
        next(train(toy.Toy(toy.RECIPE), toy.RECIPE, tmp_path / "run", resume=True))
    first.close()
    next(train(toy.Toy(toy.RECIPE), toy.RECIPE, tmp_path / "run", resume=True))


def test_parts_of_a_batch_add_up(toy, tmp_path):
    for accumulate in (1, 2, 5):
        recipe = replace(toy.PLAIN, accumulate=accumulate)
        drain(train(toy.Toy(recipe, plain=True), recipe, tmp_path / f"{accumulate}"))
    whole = state(tmp_path / "1")["updates"]["network"]
    for other in ("2", "5"):
        parts = state(tmp_path / other)["updates"]["network"]
        assert all(torch.allclose(whole[name], parts[name], atol=1e-6) for name in whole)


@needs_fork
def test_two_processes_learn_what_one_learns(toy, processes, tmp_path):
    task = toy.Toy(toy.PLAIN, plain=True)
    steps = train(task, toy.PLAIN, tmp_path / "one")
    next(steps)
    shared = torch.load(processes / "shared" / "grad.pt", weights_only=True)
    for name, weight in task.network.named_parameters():
        assert (shared[name] - weight.grad).abs().max() < 1e-5
    drain(steps)
    for one, two in zip(curve(tmp_path / "one"), curve(processes / "shared"), strict=True):
        assert [float(v or 0) for v in one.values()] == pytest.approx([float(v or 0) for v in two.values()], abs=1e-5)


def test_the_best_weights_are_kept(toy, tmp_path):
    scores = iter([3.0, 1.0, 2.0, 4.0, 2.0, 0.5, 9.0, 9.0])
    task = toy.Toy(toy.RECIPE)
    task.validate = lambda network: {"val_loss": next(scores)}
    run = drain(train(task, toy.RECIPE, tmp_path / "run"))
    assert run.card.training["step"] == 18
    assert read_card(run.folder / "model.json") == run.card


def test_higher_is_better_where_the_task_says_so(toy, tmp_path):
    scores = iter([float("nan"), 3.0, 1.0, 2.0, float("nan"), 4.0, 2.0, 0.5])
    task = toy.Toy(toy.RECIPE)
    task.rising, task.validate = ("val_loss",), lambda network: {"val_loss": next(scores)}
    assert drain(train(task, toy.RECIPE, tmp_path / "run")).card.training["step"] == 18


def test_a_score_that_nobody_measures(toy, tmp_path):
    task = toy.Toy(toy.RECIPE)
    task.monitor = "val_pq"
    with pytest.raises(NucleusError, match="monitor to be one of val_loss, got val_pq"):
        drain(train(task, toy.RECIPE, tmp_path / "run"))


@pytest.mark.parametrize("cut", [0, 10], ids=["in one go", "resumed"])
def test_patience_ends_a_run(toy, tmp_path, cut):
    recipe = replace(toy.RECIPE, patience=3)
    scores = {3: 2.0, 6: 1.0}

    def steps(resume):
        task = toy.Toy(recipe)
        task.validate = lambda network: {"val_loss": scores.get(done + 1, 5.0)}
        return train(task, recipe, tmp_path / "run", resume=resume)

    done, running = 0, steps(resume=False)
    for progress in running:
        done = progress.done
        if done == cut:
            running.close()
    if cut:
        for progress in steps(resume=True):
            done = progress.done
    assert done == 15
    assert "stopped early: 3 validations without a better val_loss" in progress.message
    assert list(steps(resume=True)) == []


def test_where_nothing_is_held_out_the_last_weights_are_kept(toy, tmp_path):
    task = toy.Toy(toy.RECIPE)
    task.validate, task.preview = (lambda network: {}), (lambda network: {})
    run = drain(train(task, replace(toy.RECIPE, ema=0.0), tmp_path / "run"))
    kept = load_file(run.weights)
    assert all(
        torch.equal(kept[name], weight.half()) for name, weight in task.network.state_dict().items() if weight.ndim
    )
    assert not (run.folder / "preview.npz").exists()


@pytest.mark.parametrize("where", ["losses", "gradient"])
def test_a_loss_that_is_no_number_stops_at_its_step(toy, tmp_path, where):
    task, plain = toy.Toy(toy.RECIPE), toy.Toy.losses
    seen = []

    def losses(network, batch):
        seen.append(0)
        parts = plain(task, network, batch)
        if len(seen) == 8:
            parts["square"] = parts["square"] * float("nan") if where == "losses" else (parts["square"] * 0).sqrt()
        return parts

    task.losses, task.validate = losses, lambda network: {}
    with pytest.raises(NucleusError, match=r"finite loss at step 8, .*Lower learning_rate and resume") as error:
        drain(train(task, toy.RECIPE, tmp_path / "run"))
    assert "\n" not in str(error.value)
    kept = state(tmp_path / "run")
    assert kept["step"] == 5
    assert all(weight.isfinite().all() for weight in kept["updates"]["network"].values())
    drain(train(toy.Toy(toy.RECIPE), toy.RECIPE, tmp_path / "run", resume=True))


def test_out_of_memory_takes_a_batch_in_more_parts(toy, tmp_path):
    class Small(toy.Toy):
        def losses(self, network, batch):
            if len(batch["image"]) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
            return super().losses(network, batch)

    recipe = replace(toy.PLAIN, batch=6, accumulate=1)
    task = Small(recipe, plain=True)
    task.validate = lambda network: {}
    steps = list(train(task, recipe, tmp_path / "run"))
    assert "memory ran out" in steps[0].message
    assert "4 parts" in steps[0].message
    assert state(tmp_path / "run")["updates"]["parts"] == 4
    equal = replace(recipe, name="equal")
    plain = list(train(toy.Toy(equal, plain=True), equal, tmp_path / "equal"))
    assert steps[-1].values["loss"] == pytest.approx(plain[-1].values["loss"], abs=1e-6)


def test_a_sample_too_large_for_the_memory(toy, tmp_path):
    task = toy.Toy(toy.RECIPE)

    def losses(network, batch):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    task.losses = losses
    with pytest.raises(NucleusError, match="memory for one sample"):
        drain(train(task, toy.RECIPE, tmp_path / "run"))


@needs_full_disk
@pytest.mark.parametrize("name", ["last.pt", "model.safetensors", "model.json", "preview.npz"])
def test_a_full_disk_leaves_the_last_checkpoint(toy, whole, tmp_path, name):
    folder = tmp_path / "run"
    steps = train(toy.Toy(toy.RECIPE), toy.RECIPE, folder)
    while next(steps).done < 5:
        pass
    (folder / f"{name}.part").symlink_to("/dev/full")
    with pytest.raises(NucleusError, match=rf"room .*{name}, got: No space left on device") as error:
        drain(steps)
    assert "\n" not in str(error.value)
    assert state(folder)["step"] == 5
    assert list(folder.glob("*.part")) == []
    drain(train(toy.Toy(toy.RECIPE), toy.RECIPE, folder, resume=True))
    assert_same_run(folder, whole)


@needs_full_disk
def test_a_full_disk_under_the_log(toy, tmp_path):
    steps = train(toy.Toy(toy.RECIPE), toy.RECIPE, tmp_path / "run")
    next(steps)
    (tmp_path / "run" / "log.csv").unlink()
    (tmp_path / "run" / "log.csv").symlink_to("/dev/full")
    with pytest.raises(NucleusError, match=r"room .*log.csv, got: No space left on device"):
        next(steps)


def test_a_checkpoint_of_another_network(toy, tmp_path):
    drain(train(toy.Toy(toy.RECIPE), toy.RECIPE, tmp_path / "run", steps=2))
    other = toy.Toy(toy.RECIPE)
    other.network.append(torch.nn.Conv2d(1, 1, 1))
    with pytest.raises(NucleusError, match="checkpoint of this recipe"):
        drain(train(other, toy.RECIPE, tmp_path / "run", resume=True))


def test_a_broken_checkpoint(toy, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "last.pt").write_bytes(b"nothing")
    with pytest.raises(NucleusError, match=r"checkpoint in .*last.pt, got something else"):
        drain(train(toy.Toy(toy.RECIPE), toy.RECIPE, tmp_path / "run", resume=True))


def test_a_task_s_own_error_comes_as_it_is(toy, tmp_path):
    def batch(step, samples):
        raise NucleusError("Expected an image, got none. Add it.")

    for workers in (0, 1):
        recipe = replace(toy.RECIPE, workers=workers)
        task = toy.Toy(recipe)
        task.batch = batch
        with pytest.raises(NucleusError, match=r"^Expected an image, got none. Add it.$"):
            drain(train(task, recipe, tmp_path / f"{workers}"))
