import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_nucleus.core import NucleusError, drain
from napari_nucleus.io import open_patches, read_nuclei
from napari_nucleus.training.data.source import Source
from napari_nucleus.training.losses.unknown import UNKNOWN
from napari_nucleus.training.recipe import DataSource, Recipe
from napari_nucleus.training.relabel import cross_relabel
from napari_nucleus.training.relabel.ledger import COLUMNS

LOOKS = ("red", "blue", "large", "small")


def truth(data, ledger):
    """What each nucleus of a ledger truly is."""
    looks = {}
    for source, image in set(zip(ledger["source"], ledger["image"], strict=True)):
        with np.load(data / source / f"{image}.npz", allow_pickle=False) as arrays:
            looks[source, image] = arrays["looks"]
    rows = zip(ledger["source"], ledger["image"], ledger["label"], strict=True)
    return np.array([looks[source, image][label] for source, image, label in rows])


@pytest.fixture(scope="module")
def steps(data, recipe, tmp_path_factory):
    """All progress of a run, its result last."""

    def kept():
        yield (yield from cross_relabel(recipe, data, tmp_path_factory.mktemp("runs")))

    return list(kept())


@pytest.fixture(scope="module")
def run(steps):
    return steps[-1]


def test_each_nucleus_of_a_broad_class_is_in_the_ledger_once(data, recipe, run):
    ledger = pd.read_parquet(run.ledger)
    assert list(ledger.columns) == [*COLUMNS, "p_large", "p_small", "p_red", "p_blue"]
    assert len(ledger) == 2 * 8 * 6
    assert not ledger.duplicated(["source", "image", "label"]).any()
    assert set(truth(data, ledger[ledger["source"] == "colours"])) == {"large", "small"}
    assert set(ledger["old_class"]) == {"sized", "coloured"}
    assert set(ledger["model"].str.split("@").str[0]) == {"tiny_colours", "tiny_sizes"}
    sure = ledger["confidence"] >= recipe.threshold
    assert (ledger["decision"] == np.where(sure, "relabelled", "kept")).all()
    assert (ledger["new_class"] == ledger["proposed_class"].where(sure, ledger["old_class"])).all()
    chances = ledger.filter(like="p_")
    assert chances.sum(axis=1).to_numpy() == pytest.approx(1)
    assert (chances.max(axis=1) == ledger["confidence"]).all()
    csv = pd.read_csv(run.folder / "ledger.csv", float_precision="round_trip")
    pd.testing.assert_frame_equal(csv, ledger, check_dtype=False)


def test_the_review_queue_has_the_doubtful_ones_most_doubtful_first(run):
    ledger, review = pd.read_parquet(run.ledger), pd.read_parquet(run.review)
    assert len(review) == (ledger["decision"] == "kept").sum()
    assert review["doubt"].is_monotonic_decreasing
    assert review["rank"].tolist() == list(range(1, len(review) + 1))
    assert (review["new_class"] == review["old_class"]).all()


def test_the_refined_data_set_is_read_again(data, run):
    ledger = pd.read_parquet(run.ledger).set_index(["source", "image", "label"])
    patches = open_patches(run.refined)
    assert len(patches) == 16
    names = ["red", "blue", "large", "small", "sized", "coloured"]
    for name in patches.names:
        source, image = name.split("_", 1)
        nuclei = read_nuclei(run.refined / f"{name}.npz")
        assert list(nuclei.scheme.classes) == names
        with np.load(data / source / f"{image}.npz", allow_pickle=False) as arrays:
            assert np.array_equal(arrays["inst"], nuclei.labels)
            looks = arrays["looks"]
        for label, kind in zip(nuclei.table["label"], nuclei.table["class"], strict=True):
            old = (source, image, label)
            assert kind == (ledger.loc[old, "new_class"] if old in ledger.index else looks[label])
        assert patches.patch(patches.names.index(name)).truth.counts() == nuclei.counts()


def test_dense_training_takes_the_refined_data_set(recipe, run):
    ledger = pd.read_parquet(run.ledger)
    learnt = Recipe(
        name="after",
        model="nucleus_small",
        classes=tuple(LOOKS),
        sources=(DataSource("refined", classes=True, crosswalk={name: name for name in LOOKS}),),
    )
    source = Source(0, run.folder, learnt)
    for position in source.training:
        image = source.read(position)
        origin, name = image.name.split("_", 1)
        mine = ledger[(ledger["source"] == origin) & (ledger["image"] == name)].set_index("label")
        for label, row in mine.iterrows():
            kinds = set(np.unique(image.types[image.labels == label]))
            kept = row["decision"] == "kept"  # of unknown class in training: neither this nor background
            assert kinds == {UNKNOWN if kept else list(LOOKS).index(row["new_class"]) + 1}


