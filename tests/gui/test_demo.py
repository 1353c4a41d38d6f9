import pytest

from napari_nucleus.app.demo import demo_steps
from napari_nucleus.core import drain
from napari_nucleus.gui.demo import fill_viewer


@pytest.mark.window
def test_the_demo_opens_segmented_with_its_graph_and_a_panel_that_knows_it(make_napari_viewer):
    demo = drain(demo_steps("cpu"))
    viewer = make_napari_viewer()
    fill_viewer(viewer, demo)
    names = {layer.name for layer in viewer.layers}
    assert {demo.image.name, "truth", "nuclei", "NP", "HoVer H", "HoVer V", "type", "nodes", "edges"} <= names
    assert len(viewer.layers["nodes"].data) == len(demo.result.nuclei)
    assert len(viewer.layers["edges"].data) == len(demo.graph)
    panel = viewer.window.dock_widgets["Segment nuclei"]
    assert panel.controller.shown(viewer.layers[demo.image.name].unique_id).result is demo.result
    assert not panel.state.running
