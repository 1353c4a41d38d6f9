import numpy as np
import pandas as pd
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt

from napari_nucleus.app.composition_text import Column
from napari_nucleus.core import NucleusMap
from napari_nucleus.gui.composition import CompositionPanel
from napari_nucleus.gui.composition.table import CompositionTable
from napari_nucleus.gui.layers import add_nuclei, add_result, nuclei_in
from napari_nucleus.inference import SegmentResult

WAIT_MS = 20_000


def squares(*kinds, mpp=0.5):
    """Squares of 6 pixels in a row, 20 apart, on 20 × 100 pixels; by class number of PanNuke."""
    labels = np.zeros((20, 100), np.int32)
    for i in range(len(kinds)):
        labels[6:12, 20 * i + 6 : 20 * i + 12] = i + 1
    return NucleusMap.from_labels(labels, mpp=mpp, classes="pannuke", class_of=dict(enumerate(kinds, 1)))


def box(left, right, low=-0.5, high=19.5):
    return np.array([(low, left), (low, right), (high, right), (high, left)])


@pytest.fixture
def open_panel(make_napari_viewer_proxy):
    def opened():
        viewer = make_napari_viewer_proxy()
        panel = CompositionPanel(viewer)
        viewer.window.add_dock_widget(panel)
        return viewer, panel

    return opened


@pytest.fixture
def until(qtbot):
    """Wait for a column of the table that is shown."""

    def wait(panel, column, values):
        def reached():
            shown = panel.state.shown
            return shown is not None and shown.table[column].tolist() == values

        qtbot.waitUntil(reached, timeout=WAIT_MS)

    return wait


@pytest.mark.window
def test_numbers_follow_the_nuclei(open_panel, until, qtbot):
    viewer, panel = open_panel()
    qtbot.waitUntil(lambda: "segment nuclei" in panel.message.text(), timeout=WAIT_MS)
    layer = add_nuclei(viewer, squares(1, 1, 2, 0))
    until(panel, "nuclei", [4])
    assert "Tumour burden 50.0 %" in panel.headline.text()
    assert panel.form.mpp.text() == "0.5 µm"

    layer.selected_label = 9
    layer.paint((10, 90), 9)
    until(panel, "n_unknown", [2])
    layer.undo()
    until(panel, "n_unknown", [1])
    layer.features = layer.features.assign(**{"class": "inflammatory"})
    until(panel, "til_fraction", [1.0])
    layer.data = np.zeros_like(layer.data)
    until(panel, "nuclei", [0])
    assert "Tumour burden –" in panel.headline.text()

    viewer.layers.remove(layer)
    qtbot.waitUntil(lambda: panel.state.shown is None, timeout=WAIT_MS)
    assert panel.message.text()
    assert panel.table.isHidden()


@pytest.mark.window
def test_shapes_by_name_wherever_they_lie(open_panel, until):
    viewer, panel = open_panel()
    add_nuclei(viewer, squares(1, 2, 2, 1, 5), translate=(30, 40))
    shapes = viewer.add_shapes(
        [box(-0.5, 39.5) * 0.25, box(39.5, 79.5) * 0.25],
        shape_type=["polygon", "rectangle"],
        features={"name": ["front", None]},
        scale=(2, 2),
        translate=(30, 40),
        units=("um", "um"),
    )
    until(panel, "nuclei", [5, 2, 2])
    assert panel.state.shown.table["region"].tolist() == ["whole image", "front", "region 2"]
    assert panel.state.shown.table["area_mm2"].tolist() == pytest.approx([5e-4, 2e-4, 2e-4])

    shapes.add([box(-0.5, 99.5) * 0.25], shape_type="ellipse")
    shapes.add([[(0, 0), (3, 9)]], shape_type="line")
    until(panel, "nuclei", [5, 2, 2, 5])
    assert panel.state.shown.table["area_mm2"].iloc[3] == pytest.approx(5e-4 * np.pi / 4, rel=0.01)
    shapes.translate = (30, 50)
    until(panel, "nuclei", [5, 2, 2, 4])
    shapes.units, shapes.scale, shapes.translate = ("nm", "nm"), (2000, 2000), (30_000, 40_000)
    until(panel, "nuclei", [5, 2, 2, 5])

    panel.form.regions.setCurrentIndex(0)
    until(panel, "nuclei", [5])
    panel.form.regions.setCurrentIndex(1)
    until(panel, "nuclei", [5, 2, 2, 5])
    viewer.layers.remove(shapes)
    until(panel, "nuclei", [5])


