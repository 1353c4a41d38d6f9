import pytest

from napari_nucleus.app.demo import demo_steps
from napari_nucleus.core import drain
from napari_nucleus.gui.demo import fill_viewer


@pytest.mark.window
def test_the_demo_opens_segmented_with_its_graph_and_the_panel(make_napari_viewer_proxy):
    demo = drain(demo_steps("cpu"))
    viewer = make_napari_viewer_proxy()
    fill_viewer(viewer, demo)
    names = {layer.name for layer in viewer.layers}
    assert {demo.image.name, "truth", "nuclei", "NP", "HoVer H", "HoVer V", "type", "nodes", "edges"} <= names
    assert len(viewer.layers["nodes"].data) == len(demo.result.nuclei)
    assert len(viewer.layers["edges"].data) == len(demo.graph)
    assert "Segment nuclei" in " ".join(viewer.window.dock_widgets)
