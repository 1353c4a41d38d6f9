import numpy as np
import pandas as pd
import pytest
from napari.utils.notifications import notification_manager

from napari_nucleus.app.graph.card import GRAPH, TEXT, WHAT_IF
from napari_nucleus.app.graph.values import CLASS, MATCH, WORD_CLASS
from napari_nucleus.core import NucleusMap
from napari_nucleus.gui.graph import GraphPanel
from napari_nucleus.gui.graph.card_view import CardView
from napari_nucleus.gui.layers import add_nuclei, add_result
from napari_nucleus.inference import SegmentResult
from napari_nucleus.io.samples import consep_tile

WAIT_MS = 60_000


def tissue(n=200, mpp=0.25):
    """A corner of the sample tile."""
    image, truth = consep_tile()
    labels = truth.labels[:n, :n]
    kinds = dict(zip(truth.table["label"].tolist(), truth.class_numbers.tolist(), strict=True))
    return image.array[:n, :n].copy(), NucleusMap.from_labels(labels, mpp=mpp, classes="consep", class_of=kinds)


@pytest.fixture
def open_panel(make_napari_viewer_proxy, qtbot):
    def opened(as_result=False):
        viewer = make_napari_viewer_proxy()
        pixels, nuclei = tissue()
        image = viewer.add_image(pixels, rgb=True, scale=(0.25, 0.25), units=("um", "um"), translate=(3, 4))
        if as_result:
            add_result(viewer, SegmentResult(nuclei), image)
        else:
            add_nuclei(viewer, nuclei, translate=(3, 4))
        panel = GraphPanel(viewer)
        viewer.window.add_dock_widget(panel)
        qtbot.waitUntil(lambda: panel.state.network is not None, timeout=WAIT_MS)
        return viewer, panel, nuclei

    return opened


@pytest.mark.window
def test_layers_colours_and_builders(open_panel, qtbot):
    viewer, panel, nuclei = open_panel()
    nodes, edges = viewer.layers["nodes"], viewer.layers["edges"]
    assert len(nodes.data) == len(nuclei)
    assert len(edges.data) == len(panel.state.network.graph)
    assert nodes.translate.tolist() == [3, 4]
    before = nodes.face_color.copy()
    for name in ("degree", "area_um2", "haematoxylin"):
        panel.form.by.setCurrentText(name)
        assert panel.state.by == name
        assert not np.array_equal(nodes.face_color, before)
    panel.form.by.setCurrentText(CLASS)
    np.testing.assert_array_equal(nodes.face_color, before)

    pairs = edges.edge_color.copy()
    assert len(np.unique(pairs, axis=0)) > 3
    panel.form.edges.setCurrentText("plain")
    assert len(np.unique(edges.edge_color, axis=0)) == 1
    panel.form.method.setCurrentText("Delaunay")
    qtbot.waitUntil(lambda: panel.state.network.wiring.method == "delaunay", timeout=WAIT_MS)
    assert len(viewer.layers["edges"].data) == len(panel.state.network.graph)
    assert viewer.layers["nodes"] is not None
    assert [layer.name for layer in viewer.layers].count("nodes") == 1


@pytest.mark.window
def test_the_layers_of_a_result_are_used_and_corrections_followed(open_panel, qtbot):
    viewer, panel, nuclei = open_panel(as_result=True)
    names = [layer.name for layer in viewer.layers]
    assert (names.count("nodes"), names.count("edges")) == (1, 1)
    layer = viewer.layers["nuclei"]
    panel.form.by.setCurrentText("degree")
    colors = viewer.layers["nodes"].face_color.copy()
    add_result(viewer, SegmentResult(nuclei), viewer.layers[0])  # the same again, in the colours of classes
    qtbot.waitUntil(lambda: np.array_equal(viewer.layers["nodes"].face_color, colors), timeout=WAIT_MS)

    label = int(nuclei.table["label"].iloc[0])
    layer.data = np.where(layer.data == label, 0, layer.data)
    qtbot.waitUntil(lambda: len(panel.state.network.nuclei) == len(nuclei) - 1, timeout=WAIT_MS)
    assert len(viewer.layers["nodes"].data) == len(nuclei) - 1
    viewer.layers.remove(layer)
    qtbot.waitUntil(lambda: panel.state.network is None and bool(panel.message.text()), timeout=WAIT_MS)


