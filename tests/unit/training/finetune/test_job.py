import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from napari_nucleus.core import NucleusError, drain
from napari_nucleus.inference import segment
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.models import create_model, find_model, load_model, load_weights, read_card
from napari_nucleus.training import publish, read_recipe
from napari_nucleus.training.finetune import FineTuneRecipe, fine_tune, verdict
from napari_nucleus.training.finetune.blend import blend
from napari_nucleus.training.recipe import DataSource

SHORT = {"steps": 2, "batch": 2, "crop": 48, "validate_every": 2, "checkpoint_every": 1}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Crops of real tissue: three with some nuclei annotated, two with all of them, whose classes are the default's."""
    folder = tmp_path_factory.mktemp("data")
    image, nuclei = consep_tile()
    kinds = nuclei.type_map()
    rng = np.random.default_rng(0)
    for name, corners in (("new", ((300, 200), (500, 600), (96, 864))), ("old", ((192, 96), (384, 384)))):
        (folder / name).mkdir()
        for i, (y, x) in enumerate(corners):
            window = np.s_[y : y + 112, x : x + 112]
            labels = nuclei.labels[window]
            here = np.unique(labels)[1:]
            kept = here if name == "old" else rng.choice(here, min(12, len(here)), replace=False)
            labels = np.where(np.isin(labels, kept), labels, 0)
            types = np.where(labels > 0, kinds[window], 0).astype(np.uint8)
            np.savez(folder / name / f"{name}_{i}.npz", image=image.array[window], inst=labels, type=types)
    return folder


@pytest.fixture
def recipe():
    return FineTuneRecipe(name="tuned", classes="consep", partial=True, sources=(DataSource("new", classes=True),))


OLD = (DataSource("old", classes=True, validate=("old_1",)),)


def run_of(recipe, data, tmp_path, **changes):
    return drain(fine_tune(replace(recipe, **changes), data, tmp_path / "runs"))


def test_a_classifier_of_nuclei_is_a_model_that_segments_as_before_and_names_anew(recipe, data, tmp_path):
    classes = ("tumour", "immune cell", "something new")
    rename = {"epithelial": "tumour", "inflammatory": "immune cell"}
    walk = {"spindle-shaped": "something new", **rename}
    source = DataSource("new", classes=True, scheme="consep", crosswalk=walk)
    run = run_of(recipe, data, tmp_path, classes=classes, colors=("#112233",), rename=rename, sources=(source,))
    assert verdict(run.card).startswith("kept the fine-tuned weights")
    name = publish(run)
    image = consep_tile()[0].array[300:412, 200:312]
    before, after = (segment(image, model, mpp=0.25, device="cpu").nuclei for model in ("default", name))
    np.testing.assert_array_equal(after.labels, before.labels)
    assert after.scheme.classes == classes
    assert after.scheme.colors[0] == "#112233"
    same = (before.table["class"].map(walk) == after.table["class"]).mean()
    assert same > 0.6
    assert find_model(name).card.training["start"] == "nucleus_small"


@pytest.mark.parametrize("part", ["heads", "decoder", "whole"])
def test_only_the_part_that_learns_changes_and_statistics_never(recipe, data, tmp_path, part):
    run = run_of(recipe, data, tmp_path, part=part, **SHORT)
    before, after = load_model().network.state_dict(), load_file(run.weights)
    changed = {name for name in before if not torch.equal(before[name].half(), after[name].half())}
    assert not any("running" in name or "num_batches" in name for name in changed)
    assert any("head" in name for name in changed)
    assert any(name.startswith("up2") for name in changed) == (part != "heads")
    assert any(name.startswith("encoder") for name in changed) == (part == "whole")


def test_old_images_are_rehearsed_and_scored(recipe, data, tmp_path):
    steps = list(fine_tune(replace(recipe, part="heads", rehearsal=OLD, **SHORT), data, tmp_path))
    scored = [p.values for p in steps if "val_score" in p.values]
    assert scored
    assert {"val_pq", "val_fc", "val_old_pq", "val_old_fc"} <= set(scored[0])
    training = read_card(tmp_path / "tuned" / "model.json").training
    assert set(training["before"]) == set(training["after"])
    assert training["rehearsed"]


WRONG = {"spindle-shaped": "inflammatory", "inflammatory": "epithelial", "epithelial": "spindle-shaped"}
MISLED = {
    "sources": (DataSource("new", classes=True, scheme="consep", crosswalk=WRONG),),
    "rehearsal": OLD,
    "rehearsal_share": 0.01,
    "distillation": 0.0,
    "tolerance": 0.0,
}


