import os
import time
import tomllib

import pytest

from napari_nucleus.app.training.controller import TrainController
from napari_nucleus.app.training.orders import FineTuneOrder, RecipeOrder
from napari_nucleus.core import NucleusError, scheme
from napari_nucleus.jobs import JobQueue, JobSpec
from napari_nucleus.jobs.folder import JobFolder
from napari_nucleus.jobs.process import creation, this_host
from napari_nucleus.jobs.record import Record

CONSEP = scheme("consep")


@pytest.fixture
def controller(tmp_path):
    """With a queue in which this very process passes for a running job, so that the others wait."""
    recipe = tmp_path / "busy.toml"
    recipe.write_text('name = "busy"')
    running = Record(
        state="running",
        host=this_host(),
        pid=os.getpid(),
        created=creation(os.getpid()),
        started=time.time(),
        run=str(tmp_path / "runs" / "busy"),
    )
    spec = JobSpec(kind="train", recipe=str(recipe), data=str(tmp_path))
    (tmp_path / "jobs").mkdir()
    JobFolder(tmp_path / "jobs" / "1").create(spec, recipe.read_text(), running)
    return TrainController(JobQueue(tmp_path / "jobs"), tmp_path)


@pytest.fixture
def order(pair):
    def make(name="tuned", **given):
        return FineTuneOrder(
            **{"name": name, "start": "default", "start_scheme": CONSEP, "scheme": CONSEP, "layers": (pair(),)} | given
        )

    return make


def test_an_order_is_queued_with_its_recipe_and_data(controller, order, tmp_path):
    job = controller.submit(order(steps=3))
    controller.refresh()

    assert [(row.name, row.kind, row.state) for row in controller.state.rows] == [
        ("busy", "train", "running"),
        ("tuned", "fine-tune", "queued"),
    ]
    assert (tmp_path / "orders" / "tuned" / "annotated" / "my tile.npz").exists()
    recipe = tomllib.loads((tmp_path / "orders" / "tuned" / "recipe.toml").read_text())
    assert (recipe["name"], recipe["steps"]) == ("tuned", 3)
    assert job.run_folder == tmp_path / "runs" / "tuned"


def test_the_chosen_job_is_asked(controller, order):
    job = controller.submit(order())
    controller.refresh()
    controller.state.chosen = job.id

    controller.pause()
    assert controller.state.row.state == "paused"
    controller.resume()
    assert controller.state.row.state == "queued"
    controller.cancel()
    assert controller.state.row.state == "cancelled"
    assert controller.state.row.can_resume
    controller.remove()
    assert [row.name for row in controller.state.rows] == ["busy"]
    assert controller.state.chosen == "1"


def test_names_that_are_taken_are_counted_on(controller, order, tmp_path):
    (tmp_path / "runs" / "old-3").mkdir(parents=True)
    controller.submit(order("tuned"))
    controller.refresh()

    assert controller.free_name("new") == "new"
    assert controller.free_name("tuned") == "tuned-2"
    assert controller.free_name("old-3") == "old-4"
    with pytest.raises(NucleusError, match="a new name, got 'old-3'"):
        controller.submit(order("old-3"))


def test_a_recipe_that_is_there_already(controller, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"')

    job = controller.submit(RecipeOrder(path=path, kind="train", folder=str(tmp_path), steps=5))

    assert (job.spec.kind, job.spec.steps, job.name) == ("train", 5, "mine")
    with pytest.raises(NucleusError, match="a recipe at"):
        controller.submit(RecipeOrder(path=tmp_path / "gone.toml", kind="train", folder=str(tmp_path)))


def test_an_order_is_saved_as_a_recipe(controller, order, tmp_path):
    controller.save_recipe(order(part="whole"), tmp_path / "saved.toml")

    assert tomllib.loads((tmp_path / "saved.toml").read_text())["part"] == "whole"
    with pytest.raises(NucleusError, match="a place to write"):
        controller.save_recipe(order(), tmp_path / "nowhere" / "saved.toml")


def test_without_a_job_there_is_nothing_to_pause(tmp_path):
    with pytest.raises(NucleusError, match="a job, got none"):
        TrainController(JobQueue(tmp_path / "jobs"), tmp_path).pause()
