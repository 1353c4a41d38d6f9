"""Votes and the refined data set of a small cross-relabelling."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_nucleus.app.review import Court, Verdict
from napari_nucleus.app.review.ballots import collect_votes, write_reviewed
from napari_nucleus.app.review.voters import voters
from napari_nucleus.core import Image, NucleusError, NucleusMap, drain
from napari_nucleus.graph import list_graphs
from napari_nucleus.io import open_patches
from napari_nucleus.io.files import replacing
from napari_nucleus.training.relabel import CellSource, RelabelRecipe

COLOURS = ("other", "inflammatory", "epithelial", "spindle-shaped")


def image_of(seed):
    """A picture with four nuclei, labels with a gap, and classes by label."""
    rng = np.random.default_rng(seed)
    image, labels = np.full((96, 96, 3), 225, np.uint8), np.zeros((96, 96), np.int32)
    for label, (y, x) in zip((2, 3, 5, 9), ((15, 15), (15, 70), (70, 15), (70, 70)), strict=True):
        labels[y : y + 12, x : x + 12] = label
        image[labels == label] = (90, 50, 130)
    return np.clip(image + rng.normal(0, 5, image.shape), 0, 255).astype(np.uint8), labels


def source(name, broad, fine, classes):
    return CellSource(name=name, folder=name, classes=name, own_classes=classes, broad=broad, fine=fine, mpp=0.25)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for i, name in enumerate(("one", "two")):
        (folder / name).mkdir()
        image, labels = image_of(i)
        kinds = np.zeros(10, np.uint8)
        kinds[[2, 3, 5, 9]] = (1, 3, 3, 2)
        np.savez(folder / name / "tile.npz", image=image, inst=labels, type=kinds[labels])
    return folder


@pytest.fixture
def run(tmp_path):
    """What a run leaves behind, without its training."""
    recipe = RelabelRecipe(
        name="tiny",
        classes="consep4",
        own_classes=COLOURS,
        sources=(
            source("one", "stroma", ("inflammatory", "epithelial"), ("inflammatory", "epithelial", "stroma")),
            source("two", "round", ("other", "spindle-shaped"), ("other", "spindle-shaped", "round")),
        ),
    )
    (tmp_path / "recipe.json").write_text(json.dumps(recipe.as_dict()))
    rows = [
        {
            "source": name,
            "image": "tile",
            "label": label,
            "old_class": broad,
            "new_class": new if sure else broad,
            "proposed_class": new,
            "decision": "relabelled" if sure else "kept",
            "confidence": 0.9 if sure else 0.6,
            f"p_{new}": 0.9 if sure else 0.6,
            f"p_{other}": 0.1 if sure else 0.4,
        }
        for name, broad, new, other in (
            ("one", "stroma", "spindle-shaped", "other"),
            ("two", "round", "epithelial", "inflammatory"),
        )
        for label, sure in ((3, True), (5, False))
    ]
    with replacing(tmp_path / "ledger.parquet") as part:
        pd.DataFrame(rows).to_parquet(part, index=False)
    return tmp_path


def counting(name, choice):
    """A voter that always says the same, and remembers what it could choose from."""
    asked = []

    def vote(image, nuclei: NucleusMap, choices):
        asked.append((len(nuclei), tuple(choices)))
        return np.full(len(nuclei), choice, object), np.linspace(0.5, 0.8, len(nuclei))

    return asked, vote


def test_votes_are_kept_and_those_of_the_same_voter_replaced(data, run):
    asked, vote = counting("student", "other")
    court = drain(collect_votes(run, data, {"student": vote}))
    assert asked == [(4, ("spindle-shaped", "other")), (4, ("epithelial", "inflammatory"))]
    assert court.voters == ["teacher", "student"]
    drain(collect_votes(run, data, {"graph": counting("graph", "epithelial")[1]}))
    drain(collect_votes(run, data, {"student": counting("student", "inflammatory")[1]}))
    again = Court.open(run)
    assert again.voters == ["teacher", "student", "graph"]
    assert [vote.name for vote in again.votes(0)] == ["spindle-shaped", "inflammatory", "epithelial"]
    assert again.votes(1)[1].confidence == pytest.approx(0.7)  # label 5 is the third nucleus


def test_the_refined_data_set_is_what_the_court_decided(data, run, tmp_path):
    court = Court.open(run)
    court.decide(0, Verdict.REJECT, "ana")  # label 3 of one
    court.decide(3, Verdict.ACCEPT, "ana")  # label 5 of two
    drain(write_reviewed(run, data, tmp_path / "out"))
    refined = open_patches(tmp_path / "out" / "refined")
    classes = {
        name: dict(zip(truth.table["label"], truth.table["class"], strict=True))
        for i, name in enumerate(refined.names)
        if (truth := refined.patch(i).truth) is not None
    }
    assert classes["one_tile"] == {2: "inflammatory", 3: "stroma", 5: "stroma", 9: "epithelial"}
    assert classes["two_tile"] == {2: "other", 3: "epithelial", 5: "epithelial", 9: "spindle-shaped"}
    ledger = pd.read_csv(tmp_path / "out" / "ledger.csv")
    assert ledger["verdict"].fillna("").tolist() == ["reject", "", "", "accept"]


def test_a_model_the_graph_and_words_vote(data, run):
    asked = voters()
    assert ("graph" in asked) == bool(list_graphs())
    court = drain(collect_votes(run, data, asked))
    assert court.voters == ["teacher", *asked]
    for row in range(len(court)):
        votes = {vote.voter: vote for vote in court.votes(row)[1:]}
        text = votes["text"]
        assert {vote.name for vote in votes.values()} <= set(COLOURS)
        assert text.name in (("spindle-shaped", "other"), ("epithelial", "inflammatory"))[row // 2]
        assert all(0 < vote.confidence <= 1 for vote in votes.values())


def test_who_knows_none_of_the_classes_has_no_vote():
    image, labels = image_of(0)
    nuclei = NucleusMap.from_labels(labels)
    names, sure = voters(text="", graph="")["student"](Image((image,), 0.25), nuclei, ["macrophage", "neutrophil"])
    assert set(names) == {""}
    assert np.isnan(sure).all()


def test_a_folder_without_a_run_is_refused(data, tmp_path):
    with pytest.raises(NucleusError, match="cross-relabelling"):
        drain(collect_votes(tmp_path, data, {}))


def test_a_broken_recipe_is_refused(data, run):
    (Path(run) / "recipe.json").write_text("{")
    with pytest.raises(NucleusError, match="Choose its folder"):
        drain(collect_votes(run, data, {}))
