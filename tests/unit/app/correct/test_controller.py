import numpy as np
import pandas as pd
import pytest

from napari_nucleus.app.correct.controller import CorrectController
from napari_nucleus.app.correct.keys import Action
from napari_nucleus.app.correct.sight import Sight, look
from napari_nucleus.app.review import Doubt, Learned
from napari_nucleus.core import Image, NucleusError, NucleusMap, drain


def seen(labels):
    values = np.random.default_rng(0).random((len(labels), 4)).astype(np.float32)
    return pd.DataFrame(values, index=pd.Index(labels))


@pytest.fixture
def controller(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_NUCLEUS_KEYS", str(tmp_path / "keys.json"))
    controller = CorrectController()
    controller.state.annotator = "ada"
    yield controller
    controller.close()


@pytest.fixture
def made(controller, tmp_path, nuclei):
    controller.create(tmp_path / "mine", nuclei)
    pixels = np.random.default_rng(0).integers(0, 256, (*nuclei.labels.shape, 3)).astype(np.uint8)
    controller.choose(controller.add("a tile / 1", pixels, nuclei))
    return pixels


def test_a_project_is_made_from_pixels_and_nuclei(controller, made):
    np.testing.assert_array_equal(controller.pixels().array, made)
    assert [entry.name for entry in controller.state.images] == ["a tile / 1"]
    assert len(controller.reviewer.bench.rows) == 6


def test_what_was_corrected_is_there_when_it_is_opened_again(controller, made):
    folder = controller.state.folder
    controller.reviewer.bench.set_class(7, 3)
    controller.close()
    assert (controller.state.folder, controller.reviewer) == ("", None)
    controller.open(folder)
    controller.choose(1)
    assert controller.reviewer.bench.rows.number(7) == 3


def test_what_is_open_stays_when_another_project_cannot_be_opened(controller, made, tmp_path):
    with pytest.raises(NucleusError):
        controller.open(tmp_path / "nowhere")
    assert controller.reviewer is not None


def test_an_image_of_another_size_is_refused(controller, made, nuclei):
    with pytest.raises(NucleusError, match="Expected nuclei of the size"):
        controller.add("small", np.zeros((10, 10, 3), np.uint8), nuclei)


def test_an_image_that_is_gone_can_be_corrected_all_the_same(controller, made):
    controller.project.image(1).path.unlink()
    assert controller.pixels() is None
    assert controller.state.message
    controller.reviewer.bench.set_class(7, 3)


def test_keys_of_actions_are_the_users_and_those_of_classes_the_projects(controller, made):
    controller.rebind(Action.DELETE, "Q")
    controller.rebind(2, "V")
    controller.choose(1)
    keys = controller.reviewer.keys
    assert (keys.command("Q"), keys.command("V"), keys.command("2")) == (Action.DELETE, 2, None)
    with pytest.raises(NucleusError, match="taken"):
        controller.rebind(3, "Q")


def test_with_features_it_learns_and_orders_by_more(controller, made):
    reviewer = controller.reviewer
    assert Doubt.ATYPICAL not in reviewer.following.session.orders
    controller.take_sight(reviewer, Sight(None, seen([7, 14, 21, 28, 35, 42])))
    session = reviewer.following.session
    assert Doubt.ATYPICAL in session.orders
    reviewer.bench.set_class([7, 14], 3)
    controller.take_lesson(session.learner.fit(*session.lesson()))
    assert "Learnt from 2 corrections" in controller.state.learning
    assert [reviewer.bench.rows.number(label) for label in (7, 14)] == [3, 3]


def test_sight_of_an_image_that_was_closed_meanwhile_is_dropped(controller, made):
    former = controller.reviewer
    controller.choose(1)
    controller.take_sight(former, Sight(None, seen([7, 14])))
    assert controller.reviewer.following.can_learn is False
    controller.close_image()
    controller.take_lesson(Learned(np.full((6, 4), 0.25), 1, 0.0))


def test_what_models_saw_is_kept_while_the_project_is_open(controller, made):
    controller.take_sight(controller.reviewer, Sight(None, seen([7, 14, 21, 28, 35])))
    controller.reviewer.bench.delete(7)
    controller.choose(1)
    session = controller.reviewer.following.session
    assert Doubt.ATYPICAL in session.orders
    assert len(session.items) == 5


def test_models_look_at_an_image(nuclei):
    nuclei = NucleusMap.from_labels(nuclei.labels[:64, :64], classes="consep")
    pixels = np.random.default_rng(0).integers(0, 256, (*nuclei.labels.shape, 3)).astype(np.uint8)
    sight = drain(look(Image((pixels,), mpp=nuclei.mpp), nuclei))
    assert sight.maps.shape == nuclei.labels.shape
    assert sight.features.index.tolist() == nuclei.table["label"].tolist()
    assert np.isfinite(sight.features.to_numpy()).all()