@pytest.mark.window
def test_labels_as_regions(open_panel, until, qtbot):
    viewer, panel = open_panel()
    add_nuclei(viewer, squares(1, 2, 2, 1, 5))
    regions = viewer.add_labels(np.array([[3, 3, 7, 7, 7]]), scale=(10, 10), translate=(4.75, 4.75), units=("um", "um"))
    until(panel, "nuclei", [5])  # painted labels may be anything: they are chosen, not taken
    panel.form.regions.setCurrentIndex(1)
    until(panel, "nuclei", [5, 2, 3])
    assert panel.state.shown.table["area_mm2"].tolist() == pytest.approx([5e-4, 2e-4, 3e-4])
    regions.paint((0, 2), 3)
    until(panel, "nuclei", [5, 5])
    regions.data = np.zeros((2, 3, 3), int)
    qtbot.waitUntil(lambda: "one plane" in panel.message.text(), timeout=WAIT_MS)


@pytest.mark.window
def test_an_assumed_pixel_size_is_said(open_panel, until):
    viewer, panel = open_panel()
    image = viewer.add_image(np.zeros((20, 100, 3), np.uint8), metadata={"mpp": 0.25, "mpp_source": "assumed"})
    add_result(viewer, SegmentResult(squares(1, 2, mpp=0.25)), image)
    until(panel, "nuclei", [2])
    assert panel.form.mpp.text() == "0.25 µm assumed – check!"
    assert [panel.form.nuclei.itemText(i) for i in range(panel.form.nuclei.count())] == ["nuclei"]
    assert panel.form.regions.count() == 1


@pytest.mark.window
def test_what_can_not_be_counted_is_a_message(open_panel, until, qtbot):
    viewer, panel = open_panel()
    layer = add_nuclei(viewer, squares(1, 2))
    until(panel, "nuclei", [2])
    start = len(notification_manager.records)
    layer.data = np.full((20, 100), -3)
    qtbot.waitUntil(lambda: "labels from 0" in panel.message.text(), timeout=WAIT_MS)
    layer.data = squares(1).labels
    until(panel, "nuclei", [1])
    assert panel.message.isHidden()
    assert notification_manager.records[start:] == []


@pytest.mark.window
def test_measure_row_theme_and_csv(open_panel, until, tmp_path):
    viewer, panel = open_panel()
    layer = add_nuclei(viewer, squares(1, 2, 2))
    viewer.add_shapes([box(-0.5, 19.5)], shape_type="polygon", scale=(0.5, 0.5), units=("um", "um"))
    until(panel, "nuclei", [3, 1])
    for measure, total in (("fraction", 1), ("n", 3), ("per_mm2", 3 / 5e-4)):
        panel.form.measure.setCurrentIndex(panel.form.measure.findData(measure))
        bars = [patch.get_width() for patch in panel.plot.figure.axes[0].patches]
        assert sum(bars[::2]) == pytest.approx(total)  # two regions: every other bar is the whole image's
    assert panel.plot.figure.axes[0].patches[0].get_facecolor() == pytest.approx((0xD5 / 255, 0x5E / 255, 0, 1))

    model = panel.table.model()
    panel.table.clicked.emit(model.index(1, 0))
    assert "<b>region 1</b>: 1 nucleus" in panel.headline.text()
    viewer.theme = "light"
    assert panel.plot.figure.get_facecolor()[0] > 0.5

    panel.save_to(tmp_path / "a.csv")
    assert pd.read_csv(tmp_path / "a.csv")["n_inflammatory"].tolist() == [2, 0]
    start = len(notification_manager.records)
    panel.save_to(tmp_path / "none" / "a.csv")
    assert ["place to write" in str(record.message) for record in notification_manager.records[start:]] == [True]
    assert len(nuclei_in(layer)) == 3


@pytest.mark.window
def test_a_panel_that_is_taken_away_lets_go(open_panel, until, qtbot):
    viewer, panel = open_panel()
    layer = add_nuclei(viewer, squares(1, 2))
    until(panel, "nuclei", [2])
    viewer.window.remove_dock_widget(panel)
    layer.data = squares(1).labels
    qtbot.wait(400)
    assert panel.state.shown.table["nuclei"].tolist() == [2]
    viewer.window.add_dock_widget(panel)
    until(panel, "nuclei", [1])


def test_the_table_sorts_by_value_and_says_which_row(qtbot):
    table = CompositionTable()
    qtbot.addWidget(table)
    columns = [Column("region", ("b", "a", "c"), ("b", "a", "c")), Column("n", (9.0, 100.0, np.nan), ("9", "100", "–"))]
    table.show_columns(columns, {})
    assert [table.model().index(i, 0).data() for i in range(3)] == ["b", "a", "c"]
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert [table.model().index(i, 1).data() for i in range(2)] == ["100", "9"]
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    with qtbot.waitSignal(table.chosen) as chosen:
        table.clicked.emit(table.model().index(0, 0))
    assert chosen.args == [1]
    table.show_row(2)
    assert table.currentIndex().data() == "c"
