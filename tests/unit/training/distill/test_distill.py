import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from napari_nucleus.core import NucleusError, drain
from napari_nucleus.inference import segment
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.metrics import panoptic_quality
from napari_nucleus.models import load_weights
from napari_nucleus.training import DistillRecipe, PlainSource, Recipe, distill, fit, read_recipe
from napari_nucleus.training.distill.opening import distill_task

SMALL = {"options": {"decoder": [8, 8, 8]}}
FLOWS = {"model": "mobilevit_unet", "options": {"encoder": "mobilevitv2_050", "widths": [16, 16, 8, 8, 8]}, "crop": 64}
SERESNEXT = {"model": "hovernet_seresnext50", "options": {"encoder": "resnet10t", "widths": [64, 32]}, "crop": 64}


@pytest.fixture
def distillation(recipe):
    """The tiny recipe with the default model as teacher."""
    shared = {field.name: getattr(recipe, field.name) for field in fields(Recipe)}
    return DistillRecipe(**{**shared, **SMALL, "teacher": ("default",), "steps": 2})


def messages(work):
    return [progress.message for progress in work]


def test_a_run_ends_with_a_comparison(data, distillation, tmp_path):
    run = drain(distill(distillation, data, tmp_path / "runs"))
    found = json.loads((run.folder / "comparison.json").read_text())
    assert found["teacher"] == {"models": ["default"], "views": 1}
    assert found["images"] == ["typed_1"]
    rows = {(row["measure"], row["class"]): row for row in found["rows"]}
    parameters = rows["parameters", ""]
    assert parameters["teacher"] == 4448657
    assert parameters["ratio"] == pytest.approx(parameters["teacher"] / parameters["student"])
    assert {"disk_mb", "memory_mb", "seconds", "pq", "f_d"} <= {measure for measure, _ in rows}
    assert all(rows[name, ""]["teacher"] > rows[name, ""]["student"] > 0 for name in ("disk_mb", "memory_mb"))
    assert (run.folder / "comparison.csv").read_text().startswith("measure,class,teacher")
    assert "teacher / student" in (run.folder / "comparison.txt").read_text()
    assert load_weights(run.weights, run.card).card.training["teacher"] == ["default"]


def test_the_teacher_is_asked_once_for_all_runs(data, distillation, tmp_path):
    first = messages(distill(distillation, data, tmp_path))
    again = messages(distill(replace(distillation, name="again", seed=1), data, tmp_path))
    assert first.count("asking the teacher") == 2
    assert "asking the teacher" not in again
    log = (tmp_path / "tiny" / "log.csv").read_text().splitlines()[0]
    assert log.startswith("step,loss,soft_np,soft_hv,soft_type,np,hv,type")


def test_without_the_soft_term_it_is_plain_training(data, distillation, tmp_path):
    alone = Recipe(**{f.name: getattr(distillation, f.name) for f in fields(Recipe)})
    plain = drain(fit(alone, data, tmp_path / "plain"))
    same = drain(distill(replace(distillation, alpha=0.0, beta=1.0), data, tmp_path / "distilled"))
    taught = drain(distill(distillation, data, tmp_path / "taught"))
    expected, got, other = (load_file(run.weights) for run in (plain, same, taught))
    assert all(torch.equal(expected[name], got[name]) for name in expected)
    assert any(not torch.equal(expected[name], other[name]) for name in expected)


@pytest.mark.parametrize("features", [0.0, 1.0], ids=["answers", "features"])
def test_a_stopped_run_resumes_to_the_same_student(data, distillation, tmp_path, features):
    recipe = replace(distillation, feature_weight=features, steps=3, checkpoint_every=2)
    whole = drain(distill(recipe, data, tmp_path / "whole"))
    stopped = distill(recipe, data, tmp_path / "stopped")
    while "loss" not in next(stopped).values:
        pass
    stopped.close()
    resumed = drain(distill(recipe, data, tmp_path / "stopped", resume=True))
    expected, got = load_file(whole.weights), load_file(resumed.weights)
    assert all(torch.equal(expected[name], got[name]) for name in expected)
    load_weights(resumed.weights, resumed.card)