@pytest.mark.window
def test_a_click_selects_and_neighbours_light_up(open_panel):
    viewer, panel, nuclei = open_panel()
    row = nuclei.table.iloc[int(panel.state.network.degree.argmax())]
    click(viewer, row["y_um"] + 3, row["x_um"] + 4)
    assert panel.state.selected == row["label"]
    assert len(viewer.layers["neighbours"].data) == 1 + panel.state.network.degree.max()
    assert str(row["label"]) in panel.card.text.text()
    assert not panel.card.crop.pixmap().isNull()

    panel.controller.select(None)
    click(viewer, row["y_um"] + 3, row["x_um"] + 4, drag=True)
    assert panel.state.selected is None
    viewer.layers["nuclei"].mode = "paint"
    viewer.layers.selection.active = viewer.layers["nuclei"]
    click(viewer, row["y_um"] + 3, row["x_um"] + 4)
    assert panel.state.selected is None  # painting is not picking
    assert len(viewer.layers["neighbours"].data) == 0


@pytest.mark.window
def test_what_if_from_the_card(open_panel, qtbot):
    viewer, panel, nuclei = open_panel()
    panel.controller.select(int(nuclei.table["label"].iloc[int(panel.state.network.degree.argmax())]))
    assert not any(choice.isEnabled() for choice in panel.card.neighbours.lists.values())
    panel.read.click()
    qtbot.waitUntil(lambda: not panel.state.busy, timeout=WAIT_MS)
    assert panel.state.answer is not None, panel.state.message
    assert list(panel.card.bars.values) == [GRAPH, TEXT]  # these nuclei came without probabilities
    ringed = len(viewer.layers["neighbours"].data)
    choice = next(iter(panel.card.neighbours.lists.values()))
    for text, rings in (("gone", ringed - 1), ("epithelial", ringed)):
        choice.setCurrentText(text)
        assert "(" in panel.card.bars.text_of("epithelial", WHAT_IF)
        assert len(viewer.layers["neighbours"].data) == rings
    choice.setCurrentText("as it is")
    assert WHAT_IF not in panel.card.bars.values


@pytest.mark.window
def test_words_statistics_and_classes_as_a_layer(open_panel, qtbot, tmp_path):
    viewer, panel, _ = open_panel()
    panel.ask.words.setText("large round nucleus")
    panel.ask.top.setValue(4)
    panel.ask.go.click()
    qtbot.waitUntil(lambda: panel.state.match is not None, timeout=WAIT_MS)
    assert panel.state.by == panel.form.by.currentText() == MATCH
    assert len(viewer.layers["nodes"].selected_data) == 4
    first = panel.state.selected
    panel.ask.next.click()
    assert panel.state.selected != first

    panel.typed.names.setText("lymphocyte, tumour")
    panel.typed.preview.click()
    qtbot.waitUntil(lambda: panel.state.typed is not None, timeout=WAIT_MS)
    assert panel.state.by == WORD_CLASS
    assert list(panel.typed.buttons) == ["lymphocyte", "tumour"]
    panel.typed.buttons["tumour"].click()
    assert panel.state.typed.taught == {panel.state.selected: "tumour"}
    panel.form.take.click()
    assert viewer.layers[-1].metadata["classes"].classes == ("lymphocyte", "tumour")
    assert panel.form.nuclei.currentText() == "nuclei"  # the panel stays where it was

    panel.statistics.count.click()
    qtbot.waitUntil(lambda: panel.state.statistics is not None, timeout=WAIT_MS)
    panel.statistics.pick(0, 1)
    panel.save_to(tmp_path / "a.csv")
    assert len(pd.read_csv(tmp_path / "a.csv"))
    start = len(notification_manager.records)
    panel.save_to(tmp_path / "none" / "a.csv")
    panel.typed.names.setText("one")
    panel.typed.preview.click()
    qtbot.waitUntil(lambda: len(notification_manager.records) == start + 2, timeout=WAIT_MS)