def test_where_a_score_falls_the_start_s_weights_are_kept(recipe, data, tmp_path):
    run = run_of(recipe, data, tmp_path, part="heads", learning_rate=3.0, **MISLED, **SHORT)
    training = run.card.training
    assert "start's weights" in training["kept"]
    assert any(training["after"][k] < v for k, v in training["before"].items())
    kept, start = load_weights(run.weights, run.card), load_model()
    for name, tensor in start.network.state_dict().items():
        torch.testing.assert_close(kept.network.state_dict()[name], tensor, rtol=1e-3, atol=1e-4)


def test_a_classifier_that_was_misled_harms_nothing(recipe, data, tmp_path):
    training = run_of(recipe, data, tmp_path, **MISLED).card.training
    if training["kept"] == "the fine-tuned weights":
        assert all(training["after"][name] >= value for name, value in training["before"].items())


def test_weights_between_keep_what_the_start_does_not_know():
    start, tuned = (create_model("nucleus_small") for _ in range(2))
    network = create_model("nucleus_small")
    blend(network, start, tuned.state_dict(), 0.25, known=[0, 1, 2, 3])
    found, before, after = (n.state_dict() for n in (network, start, tuned))
    for name in ("up2.blend.0.0.weight", "np_head.bias"):
        torch.testing.assert_close(found[name], 0.75 * before[name] + 0.25 * after[name])
    torch.testing.assert_close(found["type_head.weight"][4], after["type_head.weight"][4])
    torch.testing.assert_close(
        found["type_head.weight"][1], 0.75 * before["type_head.weight"][1] + 0.25 * after["type_head.weight"][1]
    )


def test_a_stopped_run_resumes_to_the_same_weights(recipe, data, tmp_path):
    recipe = replace(recipe, part="heads", **(SHORT | {"steps": 3}))
    whole = drain(fine_tune(recipe, data, tmp_path / "whole"))
    work = fine_tune(recipe, data, tmp_path / "stopped")
    while "loss" not in next(work).values:
        pass
    work.close()
    resumed = drain(fine_tune(recipe, data, tmp_path / "stopped", resume=True))
    a, b = load_file(whole.weights), load_file(resumed.weights)
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert whole.card.training["after"] == resumed.card.training["after"]


def test_nuclei_held_out_are_not_taught(recipe, data, tmp_path):
    run = run_of(recipe, data, tmp_path, part="heads", hold_out=0.5, **SHORT)
    learnt = sum(run.card.training["nuclei_by_class"].values())
    everything = sum(len(np.unique(np.load(f)["inst"])) - 1 for f in (data / "new").glob("*.npz"))
    assert 0.3 * everything < learnt < 0.7 * everything


def test_without_anything_held_out_the_card_says_so(recipe, data, tmp_path):
    run = run_of(recipe, data, tmp_path, part="heads", hold_out=0.0, **SHORT)
    assert "unscored" in run.card.training["kept"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"start": "nothing"}, "Expected a model"),
        ({"start": "msanet"}, "needs weights"),
        ({"classes": ("other", "inflammatory", "mitosis"), "rename": {"epithelium": "mitosis"}}, "rename"),
        ({"part": "head"}, "part"),
        ({"colors": ("#000000",)}, "colors"),
        ({"sources": (DataSource("nowhere"),)}, "nowhere"),
        ({"part": "heads", "crop": 50}, "crop = 64"),
    ],
)
def test_what_makes_no_sense_is_one_line_and_leaves_no_run(recipe, data, tmp_path, changes, says):
    with pytest.raises(NucleusError, match=says) as raised:
        drain(fine_tune(replace(recipe, **changes), data, tmp_path / "runs"))
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "runs" / "tuned" / "model.safetensors").exists()


def test_a_new_class_needs_nuclei(recipe, data, tmp_path):
    classes = ("other", "inflammatory", "epithelial", "spindle-shaped", "mitosis")
    source = DataSource("new", classes=True, scheme="consep", crosswalk={name: name for name in classes[:4]})
    with pytest.raises(NucleusError, match="new class 'mitosis'"):
        run_of(recipe, data, tmp_path, classes=classes, sources=(source,))


def test_a_run_is_not_written_over(recipe, data, tmp_path):
    run_of(recipe, data, tmp_path)
    with pytest.raises(NucleusError, match="existing"):
        run_of(recipe, data, tmp_path)


def test_the_recipe_that_comes_along_can_be_read(request):
    path = request.config.rootpath / "recipes" / "fine_tune.toml"
    recipe = read_recipe(path, FineTuneRecipe)
    assert (recipe.start, recipe.part, recipe.partial) == ("default", "nuclei", True)
    assert json.dumps(recipe.as_dict())


def test_old_images_are_held_out_where_the_recipe_names_none(recipe, data, tmp_path):
    run = run_of(recipe, data, tmp_path, rehearsal=(DataSource("old", classes=True),))
    assert "val_old_fc" in run.card.training["after"]