@pytest.mark.parametrize(
    ("student", "vector"), [(SMALL, "hv"), (SERESNEXT, "hv"), (FLOWS, "flow")], ids=["small", "seresnext", "flows"]
)
def test_any_student_learns_from_any_teacher(data, distillation, tmp_path, add, student, vector):
    for name in ("default", add("flows", "mobilevit_unet")):
        recipe = replace(distillation, teacher=(name,), feature_weight=1.0, **student)
        task = drain(distill_task(recipe, data, tmp_path / "answers", "cpu"))
        parts = task.losses(task.network.train(), task.batch(0, [0]))
        assert {"soft_np", f"soft_{vector}", "soft_type", "features"} <= set(parts)
        loss = sum(parts.values())
        loss.backward()
        assert torch.isfinite(loss)
        assert all(p.grad is not None for p in task.network.projections.parameters())


def test_images_without_labels_teach_by_the_teacher_alone(data, distillation, tmp_path):
    (data / "plain").mkdir()
    np.save(data / "plain" / "a.npy", np.load(data / "untyped" / "untyped_0.npz")["image"])
    recipe = replace(distillation, focus=0.0, unlabelled=(PlainSource(folder="plain", share=1e6),), pseudo_labels=False)
    task = drain(distill_task(recipe, data, tmp_path / "answers", "cpu"))
    batch = task.batch(0, [0, 1])
    parts = task.losses(task.network, batch)
    assert parts["np"] == parts["hv"] == parts["type"] == 0
    assert parts["soft_np"] > 0
    mixed = drain(distill_task(distillation, data, tmp_path / "answers", "cpu")).batch(0, [0, 1])
    joined = {name: torch.cat([mixed[name][:1], batch[name][1:]]) for name in batch}
    labelled = {name: field[:1] for name, field in mixed.items()}
    network = task.network.eval()
    found, expected = (task.losses(network, some)["np"].item() for some in (joined, labelled))
    assert found == pytest.approx(expected, rel=1e-5)
    assert drain(distill(recipe, data, tmp_path / "runs")).card.data[-1]["name"] == "plain"


def test_nuclei_that_the_teacher_finds_stand_in_for_labels(data, distillation, tmp_path):
    (data / "plain").mkdir()
    picture = consep_tile()[0].array[200:456, 100:356]
    np.save(data / "plain" / "a.npy", picture)
    recipe = replace(distillation, unlabelled=(PlainSource(folder="plain", share=1e6),))
    task = drain(distill_task(recipe, data, tmp_path / "answers", "cpu"))
    taught = task.data.training[-1]
    found = segment(picture).nuclei
    assert panoptic_quality(found.labels, taught.labels).pq > 0.98  # answers are kept in half precision
    same = (taught.labels > 0) & (found.labels > 0)
    assert (taught.types[same] == found.type_map()[same]).mean() > 0.98
    parts = task.losses(task.network, task.batch(0, [0, 1]))
    assert all(parts[name] > 0 for name in ("np", "hv", "type", "soft_np"))


def test_a_teacher_of_other_classes_leaves_types_to_labels(data, distillation, tmp_path, add):
    recipe = replace(distillation, teacher=(add("lizard", classes="lizard"),))
    run = drain(distill(recipe, data, tmp_path))
    header = (run.folder / "log.csv").read_text().splitlines()[0].split(",")
    assert "soft_type" not in header
    assert {"soft_np", "type"} <= set(header)
    rows = json.loads((run.folder / "comparison.json").read_text())["rows"]
    by_class = [row for row in rows if row["measure"] == "f_c"]
    assert all(row["teacher"] is None for row in by_class)


def test_recipes_say_what_is_wrong(distillation, data, tmp_path):
    with pytest.raises(NucleusError, match="at least one model as teacher"):
        replace(distillation, teacher=())
    with pytest.raises(NucleusError, match="temperature above 0"):
        replace(distillation, temperature=0.0)
    with pytest.raises(NucleusError, match="above 0, got 0 in all"):
        replace(distillation, alpha=0.0, beta=0.0)
    with pytest.raises(NucleusError, match="rotation = 0"):
        drain(distill_task(replace(distillation, rotation=45.0), data, tmp_path, "cpu"))
    elsewhere = replace(distillation, unlabelled=(PlainSource(folder="nowhere"),))
    with pytest.raises(NucleusError, match="unlabelled"):
        drain(distill_task(elsewhere, data, tmp_path, "cpu"))


def test_the_shipped_recipe_is_read():
    folder = Path(__file__).parents[4] / "recipes"
    for file in [*folder.glob("distil_*.toml"), folder / "shvetsov_student.toml"]:
        recipe = read_recipe(file, DistillRecipe)
        assert (recipe.temperature, recipe.alpha, recipe.beta) == (14.0, 0.3, 0.7)
