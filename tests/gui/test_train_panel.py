import json
import os
import time

import numpy as np
import pandas as pd
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtWidgets import QTableWidget

from napari_nucleus.app.training.controller import TrainController
from napari_nucleus.app.training.orders import look_at
from napari_nucleus.app.training.results import RelabelResult
from napari_nucleus.app.training.state import JobRow
from napari_nucleus.core import NucleusMap
from napari_nucleus.gui.layers import add_nuclei
from napari_nucleus.gui.layers.data import image_data
from napari_nucleus.gui.train import TrainPanel
from napari_nucleus.gui.train.curve_plot import CurvePlot
from napari_nucleus.gui.train.preview import PreviewLayers
from napari_nucleus.gui.train.results import ResultView
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.jobs import JobQueue, JobSpec
from napari_nucleus.jobs.folder import JobFolder
from napari_nucleus.jobs.process import creation, this_host
from napari_nucleus.jobs.record import Record
from napari_nucleus.models import list_models

pytestmark = pytest.mark.window
WAIT_MS = 180_000
CUT = np.s_[0:256, 300:556]


@pytest.fixture
def controller(tmp_path):
    return TrainController(JobQueue(tmp_path / "jobs"), tmp_path)


@pytest.fixture
def busy(controller, tmp_path):
    """This very process passes for a running job, so that others wait."""
    recipe = tmp_path / "busy.toml"
    recipe.write_text('name = "busy"')
    running = Record(
        state="running",
        host=this_host(),
        pid=os.getpid(),
        created=creation(os.getpid()),
        started=time.time(),
        run=str(controller.runs / "busy"),
    )
    (tmp_path / "jobs").mkdir()
    JobFolder(tmp_path / "jobs" / "1").create(JobSpec(kind="train", recipe=str(recipe), data="."), "", running)
    return controller.runs / "busy"


@pytest.fixture
def opened(make_napari_viewer_proxy, controller, qtbot):
    """A viewer with a piece of the sample tile, its truth, and the panel docked."""
    viewer = make_napari_viewer_proxy()
    image, tile = consep_tile()
    _, options, _ = image_data(image)
    viewer.add_image(image.array[CUT], **options | {"name": "tile"})
    nuclei = NucleusMap.from_labels(tile.labels[CUT], classes="consep", type_map=tile.type_map()[CUT])
    add_nuclei(viewer, nuclei, name="truth")
    panel = TrainPanel(viewer, controller)
    viewer.window.add_dock_widget(panel)
    qtbot.waitUntil(lambda: panel.fine_tune.model.count() > 0, timeout=WAIT_MS)
    return viewer, panel


def test_a_model_is_fine_tuned_on_layers_beside_the_window(opened, qtbot):
    _, panel = opened
    panel.fine_tune.run.name.setText("mine")

    panel.start.click()
    qtbot.waitUntil(lambda: bool(panel.state.rows) and panel.state.rows[0].state == "done", timeout=WAIT_MS)

    row = panel.state.row
    assert (row.name, row.kind, row.model) == ("mine", "fine-tune", "mine")
    assert {info.name: info for info in list_models()}["mine"].card.scheme.name == "consep"
    assert panel.fine_tune.run.name.text() == "mine-2"
    panel.fine_tune.model.opening.emit()
    assert panel.fine_tune.model.findText("mine") > 0


def test_what_is_missing_is_told_and_nothing_is_queued(opened):
    viewer, panel = opened
    viewer.layers.remove("truth")
    for tab in range(panel.tabs.count()):
        panel.tabs.setCurrentIndex(tab)
        panel.start.click()
        assert panel.state.message.startswith("Expected ")
        assert notification_manager.records[-1].message == panel.state.message
    assert panel.controller.queue.jobs() == []


def test_jobs_are_listed_and_obey_the_buttons(busy, opened, qtbot):
    _, panel = opened
    panel.start.click()
    qtbot.waitUntil(lambda: len(panel.state.rows) == 2, timeout=WAIT_MS)
    assert [panel.jobs.table.item(i, 0).text() for i in range(2)] == ["tuned", "busy"]

    qtbot.waitUntil(lambda: panel.state.row is not None and panel.state.row.name == "tuned", timeout=WAIT_MS)
    assert panel.jobs.buttons["pause"].isEnabled()
    panel.jobs.buttons["cancel"].click()
    assert panel.state.row.state == "cancelled"
    assert not panel.jobs.buttons["pause"].isEnabled()
    panel.jobs.buttons["remove"].click()
    assert panel.jobs.table.rowCount() == 1


def test_curves_of_the_chosen_job_grow(busy, opened, qtbot):
    _, panel = opened
    busy.mkdir(parents=True)
    log = busy / "log.csv"
    log.write_text("step,loss,val_pq\n1,3.0,\n2,2.5,0.4\n")

    qtbot.waitUntil(lambda: panel.curves.titles() == ["training", "PQ"], timeout=WAIT_MS)
    line = panel.curves.losses.listDataItems()[0]
    assert line.getData()[1].tolist() == [3.0, 2.5]
    with log.open("a") as file:
        file.write("3,2.0,\n")
    qtbot.waitUntil(lambda: len(line.getData()[1]) == 3, timeout=WAIT_MS)


