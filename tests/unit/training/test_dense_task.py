from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_nucleus.core import NucleusError
from napari_nucleus.models.card import read_card, write_card
from napari_nucleus.training.dense_task import DenseTask
from napari_nucleus.training.objective import Targets, objective
from napari_nucleus.training.recipe import FREQUENCY, DataSource


@pytest.fixture
def task(data, recipe):
    return DenseTask(replace(recipe, validate_images=1), data)


def test_losses_are_those_of_the_objective(task):
    batch = task.batch(0, range(2))
    network = task.network.eval()
    with torch.no_grad():
        parts = task.losses(network, batch)
        targets = Targets(batch["nucleus"].float(), batch["types"].long(), batch["typed"], hv=batch["hv"])
        expected = objective(network(batch["image"]), targets, torch.ones(5))
    assert set(parts) == {"np", "hv", "type"}
    assert all(torch.isclose(parts[name], expected[name]) for name in expected)


def test_scores_of_what_is_held_out(task):
    with torch.no_grad():
        scores = task.validate(task.network.eval())
        again = task.validate(task.network)
    assert scores == again
    assert scores["val_loss"] == pytest.approx(scores["val_np"] + scores["val_hv"] + scores["val_type"])
    assert all(0 <= scores[name] <= 1 for name in task.rising)
    assert task.monitor == "val_loss"
    assert "val_pq" in task.rising
    assert "val_loss" not in task.rising


class Oracle(torch.nn.Module):
    """Answers a held-out image with its own truth."""

    size_multiple = 16
    targets = ("hv",)

    def __init__(self, image):
        super().__init__()
        self.image = image
        self.nothing = torch.nn.Parameter(torch.zeros(1))

    def forward(self, image):
        from napari_nucleus.models.hover_output import HoverOutput

        height, width = self.image.labels.shape
        full = np.zeros((8, *image.shape[-2:]), np.float32)
        full[0] = -9
        full[3] = 9
        full[0, :height, :width] = np.where(self.image.labels > 0, 9, -9)
        full[1:3, :height, :width] = np.moveaxis(self.image.targets["hv"], -1, 0)
        for number in range(5):
            full[3 + number, :height, :width] = np.where(self.image.types == number, 9, 0)
        maps = torch.from_numpy(full)[None].to(image)
        return HoverOutput(maps[:, :1], maps[:, 1:3], maps[:, 3:])


def test_a_network_that_knows_the_truth_has_full_scores(task):
    scores = task.held_out.scores(Oracle(task.data.held_out[0]))
    assert scores == pytest.approx({"val_pq": 1, "val_fd": 1, "val_fc": 1, "val_f1": 1}, abs=0.02)


def test_the_preview_is_of_a_held_out_image(task):
    image = task.data.held_out[0]
    shown = task.preview(Oracle(image))
    assert set(shown) == {"image", "labels", "truth", "np", "type"}
    np.testing.assert_array_equal(shown["image"], image.image)
    np.testing.assert_array_equal(shown["truth"], image.labels)
    assert (shown["np"].dtype, shown["type"].dtype) == (np.float32, np.uint8)
    assert len(np.unique(shown["labels"])) == 5
    assert ((shown["type"] > 0) == (shown["labels"] > 0)).all()


def test_the_card_tells_data_training_and_scores(data, recipe, tmp_path):
    (data / "typed" / "SOURCE.md").write_text("# Discs\nLicence: CC0 1.0\nCitation: Doe, Discs, 2026\n")
    task = DenseTask(recipe, data)
    task.validate(task.network.eval())
    card = task.card()
    assert (card.name, card.architecture, card.classes, card.mpp) == ("tiny", "nucleus_small", "consep", 0.25)
    assert card.parameters == sum(weight.numel() for weight in task.network.parameters())
    assert [(d["name"], d["licence"]) for d in card.data] == [("Discs", "CC0 1.0"), ("untyped", "")]
    assert "CC0 1.0" in card.licence
    assert "not stated: untyped" in card.licence
    assert card.training["validation"] == ["typed_1"]
    assert card.training["nuclei_by_class"] == {"other": 1, "inflammatory": 1, "epithelial": 1, "spindle-shaped": 1}
    assert card.scores["validation"]["images"] == 1
    assert len(card.scores["validation"]["pq"]) == 3
    write_card(tmp_path / "card.json", card)
    assert read_card(tmp_path / "card.json") == card


def test_nothing_held_out_is_no_score(data, recipe):
    task = DenseTask(replace(recipe, sources=(DataSource("untyped"),)), data)
    assert task.validate(task.network) == {}
    assert task.preview(task.network) == {}
    assert task.card().scores == {}


def test_weights_from_how_often_classes_are_met(data, recipe):
    """Losses differ from plain ones where classes are rare, by what `pixel_class_weights` says."""
    path = data / "typed" / "typed_0.npz"
    arrays = dict(np.load(path))
    np.savez(path, **arrays | {"type": np.where(arrays["inst"] == 1, 1, 2 * (arrays["inst"] > 0))})
    sources = (DataSource("typed", classes=True),)
    plain, weighted = (
        DenseTask(replace(recipe, sources=sources, class_weight=weight), data) for weight in ((), FREQUENCY)
    )
    batch = plain.batch(0, range(2))
    with torch.no_grad():
        one, other = (task.losses(plain.network.eval(), batch)["type"] for task in (plain, weighted))
    assert not torch.isclose(one, other)


def test_own_classes(data, recipe):
    task = DenseTask(replace(recipe, classes=("a", "b", "c", "d"), class_weight=()), data)
    assert task.card().scheme.classes == ("a", "b", "c", "d")
    assert task.network.type_head.out_channels == 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "nucleus_smal"}, "model .*'nucleus_smal'. Write 'nucleus_small'"),
        ({"options": {"encoder": "resnet188"}}, "encoder .*'resnet188'"),
        ({"crop": 50}, "Set crop = 64"),
        ({"model": "cell_resnet50"}, "segments, got cell_resnet50"),
    ],
)
def test_a_network_that_does_not_exist_is_one_line(data, recipe, changes, message):
    with pytest.raises(NucleusError, match=message) as error:
        DenseTask(replace(recipe, **changes), data)
    assert "\n" not in str(error.value)
