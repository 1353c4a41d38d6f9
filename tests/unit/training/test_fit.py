import csv
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from napari_nucleus.core import NucleusError, drain
from napari_nucleus.training.fit import fit

FLOWS = {"model": "mobilevit_unet", "options": {"encoder": "mobilevitv2_050", "widths": [16, 16, 8, 8, 8]}, "crop": 64}
EDGES = {
    "model": "msanet",
    "options": {
        "encoder": "test_vit",
        "clip_options": {
            "embed_dim": 16,
            "vision_cfg": {"image_size": 64, "patch_size": 16, "layers": 4, "width": 32, "head_width": 16},
            "text_cfg": {"layers": 1, "width": 16, "heads": 2},
        },
        "widths": [16, 16, 8, 8],
        "depths": [1, 1, 1, 1],
        "volume_width": 8,
        "features": 16,
    },
    "crop": 40,  # it takes any
}


def test_a_run_leaves_weights_log_and_recipe(data, recipe, tmp_path):
    steps = list(fit(recipe, data, tmp_path / "runs"))
    folder = tmp_path / "runs" / "tiny"
    reading = [p for p in steps if p.message.startswith("reading")]
    assert [(p.done, p.total) for p in reading] == [(0, 3), (1, 3), (2, 3)]
    assert [p.done for p in steps[3:]] == [1, 2, 3, 4]
    assert steps[-1].values["val_type"] > 0
    assert (folder / "log.csv").read_text().count("\n") == 5
    assert (folder / "recipe.json").exists()
    assert load_file(folder / "model.safetensors")


@pytest.mark.parametrize("changes", [{}, FLOWS], ids=["hover", "flows"])
def test_a_stopped_run_resumes_to_the_same_weights(data, recipe, tmp_path, changes):
    recipe = replace(recipe, **changes)
    whole = drain(fit(recipe, data, tmp_path / "whole"))
    stopped = fit(recipe, data, tmp_path / "stopped")
    while (progress := next(stopped)).done < 3 or "loss" not in progress.values:
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
        drain(fit(replace(recipe, learning_rate=1e30), data, tmp_path))


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


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({}, {"np", "hv", "type"}),
        (FLOWS, {"np", "flow", "type"}),
        (EDGES, {"np", "hv", "boundary", "teacher", "type"}),
    ],
    ids=["hover", "flows", "edges"],
)
def test_a_network_learns_what_it_gives(data, recipe, tmp_path, changes, parts):
    run = drain(fit(replace(recipe, steps=1, **changes), data, tmp_path / "runs"))
    with (run.folder / "log.csv").open() as file:
        row = next(csv.DictReader(file))
    scores = {"loss", "pq", "f1", "fd", "fc"}
    held_out = parts - {"teacher"} | scores  # the teacher is asked in training alone
    assert {name for name, value in row.items() if name.startswith("val_") and value} == {f"val_{x}" for x in held_out}
    assert all(float(row[part]) > 0 for part in parts)


def test_frozen_parts_stay_as_they_are(data, recipe, tmp_path):
    def weights(steps):
        options = {"encoder_options": {"embed_dim": 32, "depth": 4, "num_heads": 2}, "widths": [32, 16, 16, 8]}
        options["blocks"] = [0, 1, 2, 3]
        changes = {"model": "unetr_hoptimus0", "options": options, "validate_every": 9}
        run = drain(fit(replace(recipe, name=f"{steps}", **changes), data, tmp_path / "runs", steps=steps))
        return load_file(run.weights)

    before, after = weights(1), weights(4)
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert "flow_head" in changed
    assert "encoder" not in changed


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop": 50}, r"multiple of 16 pixels, got 50\. Set crop = 64"),
        ({"options": {"endoder": "resnet18"}}, "options of nucleus_small.*endoder"),
        ({"model": "cell_resnet50"}, "network that segments, got cell_resnet50"),
        ({"model": "nothing"}, "'nothing'"),
    ],
)
def test_a_recipe_that_does_not_fit_its_network_is_one_line(data, recipe, tmp_path, changes, message):
    with pytest.raises(NucleusError, match=message) as error:
        drain(fit(replace(recipe, **changes), data, tmp_path))
    assert "\n" not in str(error.value)
    assert list(tmp_path.glob("tiny")) == []
