import numpy as np
import pandas as pd
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QApplication, QDoubleSpinBox

from napari_nucleus.app.correct import UNKNOWN, Workbench
from napari_nucleus.app.correct.keys import Action
from napari_nucleus.app.correct.outlines import outlined
from napari_nucleus.app.correct.sight import Sight
from napari_nucleus.core import HoverMaps, NucleusMap, own_scheme
from napari_nucleus.gui.correct import CorrectPanel
from napari_nucleus.gui.layers import add_nuclei
from napari_nucleus.project import Project, scheme_edits

pytestmark = pytest.mark.window
CLASSES = 12
MPP = 0.25
Key, Shift, Ctrl = Qt.Key, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def nuclei():
    """A grid of nuclei, of which the first two touch, and the third is two in one; twelve classes."""
    labels = np.zeros((256, 256), np.int32)
    y, x = np.mgrid[:256, :256]
    for i in range(25):
        cy, cx = 30 + 48 * (i // 5), 30 + 48 * (i % 5) - (18 if i == 1 else 0)
        labels[((y - cy) ** 2 + (x - cx) ** 2 <= 14**2) & (labels == 0)] = i + 1
    labels[labels == 3] = 0
    labels[np.minimum(abs(x - 117), abs(x - 137)) ** 2 + (y - 30) ** 2 < 121] = 3
    scheme = own_scheme("twelve", [f"kind {i}" for i in range(1, CLASSES + 1)])
    return NucleusMap.from_labels(labels, mpp=MPP, classes=scheme, class_of={i: i % CLASSES + 1 for i in range(1, 26)})


@pytest.fixture
def window(make_napari_viewer_proxy, nuclei, tmp_path, monkeypatch, qtbot):
    """A viewer with a project made of its layers, open in the panel."""
    monkeypatch.setenv("NAPARI_NUCLEUS_KEYS", str(tmp_path / "keys.json"))
    viewer = make_napari_viewer_proxy(show=True)
    viewer.window.resize(1300, 900)
    pixels = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    viewer.add_image(pixels, name="tile", scale=(MPP, MPP), units=("um", "um"))
    add_nuclei(viewer, nuclei)
    panel = CorrectPanel(viewer, looks=False)
    viewer.window.add_dock_widget(panel)
    panel.make_project(tmp_path / "project")
    qtbot.wait(50)
    return Desk(viewer, panel, qtbot)


class Desk:
    """What a person does: points, presses keys, looks."""

    def __init__(self, viewer, panel, qtbot):
        self.viewer, self.panel, self.qtbot = viewer, panel, qtbot
        self.reviewer, self.bench = panel.controller.reviewer, panel.controller.reviewer.bench
        self.layer = viewer.layers["classes"]
        self.canvas = panel.window().centralWidget().findChild(QOpenGLWidget)

    def review(self):
        """Switch Review mode on; the view stays where it is."""
        self.panel.review.queue.follows.setChecked(False)
        self.panel.review.switch.click()
        assert self.reviewer.mode.on
        return self

    def press(self, key, modifier=Qt.KeyboardModifier.NoModifier):
        self.qtbot.keyClick(self.canvas, key, modifier)

    def pixel(self, y, x):
        """Where a place of the image is on the canvas."""
        camera = getattr(self.viewer, "scene", self.viewer).camera
        offset = (np.array([y, x]) * MPP - camera.center[-2:]) * camera.zoom
        return QPoint(round(self.canvas.width() / 2 + offset[1]), round(self.canvas.height() / 2 + offset[0]))

    def point(self, y, x):
        self.qtbot.mouseMove(self.canvas, self.pixel(y, x) + QPoint(9, 9))
        self.qtbot.mouseMove(self.canvas, self.pixel(y, x))
        self.qtbot.wait(20)

    def point_at(self, label):
        row = self.bench.rows[label]
        self.point(row.y, row.x)
        assert self.reviewer.mode.under == label

    def check_layer(self):
        """What is shown is what the project holds."""
        with Project.open(self.panel.state.folder, read_only=True) as project:
            np.testing.assert_array_equal(project.labels(1), self.bench.labels)
        classes = np.where(self.bench.classes == UNKNOWN, CLASSES + 1, self.bench.classes)
        shown = self.layer.data
        ours = shown <= CLASSES + 1
        np.testing.assert_array_equal(shown[ours], outlined(self.bench.labels, classes.astype(np.uint8))[ours])


def test_hover_and_digit_set_the_class_and_go_on(window):
    window.review()
    boxes, anew = [], []
    for event in (window.layer.events.colormap, window.layer.events.set_data):
        event.connect(anew.append)
    window.layer.events.labels_update.connect(lambda event: boxes.append(event.data.size))
    window.press(Key.Key_N)
    first = window.reviewer.mode.current
    window.point_at(first)
    window.press(Key.Key_5)
    assert window.bench.rows.number(first) == 5
    assert window.reviewer.mode.current not in (0, first)
    assert (window.layer.data[window.bench.labels == first] == 5).any()
    window.check_layer()
    assert max(boxes) < window.layer.data.size / 8
    assert not anew  # no colour, and never the whole layer
    with Project.open(window.panel.state.folder, read_only=True) as project:
        assert project.journal()["action"].tolist() == ["set class"]


def test_more_than_nine_classes(window):
    window.review()
    window.point_at(13)
    window.press(Key.Key_0)
    assert window.bench.rows.number(13) == 10
    window.point_at(14)
    window.press(Key.Key_2, Shift)
    assert window.bench.rows.number(14) == 12
    window.point_at(15)
    typed = QKeyEvent(QEvent.Type.KeyPress, Key.Key_Exclam, Shift, 10, 33, 0, "!")  # the key of 1, as X11 sends it
    QApplication.sendEvent(window.canvas, typed)
    assert window.bench.rows.number(15) == 11


def test_napari_has_its_keys_back(window):
    viewer, layer = window.viewer, window.layer
    window.review()
    window.point_at(13)
    for key in (Key.Key_1, Key.Key_2, Key.Key_5, Key.Key_M, Key.Key_B, Key.Key_P):
        window.press(key)
    assert (str(layer.mode), layer.preserve_labels) == ("pan_zoom", False)
    while window.reviewer.mode.on:
        window.press(Key.Key_Escape)
    lines = len(window.bench.project.lines(1))
    viewer.layers.selection.active = layer
    modes = []
    for key in (Key.Key_1, Key.Key_2, Key.Key_4, Key.Key_5, Key.Key_P, Key.Key_6):
        window.press(key)
        modes.append(str(layer.mode))
    assert modes == ["erase", "paint", "fill", "pick", "paint", "pan_zoom"]
    window.press(Key.Key_B)
    assert layer.preserve_labels
    assert len(window.bench.project.lines(1)) == lines


def test_no_key_is_taken_from_a_field_that_one_types_in(window):
    window.review()
    window.point_at(13)
    panel, before = window.panel, window.bench.labels.copy()
    comment, number = panel.review.nucleus.comment, QDoubleSpinBox(panel.window())
    number.show()
    window.qtbot.waitUntil(comment.isEnabled)
    panel.window().activateWindow()
    for field in (comment, panel.bar.annotator, number):
        field.setFocus()
        window.qtbot.waitUntil(field.hasFocus)
        window.qtbot.keyClicks(field, "x3sm ")
    bench = panel.controller.reviewer.bench
    assert np.array_equal(bench.labels, before)
    assert [(line.action, line.annotator) for line in bench.project.lines(1)] == [("comment", window.bench.annotator)]
    assert bench.rows[13].comment == "x3sm"
    assert bench.annotator.endswith("x3sm")


def test_accept_delete_undo_redo(window):
    window.review()
    window.point_at(13)
    window.press(Key.Key_Space)
    assert window.bench.rows[13].state == "accepted"
    window.point_at(14)
    window.press(Key.Key_X)
    assert 14 not in window.bench.rows
    window.check_layer()
    window.press(Key.Key_U)
    assert 14 in window.bench.rows
    window.check_layer()
    window.press(Key.Key_Z, Ctrl | Shift)
    assert 14 not in window.bench.rows
    window.press(Key.Key_Z, Ctrl)
    assert 14 in window.bench.rows
    window.check_layer()
    with Project.open(window.panel.state.folder) as project:
        Workbench.open(project, 1, "bob").set_class(12, 5)
    window.qtbot.waitUntil(lambda: (window.layer.data[window.bench.labels == 12] == 5).any(), timeout=10_000)
    window.check_layer()
    window.panel.bar.annotator.setText("eve")
    window.panel.bar.annotator.editingFinished.emit()
    assert window.panel.controller.reviewer.bench.annotator == "eve"
    window.viewer.layers.remove("classes")
    assert window.panel.controller.reviewer is None
    assert "was removed" in window.panel.message.text()


def test_merge_split_and_cut(window):
    window.review()
    window.point_at(1)
    window.press(Key.Key_M)
    assert window.reviewer.mode.chosen == {1}
    window.point_at(2)
    window.press(Key.Key_M)
    assert len({window.bench.label_at(30, x) for x in (25, 62)}) == 1
    window.check_layer()
    window.point_at(3)
    window.press(Key.Key_S)
    assert 0 != window.bench.label_at(30, 112) != window.bench.label_at(30, 142) != 0
    window.check_layer()
    window.press(Key.Key_U)
    window.press(Key.Key_U)
    assert {1, 2, 3} <= {window.bench.label_at(30, x) for x in (25, 62, 112, 142)}
    y, x = window.bench.rows[13].y, window.bench.rows[13].x
    window.point(y - 18, x)
    window.press(Key.Key_S, Shift)
    window.point(y + 18, x)
    assert (window.layer.data == CLASSES + 2).any()
    window.press(Key.Key_S, Shift)
    assert not (window.layer.data == CLASSES + 2).any()
    assert 0 != window.bench.label_at(y, x - 6) != window.bench.label_at(y, x + 6) != 0
    window.check_layer()


def test_the_queue_flies_to_the_most_doubtful(window):
    queue = window.panel.review.queue
    window.panel.review.switch.click()
    window.press(Key.Key_N)
    window.qtbot.wait(30)
    first = window.reviewer.mode.current
    camera = getattr(window.viewer, "scene", window.viewer).camera
    row = window.bench.rows[first]
    np.testing.assert_allclose(np.array(camera.center[-2:]) / MPP, (row.y, row.x), atol=1.5)
    queue.next.click()
    second = window.reviewer.mode.current
    window.press(Key.Key_P)
    assert window.reviewer.mode.current == first != second
    window.press(Key.Key_Space)
    window.qtbot.waitUntil(lambda: queue.bar.format().startswith("1 of 25 reviewed"))
    window.qtbot.waitUntil(lambda: "Estimated" in queue.error.text())
    queue.kind.setCurrentIndex(queue.kind.findText("kind 4"))
    queue.kind.activated.emit(queue.kind.currentIndex())
    visited = set()
    for _ in range(4):
        window.press(Key.Key_N)
        visited.add(window.reviewer.mode.current)
    assert {3, 15} <= visited <= {3, 15, second}


def test_a_click_and_the_brush_add_what_was_missed(window):
    y, x = np.mgrid[:256, :256]
    np_prob = np.clip(1.3 - np.hypot(y - 54, x - 54) / 8, 0, 1).astype(np.float32)
    maps = HoverMaps(np_prob, np.zeros((2, 256, 256), np.float32))
    window.panel.controller.take_sight(window.reviewer, Sight(maps, pd.DataFrame(index=range(1, 26))))
    window.review()
    window.qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=window.pixel(54, 54))
    before = window.reviewer.proposal.pixels.sum()
    assert (window.layer.data == CLASSES + 2).any()
    window.press(Key.Key_Up)
    assert window.reviewer.proposal.pixels.sum() > before
    window.press(Key.Key_Return)
    assert window.bench.label_at(54, 54) > 25
    window.check_layer()
    window.point(54, 102)
    window.press(Key.Key_D)
    window.press(Key.Key_3)
    assert str(window.layer.mode) == "paint"
    start = window.pixel(54, 102)
    window.qtbot.mousePress(window.canvas, Qt.MouseButton.LeftButton, pos=start)
    window.qtbot.mouseMove(window.canvas, start + QPoint(6, 0))
    window.qtbot.mouseRelease(window.canvas, Qt.MouseButton.LeftButton, pos=start + QPoint(6, 0))
    drawn = window.bench.label_at(54, 102)
    assert (drawn > 25, window.bench.rows.number(drawn)) == (True, 3)
    window.press(Key.Key_E, Shift)
    window.qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=window.pixel(126, 126))
    assert window.bench.label_at(126, 126) == 0
    window.press(Key.Key_Escape)
    assert str(window.layer.mode) == "pan_zoom"
    assert not (window.layer.data == CLASSES + 2).any()
    window.check_layer()


