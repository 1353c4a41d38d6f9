"""The demo as a napari window: tissue, truth, result, graph and the panel to go on with."""

from __future__ import annotations

import napari
import napari.viewer

from napari_nucleus.app.demo import Demo
from napari_nucleus.app.segment import SegmentController
from napari_nucleus.app.segment_state import Outcome, SegmentState
from napari_nucleus.gui.layers import add_nuclei, add_result
from napari_nucleus.gui.segment import SegmentPanel
from napari_nucleus.gui.segment.source import source_of
from napari_nucleus.models import DEFAULT, load_model


def show_demo(demo: Demo) -> None:
    """Open the window; returns when it is closed."""
    viewer = napari.Viewer(title="napari-nucleus demo")
    fill_viewer(viewer, demo)
    napari.run()


def fill_viewer(viewer: napari.viewer.Viewer, demo: Demo) -> None:
    """Add the tile, its annotation (hidden), what was found with its graph, and the panel *Segment nuclei*.

    The panel is as after a run: its thresholds and its legend act on what is shown.
    """
    mpp = demo.result.nuclei.mpp
    image = viewer.add_image(
        demo.image.array,
        rgb=True,
        name=demo.image.name,
        scale=(mpp, mpp),
        units=("um", "um"),
        metadata={"mpp": mpp, "mpp_source": "file"},
    )
    add_nuclei(viewer, demo.truth, name="truth", visible=False)
    thresholds = load_model(DEFAULT).card.thresholds
    controller = SegmentController(SegmentState((DEFAULT,), mpp=mpp, mpp_source="file", thresholds=thresholds))
    request = controller.submit(source_of(viewer, image, "image"))
    controller.accept(Outcome(request, demo.result, demo.graph))
    add_result(viewer, demo.result, image, graph=demo.graph)
    viewer.window.add_dock_widget(SegmentPanel(viewer, controller), name="Segment nuclei")
    viewer.reset_view()
