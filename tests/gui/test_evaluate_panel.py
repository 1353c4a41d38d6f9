import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QPoint, Qt

from napari_nucleus.app.error_map import Outcome, outcome_of
from napari_nucleus.core import NucleusMap
from napari_nucleus.gui.evaluate import EvaluatePanel
from napari_nucleus.gui.layers import add_nuclei
from napari_nucleus.io.samples import consep_tile

pytestmark = pytest.mark.window
WAIT_MS = 60_000
CUT = np.s_[0:400, 300:700]


@pytest.fixture(scope="module")
def nuclei():
    """Truth of a piece of the sample tile; the prediction is the same, moved, 10 nuclei lost, 20 of another class."""
    _, tile = consep_tile()
    truth = NucleusMap.from_labels(tile.labels[CUT], classes="consep", type_map=tile.type_map()[CUT])
    random = np.random.default_rng(0)
    ids = truth.table["label"].to_numpy()
    labels = np.roll(truth.labels, (1, 1), (0, 1))
    labels[np.isin(labels, random.choice(ids, 10, replace=False))] = 0
    class_of = dict(zip(ids.tolist(), truth.class_numbers.tolist(), strict=True))
    class_of |= dict.fromkeys(random.choice(ids, 20, replace=False).tolist(), 2)
    return truth, NucleusMap.from_labels(labels, classes="consep", class_of=class_of)


@pytest.fixture
def opened(make_napari_viewer_proxy, nuclei):
    """A viewer with truth, prediction, and the panel docked."""
    viewer = make_napari_viewer_proxy()
    viewer.window.resize(1200, 900)
    truth, prediction = nuclei
    add_nuclei(viewer, truth, name="truth", visible=False)
    add_nuclei(viewer, prediction, name="nuclei")
    panel = EvaluatePanel(viewer)
    viewer.window.add_dock_widget(panel)
    return viewer, panel


@pytest.fixture
def wait(qtbot):
    return lambda condition: qtbot.waitUntil(condition, timeout=WAIT_MS)


@pytest.fixture
def compared(opened, wait):
    viewer, panel = opened
    panel.form.compare.click()
    wait(lambda: panel.state.shown is not None)
    return viewer, panel


def click(qtbot, panel, row, column):
    center = panel.matrix.rect_of(row, column).center()
    qtbot.mouseClick(panel.matrix, Qt.MouseButton.LeftButton, pos=QPoint(round(center.x()), round(center.y())))


def found(panel):
    return int(panel.state.shown.confusion.iloc[:-1, :-1].to_numpy().sum())


def a_right_nucleus(panel):
    """Label and rows and columns of a nucleus that is found and has the right class."""
    panel.controller.pick("inflammatory", "inflammatory")
    place = panel.state.pick.place
    return place.pred, (round(place.y), round(place.x))


def camera(viewer):
    return getattr(viewer, "scene", viewer).camera


def test_two_layers_are_offered_and_compared_without_a_freeze(opened, wait):
    viewer, panel = opened
    assert panel.form.prediction.currentText() == "nuclei"
    assert panel.form.reference.currentText() == "truth"
    panel.form.compare.click()
    assert panel.state.running
    assert not panel.form.compare.isEnabled()
    wait(lambda: panel.state.shown is not None)
    assert panel.form.compare.isEnabled()
    shown = panel.state.shown
    assert shown.settled
    assert panel.scores.item(0, 0).text() == "PQ"
    assert panel.scores.item(0, 1).text() == f"{shown.table['value'].iloc[0]:.3f}"
    assert "–" in panel.scores.item(0, 2).text()
    assert f"<b>{shown.outcomes[Outcome.MISSED]}</b>" in panel.outcomes.counts[Outcome.MISSED].text()
    panel.everything.setChecked(True)
    assert panel.scores.rowCount() > 25
    assert viewer.layers["errors"].contour > 0
    assert viewer.layers.selection.active.name == "nuclei"