def test_the_journal_is_played_and_classes_are_edited(window):
    bench, panel = window.bench, window.panel
    bench.set_class(13, 5)
    bench.delete(14)
    panel.tabs.setCurrentWidget(panel.counts)
    assert panel.counts.classes.item(4, 0).text() == "3"
    panel.counts.replay.click()
    picture = window.viewer.layers["replay"]
    assert (picture.data[bench.labels == 13] == 2).any()
    window.qtbot.waitUntil(lambda: panel.counts.played.text().startswith("2 of 2: delete"), timeout=10_000)
    ours = picture.data <= CLASSES
    np.testing.assert_array_equal(picture.data[ours], window.layer.data[ours])
    panel.counts.replay.click()
    assert "replay" not in window.viewer.layers
    assert window.layer.visible
    panel.classes.edited.emit(scheme_edits.merged(bench.project.classes, "kind 1", "kind 5"))
    window.qtbot.waitUntil(lambda: panel.controller.reviewer.bench is not bench)
    assert panel.controller.reviewer.bench.classes.max() == CLASSES - 1
    assert len(panel.review.classes.buttons) == CLASSES - 1
    panel.controller.reviewer.act(Action.UNDO)
    window.qtbot.waitUntil(lambda: len(panel.review.classes.buttons) == CLASSES)


