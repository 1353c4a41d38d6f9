from dataclasses import replace

import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.models import ModelCard, create_model, find_model
from napari_nucleus.training import Run, publish
from napari_nucleus.training.checkpoint import export_weights


@pytest.fixture
def run(tmp_path):
    weights = tmp_path / "model.safetensors"
    export_weights(weights, create_model("nucleus_small", classes="pannuke"))
    return Run(tmp_path, weights, ModelCard("mine", "nucleus_small", "pannuke", 0.25))


def test_a_published_model_is_listed_with_its_card(run):
    assert publish(run) == "mine"
    info = find_model("mine")
    assert info.has_weights
    assert info.card == run.card


def test_a_taken_name_gets_a_number(run):
    assert [publish(run) for _ in range(3)] == ["mine", "mine-2", "mine-3"]
    assert publish(replace(run, card=replace(run.card, name="nucleus_small"))) == "nucleus_small-2"


def test_a_name_that_was_asked_for_is_not_changed(run):
    assert publish(run, "other") == "other"
    with pytest.raises(NucleusError, match="new name, got other"):
        publish(run, "other")