def test_a_held_out_tile_is_shown_when_it_is_wanted(busy, opened, qtbot):
    viewer, panel = opened
    tile = {"image": np.zeros((32, 32, 3), np.uint8), "labels": np.eye(32, dtype=np.int32), "np": np.ones((32, 32))}
    busy.mkdir(parents=True)
    np.savez(busy / "preview.npz", **tile)
    before = [layer.name for layer in viewer.layers]

    panel.samples.setChecked(True)
    qtbot.waitUntil(lambda: "its nuclei" in viewer.layers, timeout=WAIT_MS)
    assert panel.fine_tune.nuclei.current().name == "truth"
    assert panel.fine_tune.image.current().name == "tile"
    corner = viewer.layers["held-out tile"].extent.world[0]
    assert corner[1] > viewer.layers["tile"].extent.world[1][1]

    panel.samples.setChecked(False)
    assert [layer.name for layer in viewer.layers] == before


def test_a_folder_offers_its_classes_to_relabelling(opened, tmp_path, qtbot):
    _, panel = opened
    folder = tmp_path / "consep"
    folder.mkdir()
    image, nuclei = consep_tile()
    np.savez(folder / "a.npz", image=image.array[CUT], inst=nuclei.labels[CUT], type=nuclei.type_map()[CUT])

    for side, broad in zip(panel.relabel.sides, ("inflammatory", "epithelial"), strict=True):
        side.folder.set(str(folder))
        qtbot.waitUntil(lambda side=side: side.broad.count() == 4, timeout=WAIT_MS)
        side.broad.setCurrentText(broad)

    first, second = panel.relabel.order().sides
    assert (first.broad, first.fine) == ("inflammatory", ("other", "epithelial", "spindle-shaped"))
    assert (second.broad, second.fine) == ("epithelial", ("other", "inflammatory", "spindle-shaped"))
    assert first.scheme == look_at(str(folder)).scheme


def test_a_panel_that_is_closed_lets_go_of_its_jobs(busy, opened):
    viewer, panel = opened
    viewer.window.remove_dock_widget("all")

    assert not panel._clock.isActive()
    assert [job.state for job in panel.controller.queue.jobs()] == ["running"]


def test_lines_come_and_go_with_the_run_that_is_shown(qtbot):
    plot = CurvePlot()
    qtbot.addWidget(plot)
    table = pd.DataFrame({"step": [1, 2], "loss": [2.0, 1.0], "val_loss": [np.nan, 1.5], "val_f1": [np.nan, 0.5]})

    plot.show_table(table)
    assert plot.titles() == ["training", "held out", "F"]
    plot.show_table(table[["step", "loss"]])
    assert plot.titles() == ["training"]
    plot.show_table(pd.DataFrame())
    assert plot.titles() == []


def test_tiles_of_another_size_replace_the_former(make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy()
    layers = PreviewLayers(viewer)

    for side in (16, 16, 24):
        layers.show({"image": np.zeros((side, side, 3), np.uint8), "labels": np.ones((side, side), np.int32)})
        assert [layer.data.shape[0] for layer in viewer.layers] == [side, side]
    layers.clear()
    assert not viewer.layers


def test_a_finished_distillation_shows_its_table(qtbot, tmp_path):
    rows = [{"measure": "pq", "class": "", "teacher": 0.5, "student": None, "ratio": 2.0, "teacher_low": 0.4}]
    (tmp_path / "comparison.json").write_text(json.dumps({"rows": rows}))
    view = ResultView()
    qtbot.addWidget(view)

    view.show_job(JobRow("1", "s", "distil", "done", text="kept", model="s"), tmp_path)
    table = view.findChild(QTableWidget, "comparison")
    assert [table.item(0, column).text() for column in range(4)] == ["PQ", "0.500", "–", "2.000"]
    view.show_job(None, None)
    assert view.layout().count() == 0


def test_a_cross_relabelling_is_reviewed_in_the_court(opened, tmp_path):
    viewer, panel = opened
    ledger = {"source": "a", "image": "t", "label": [1, 2], "old_class": "broad", "new_class": "x"}
    pd.DataFrame(ledger | {"proposed_class": "x", "confidence": [0.9, 0.7]}).to_parquet(tmp_path / "ledger.parquet")
    panel.results.review.emit(RelabelResult((), 2, 0, tmp_path, pd.DataFrame()))
    _, correct = viewer.window.add_plugin_dock_widget("napari-nucleus", "Correct nuclei")
    assert correct.tabs.currentWidget() is correct.court
    assert correct.court.bar.format() == "0 of 2 judged"