def test_from_image_to_image_also_where_its_file_is_gone(window, nuclei, tmp_path):
    panel = window.panel
    with Project.open(panel.state.folder) as project:
        project.add_image(tmp_path / "gone.png", nuclei)
    panel.open_project(panel.state.folder)
    assert panel.message.text() == ""
    panel.open_image(2)
    assert "gone.png" in panel.message.text()
    panel.controller.reviewer.bench.set_class(13, 5)
    assert (window.viewer.layers["classes"].data == 5).any()
    panel.open_image(1)
    assert panel.message.text() == ""
    assert [layer.name for layer in window.viewer.layers].count("classes") == 1
    panel.open_project(tmp_path / "nowhere")
    assert "Expected" in panel.message.text()


def test_keys_are_shown_and_bound_anew_and_the_project_goes_with_the_panel(window):
    window.review()
    window.point_at(13)
    start = len(notification_manager.records)
    window.press(Key.Key_S)
    (note,) = [str(record.message) for record in notification_manager.records[start:]]
    assert "waist" in note
    assert "\n" not in note
    assert window.panel.review.message.text() == note
    window.press(Key.Key_Question, Shift)
    keys = window.panel.keys
    assert window.panel.tabs.currentWidget() is keys
    keys.wait_for_key(keys.row_of(Action.DELETE))
    window.qtbot.keyClick(keys.table, Key.Key_Q)
    assert keys.table.item(keys.row_of(Action.DELETE), 1).text() == "Q"
    window.press(Key.Key_X)
    assert 13 in window.bench.rows
    window.press(Key.Key_Q)
    assert 13 not in window.bench.rows
    folder = window.panel.state.folder
    window.viewer.window.remove_dock_widget(window.panel)
    assert "classes" not in window.viewer.layers
    assert window.panel.state.folder == ""
    with Project.open(folder, read_only=True) as project:
        assert project.journal()["action"].tolist() == ["delete"]
