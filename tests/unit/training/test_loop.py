from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from napari_nucleus.core import NucleusError, drain
from napari_nucleus.training.loop import fit


def test_a_run_leaves_weights_log_and_recipe(data, recipe, tmp_path):
    steps = list(fit(recipe, data, tmp_path / "runs"))
    folder = tmp_path / "runs" / "tiny"
    assert [p.done for p in steps] == [0, 1, 2, 3, 4]
    assert steps[-1].values["val_type"] > 0
    assert (folder / "log.csv").read_text().count("\n") == 5
    assert (folder / "recipe.json").exists()
    assert load_file(folder / "model.safetensors")


def test_a_stopped_run_resumes_to_the_same_weights(data, recipe, tmp_path):
    whole = drain(fit(recipe, data, tmp_path / "whole"))
    stopped = fit(recipe, data, tmp_path / "stopped")
    while next(stopped).done < 3:  # one step past the checkpoint: that step is lost and done again
        pass
    stopped.close()
    resumed = drain(fit(recipe, data, tmp_path / "stopped", resume=True))
    expected, got = load_file(whole.weights), load_file(resumed.weights)
    assert all(torch.equal(expected[k], got[k]) for k in expected)
    logged = [(r.folder / "log.csv").read_text().splitlines() for r in (whole, resumed)]
    columns = [[line.split(",")[:5] for line in lines] for lines in logged]
    assert columns[0] == columns[1]


def test_an_existing_run_is_not_overwritten(data, recipe, tmp_path):
    drain(fit(replace(recipe, steps=2), data, tmp_path))
    with pytest.raises(NucleusError, match=r"existing .*tiny.*Resume"):
        drain(fit(recipe, data, tmp_path))


def test_a_loss_that_is_no_number_stops_the_run(data, recipe, tmp_path):
    with pytest.raises(NucleusError, match=r"finite loss at step \d"):
        drain(fit(replace(recipe, class_weight=(float("nan"),) * 5), data, tmp_path))


def test_classes_that_do_not_fit_are_named_before_training(data, recipe, tmp_path):
    with pytest.raises(NucleusError, match="class_weight"):
        drain(fit(replace(recipe, class_weight=(1.0, 1.0)), data, tmp_path))
    with pytest.raises(NucleusError, match=r"classes 0 to 3 .* typed_\d"):
        drain(fit(replace(recipe, classes="msa3", class_weight=(1.0,) * 4), data, tmp_path))
    assert list(tmp_path.glob("tiny")) == []


def test_nothing_left_to_train_on(data, recipe, tmp_path):
    source = replace(recipe.sources[0], validate=("typed_0", "typed_1"))
    with pytest.raises(NucleusError, match="images to train on"):
        drain(fit(replace(recipe, sources=(source,)), data, tmp_path))


def test_a_numbered_device_is_a_device(data, recipe, tmp_path):
    assert drain(fit(replace(recipe, steps=1), data, tmp_path, device="cpu:0")).weights.exists()