def test_a_cell_is_flown_to_and_its_nucleus_taken_for_painting(compared, qtbot):
    viewer, panel = compared
    counts = panel.state.shown.confusion
    click(qtbot, panel, "epithelial", "inflammatory")
    pick = panel.state.pick
    assert len(pick.places) == counts.loc["epithelial", "inflammatory"] > 1
    layer = viewer.layers["nuclei"]
    assert layer.selected_label == pick.place.pred
    np.testing.assert_allclose(camera(viewer).center[-2:], (pick.place.y * 0.25, pick.place.x * 0.25))
    assert len(viewer.layers["picked"].data) == len(pick.places)
    shown_um = min(viewer.window._qt_viewer.canvas.size) / camera(viewer).zoom
    assert shown_um == pytest.approx(40, rel=0.05)
    click(qtbot, panel, "epithelial", "inflammatory")
    assert panel.state.pick.at == 1
    panel.pick_bar.before.click()
    assert panel.state.pick.at == 0
    canvas = viewer.window._qt_viewer.canvas.native
    qtbot.keyClick(canvas, Qt.Key.Key_N)
    assert panel.state.pick.at == 1
    qtbot.keyClick(canvas, Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    assert panel.state.pick.at == 0
    assert f"of {len(pick.places)}: epithelial called inflammatory" in panel.pick_bar.text.text()


def test_a_missed_nucleus_gets_a_free_label(compared, qtbot):
    viewer, panel = compared
    click(qtbot, panel, "epithelial", "missed")
    assert viewer.layers["nuclei"].selected_label == viewer.layers["nuclei"].data.max() + 1
    place = panel.state.pick.place
    assert outcome_of(viewer.layers["errors"].data[round(place.y), round(place.x)]) == Outcome.MISSED


def test_an_erased_nucleus_is_missed_and_undo_brings_it_back(compared, wait):
    viewer, panel = compared
    label, (y, x) = a_right_nucleus(panel)
    layer, errors = viewer.layers["nuclei"], viewer.layers["errors"]
    before, picture, number = panel.state.shown, errors.data.copy(), found(panel)
    layer.fill((y, x), 0)
    wait(lambda: found(panel) == number - 1)
    assert not (layer.data == label).any()
    assert panel.state.shown.outcomes[Outcome.MISSED] == before.outcomes[Outcome.MISSED] + 1
    assert outcome_of(errors.data[y, x]) == Outcome.MISSED
    assert not panel.state.shown.settled
    wait(lambda: panel.state.shown.settled)
    layer.undo()
    wait(lambda: found(panel) == number)
    assert panel.state.shown.confusion.equals(before.confusion)
    np.testing.assert_allclose(panel.state.shown.table["value"], before.table["value"])
    np.testing.assert_array_equal(errors.data, picture)


def test_painting_over_a_nucleus_lets_true_positives_fall(compared, wait):
    viewer, panel = compared
    _, (y, x) = a_right_nucleus(panel)
    layer, number = viewer.layers["nuclei"], found(panel)
    layer.brush_size = 60
    for step in range(10):  # a stroke: many events in one go
        layer.paint((y, x + step), int(layer.data.max()) if step else int(layer.data.max()) + 1)
    wait(lambda: found(panel) < number)
    wait(lambda: panel.state.shown.settled)
    assert panel.state.shown.confusion.equals(_anew(viewer, panel))


def _anew(viewer, panel):
    from napari_nucleus.app.evaluate import EvaluateController
    from napari_nucleus.gui.evaluate.form import labels_source

    controller = EvaluateController()
    sources = labels_source(viewer.layers["truth"]), labels_source(viewer.layers["nuclei"])
    controller.accept(controller.work(controller.submit(*sources)))
    return controller.state.shown.confusion


def test_another_class_moves_a_count(compared, wait):
    viewer, panel = compared
    label, _ = a_right_nucleus(panel)
    before = panel.state.shown.confusion
    layer = viewer.layers["nuclei"]
    features = layer.features.copy()
    features.loc[features["index"] == label, "class"] = "epithelial"
    layer.features = features
    wait(lambda: panel.state.shown.confusion is not before)
    after = panel.state.shown.confusion
    assert after.loc["inflammatory", "inflammatory"] == before.loc["inflammatory", "inflammatory"] - 1
    assert after.loc["inflammatory", "epithelial"] == before.loc["inflammatory", "epithelial"] + 1


def test_a_corrected_reference_is_compared_anew(compared, wait):
    viewer, panel = compared
    total = int(panel.state.shown.confusion.iloc[:-1].to_numpy().sum())
    truth = viewer.layers["truth"]
    y, x = np.argwhere(truth.data)[500]
    truth.fill((y, x), 0)
    wait(lambda: int(panel.state.shown.confusion.iloc[:-1].to_numpy().sum()) == total - 1)


def test_other_nuclei_in_the_layer_are_compared_anew(compared, wait, nuclei):
    viewer, panel = compared
    truth, _ = nuclei
    viewer.layers["nuclei"].data = truth.labels.copy()
    wait(lambda: panel.state.shown.outcomes[Outcome.MISSED] == 0)
    viewer.layers["nuclei"].data = truth.labels[:100, :100].copy()
    wait(lambda: panel.state.shown is None)
    assert "Expected layers of one size" in panel.message.text()


@pytest.mark.parametrize("name", ["nuclei", "truth", "errors", "picked"])
def test_layers_may_go(compared, qtbot, wait, name):
    viewer, panel = compared
    click(qtbot, panel, "epithelial", "inflammatory")
    viewer.layers.remove(viewer.layers[name])
    if name in ("nuclei", "truth"):
        assert panel.state.shown is None
        assert len(viewer.layers["picked"].data) == 0
        assert f"{name} was removed" in panel.message.text()
        panel.compare()
    else:
        click(qtbot, panel, "epithelial", "missed")
        number = found(panel)
        viewer.layers["nuclei"].data_setitem(np.nonzero(viewer.layers["nuclei"].data), 0)
        wait(lambda: found(panel) < number)


def test_the_panel_may_go_while_it_compares(opened, qtbot):
    viewer, panel = opened
    panel.compare()
    viewer.window.remove_dock_widget(panel)
    viewer.layers["nuclei"].fill((10, 10), 5)
    qtbot.wait(300)


def test_wrong_choices_are_one_line(opened, wait):
    viewer, panel = opened
    viewer.add_labels(np.zeros((3, 8, 8), int), name="stack")
    viewer.add_labels(np.zeros((400, 400), int), name="blank reference")
    start = len(notification_manager.records)
    panel.form.reference.setCurrentText("nuclei")
    panel.form.prediction.setCurrentText("nuclei")
    panel.compare()
    assert "'nuclei' twice" in panel.message.text()
    panel.form.prediction.setCurrentText("stack")
    panel.compare()
    assert "one plane" in panel.message.text()
    panel.form.prediction.setCurrentText("nuclei")
    panel.form.reference.setCurrentText("blank reference")
    panel.compare()
    wait(lambda: "Expected nuclei in 'blank reference'" in panel.message.text())
    notes = [str(record.message) for record in notification_manager.records[start:]]
    assert len(notes) == 3
    assert not any("\n" in note for note in notes)
    assert panel.form.compare.isEnabled()


def test_any_labels_layers_will_do(make_napari_viewer_proxy, wait, nuclei):
    viewer = make_napari_viewer_proxy()
    panel = EvaluatePanel(viewer)
    viewer.window.add_dock_widget(panel)
    panel.compare()
    assert "Expected two layers" in panel.message.text()
    viewer.add_labels(nuclei[0].labels.astype(np.uint16), name="manual")
    viewer.add_labels(nuclei[1].labels.astype(np.int64), name="mine", translate=(3, 4))
    panel.compare()
    wait(lambda: panel.state.shown is not None)
    assert list(panel.state.shown.confusion) == ["nucleus", "missed"]
    assert tuple(viewer.layers["errors"].translate) == (3, 4)