def test_a_classifier_is_reported_on_images_that_it_did_not_see(run):
    for classifier in run.classifiers:
        split = pd.read_csv(classifier.folder / "split.csv")
        assert split.groupby("image")["part"].nunique().max() == 1
        assert split.groupby("part")["drawn"].sum().to_dict() == {"train": 24, "validation": 12, "test": 12}
        accuracy = pd.read_csv(classifier.folder / "accuracy.csv")
        assert set(accuracy["selection"]) == {"balanced", "as they occur"}
        assert {"class", "cells", "right", "accuracy", "low", "high"} <= set(accuracy)
        confusion = pd.read_csv(classifier.folder / "confusion.csv")
        assert confusion.select_dtypes("number").to_numpy().sum() == 24
        report = json.loads((classifier.folder / "classifier.json").read_text())
        assert report["temperature"] > 0
        assert 0 <= report["balanced"]["coverage"] <= 1


def test_what_looks_different_is_told_apart(data, recipe, tmp_path):
    run = drain(cross_relabel(replace(recipe, steps=30), data, tmp_path / "runs"))
    ledger = pd.read_parquet(run.ledger)
    colours = ledger[ledger["source"] == "sizes"]
    assert (colours["proposed_class"] == truth(data, colours)).mean() > 0.9


def test_a_run_that_is_stopped_anywhere_resumes_to_the_same_ledger(data, recipe, steps, run, tmp_path):
    expected = pd.read_parquet(run.ledger)
    for stop in (9, 19, len(steps) - 3):  # cutting cells, learning, writing
        runs = tmp_path / f"stopped_{stop}"
        work = cross_relabel(recipe, data, runs)
        for _ in range(stop):
            next(work)
        work.close()
        resumed = drain(cross_relabel(recipe, data, runs, resume=True))
        pd.testing.assert_frame_equal(pd.read_parquet(resumed.ledger), expected)
        assert len(list(resumed.refined.glob("*.npz"))) == 16


def test_progress_rises_to_its_end_and_names_the_stages(steps):
    steps = steps[:-1]
    counted = [p for p in steps if p.total]
    assert [p.done for p in counted] == sorted(p.done for p in counted)
    assert counted[-1].done == counted[-1].total
    told = " ".join(p.message for p in steps)
    assert all(
        words in told
        for words in (
            "cutting cells of sizes",
            "classifier of colours: training",
            "relabelling sized",
            "refined data set",
        )
    )
    assert sum("loss" in p.values for p in steps) == 8


def test_the_layout_of_pannuke_holds_the_same_nuclei(data, recipe, tmp_path):
    run = drain(cross_relabel(replace(recipe, layouts=("npz", "pannuke"), steps=1), data, tmp_path))
    patches, fold = open_patches(run.refined), open_patches(run.folder / "refined_pannuke")
    assert len(fold) == 16
    for name, i in zip(fold.tissues, range(len(fold)), strict=True):
        assert fold.patch(i).truth.counts() == patches.patch(patches.names.index(name)).truth.counts()


def test_an_existing_run_is_not_overwritten(data, recipe, run):
    with pytest.raises(NucleusError, match=r"existing .*tiny.*Resume"):
        drain(cross_relabel(recipe, data, run.folder.parent))
    with pytest.raises(NucleusError, match=r"recipe that .* began with"):
        drain(cross_relabel(replace(recipe, threshold=0.7), data, run.folder.parent, resume=True))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"folder": "nowhere"}, "folder of patches, got nothing of that name"),
        ({"include": "slide_*"}, r"images called slide_\* .*Correct include"),
        ({"broad": "purple"}, "class 'purple' in colours"),
        ({"include": "tile_1"}, "at least 3 images"),
    ],
)
def test_data_that_do_not_fit_are_one_line(data, recipe, tmp_path, changes, message):
    sources = (replace(recipe.sources[0], **changes), recipe.sources[1])
    with pytest.raises(NucleusError, match=message) as error:
        drain(cross_relabel(replace(recipe, sources=sources), data, tmp_path / "runs"))
    assert "\n" not in str(error.value)


def test_one_image_is_split_by_nucleus(data, recipe, tmp_path):
    sources = tuple(replace(source, include="tile_[01]") for source in recipe.sources)
    run = drain(cross_relabel(replace(recipe, sources=sources, split_by="nucleus", steps=1), data, tmp_path / "runs"))
    assert len(pd.read_parquet(run.ledger)) == 2 * 2 * 6