@pytest.mark.window
def test_a_panel_that_is_taken_away_lets_go(open_panel, qtbot):
    viewer, panel, nuclei = open_panel()
    panel.controller.select(int(nuclei.table["label"].iloc[0]))
    viewer.window.remove_dock_widget(panel)
    assert "neighbours" not in viewer.layers
    row = nuclei.table.iloc[3]
    click(viewer, row["y_um"] + 3, row["x_um"] + 4)
    assert panel.state.selected is None
    viewer.window.add_dock_widget(panel)
    qtbot.waitUntil(lambda: panel.state.network is not None, timeout=WAIT_MS)


def test_edges_of_a_large_graph_are_limited_to_the_view(make_napari_viewer_proxy, qtbot):
    from napari_nucleus.graph import build_graph
    from napari_nucleus.gui.layers.edges import add_edges, color_edges

    viewer = make_napari_viewer_proxy()
    labels = np.zeros((1000, 1000), np.int32)
    labels[::10, ::10] = np.arange(1, 10_001).reshape(100, 100)
    nuclei = NucleusMap.from_labels(labels, mpp=1.0)
    graph = build_graph(nuclei, "radius", radius_um=14.5)
    layer = add_edges(viewer, nuclei, graph)
    assert len(layer.data) == len(graph) > 20_000
    camera = viewer.scene.camera
    whole = camera.zoom
    camera.center, camera.zoom = (0, 500, 500), whole * 8
    qtbot.waitUntil(lambda: 0 < len(layer.data) < len(graph) / 10, timeout=WAIT_MS)
    middle = layer.data[:, 0] + layer.data[:, 1] / 2
    half = np.array(viewer.canvas.size) / camera.zoom / 2
    shown = (np.abs(middle - 500) <= half).all(1).sum()
    inside = np.abs(np.stack(np.divmod(np.arange(10_000), 100), 1) * 10 - 500)
    assert shown >= 3 * (inside <= half - 10).all(1).sum()  # none is missing in the view: four a nucleus but at its rim

    colors = np.zeros((len(graph), 4), np.float32)
    colors[:, 3] = np.arange(len(graph)) / len(graph)
    color_edges(layer, colors)
    assert len(layer.edge_color) == len(layer.data) < len(graph) / 10
    camera.zoom = whole
    qtbot.waitUntil(lambda: len(layer.data) == len(graph), timeout=WAIT_MS)
    np.testing.assert_allclose(layer.edge_color[:, 3], colors[:, 3])


def test_a_card_without_anything(qtbot):
    view = CardView()
    qtbot.addWidget(view)
    view.show_card(None, tissue(20)[1].scheme, False)
    assert "Click a nucleus" in view.text.text()


def click(viewer, y, x, drag=False):
    """A press and release of the left button on the canvas."""
    from napari.utils._test_utils import read_only_mouse_event
    from napari.utils.interactions import mouse_move_callbacks, mouse_press_callbacks, mouse_release_callbacks

    def event(kind, by=0):
        return read_only_mouse_event(type=kind, position=(y + by, x + by), button=1, is_dragging=kind == "mouse_move")

    mouse_press_callbacks(viewer, event("mouse_press"))
    if drag:
        mouse_move_callbacks(viewer, event("mouse_move", 5))
    mouse_release_callbacks(viewer, event("mouse_release", 5 if drag else 0))
