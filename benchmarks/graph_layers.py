"""How napari carries the graph of 100,000 nuclei: layers added, colours, zoom, selection, what if.

    xvfb-run -a python benchmarks/graph_layers.py [--nuclei N]

Squares of nine pixels on a jittered grid, five nearest neighbours. "done" is when the call has returned, "processor"
the time that the window's thread worked for it (on a busy machine it waits, too), "drawn" when the next picture is on
the screen; under Xvfb the processor draws it. Points and vectors of that size, as napari adds them by itself, are the
measure.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import napari
import numpy as np
from qtpy.QtWidgets import QApplication

from napari_nucleus.app.graph.network import Network
from napari_nucleus.app.graph.state import Change
from napari_nucleus.core import Image, NucleusMap
from napari_nucleus.graph import NucleusGraph, build_graph
from napari_nucleus.graph.library import load_graph
from napari_nucleus.graph.nodes import PARTS
from napari_nucleus.gui.graph import GraphPanel
from napari_nucleus.gui.layers import add_nuclei
from napari_nucleus.gui.layers.edges import add_edges
from napari_nucleus.gui.layers.graph import add_nodes
from napari_nucleus.inference.graph_nodes import answer

STEP, SIDE = 14, 9


def main() -> None:
    """Print a table of seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nuclei", type=int, default=100_000)
    nuclei = jittered(parser.parse_args().nuclei)
    start = time.perf_counter()
    graph = build_graph(nuclei)
    print(f"{len(nuclei):,} nuclei, {len(graph):,} edges, built in {time.perf_counter() - start:.2f} s\n")
    print("| step | done, s | processor, s | drawn, s |\n|---|---|---|---|")
    measure_layers(nuclei, graph)
    measure_panel(nuclei)


def measure_layers(nuclei: NucleusMap, graph: NucleusGraph) -> None:
    """Layers of the graph in a window of their own, and napari's of the same size."""
    yx = nuclei.table[["y_px", "x_px"]].to_numpy()
    start, stop = yx[graph.rows(nuclei.table["label"])]
    place: dict[str, Any] = {"scale": (nuclei.mpp, nuclei.mpp), "units": ("um", "um")}

    def bare() -> None:
        viewer.add_vectors(np.stack([start, stop - start], 1), vector_style="line", **place)
        viewer.add_points(yx, size=3, border_width=0, **place)

    def ours() -> None:
        add_edges(viewer, nuclei, graph, **place)
        add_nodes(viewer, nuclei, **place)

    for name, add in (("napari's own points and vectors", bare), ("graph layers added", ours)):
        viewer = napari.Viewer()
        QApplication.processEvents()
        told(name, add)
        viewer.close()


def measure_panel(nuclei: NucleusMap) -> None:
    """What a person does in the panel."""
    viewer = napari.Viewer()
    add_nuclei(viewer, nuclei)
    panel = GraphPanel(viewer)
    viewer.window.add_dock_widget(panel, name="Nucleus graph")
    while panel.state.network is None:
        QApplication.processEvents()
    network, edges = panel.state.network, viewer.layers["edges"]
    for name in ("degree", "area_um2", "class"):
        told(f"nodes by {name}", lambda n=name: panel.form.by.setCurrentText(n))
    told("edges by length", lambda: panel.form.edges.setCurrentText("length"))
    labels = network.labels.to_numpy()
    middle = int(labels[len(labels) // 2 + int(len(labels) ** 0.5) // 2])
    told("a nucleus selected, median of 15", *(partial(panel.controller.select, middle + i) for i in range(15)))
    read(panel, network)
    changes = [
        Change(one.label, kind) for one in panel.controller.card().neighbours for kind in (None, "other", "epithelial")
    ]
    told("what if, median of 15", *(partial(panel.controller.change, change) for change in changes[:15]))
    camera = viewer.scene.camera
    whole = camera.zoom
    for factor in (2, 4, 8, 32):
        told(f"zoom × {factor}", lambda f=factor: setattr(camera, "zoom", whole * f), rest=1)
        told(f"pan by a tenth; {len(edges.data):,} edges drawn", lambda: pan(viewer), rest=1)
    told("a nucleus selected, median of 15", *(partial(panel.controller.select, middle + i) for i in range(15)))
    told("zoom out", lambda: setattr(camera, "zoom", whole), rest=1)
    viewer.close()


def read(panel: GraphPanel, network: Network) -> None:
    """Let the shipped graph classifier read nuclei whose looks are strewn: that takes as long as real ones."""
    loaded = load_graph()
    size = len(network.nuclei), loaded.network.widths["visual"]
    visual = np.random.default_rng(0).normal(size=size).astype(np.float32)
    pixels = np.random.default_rng(1).integers(0, 255, (*network.nuclei.labels.shape, 3), np.uint8)
    read = {
        "visual and position": PARTS[:2],
        "tissue, too": (*PARTS[:2], "tissue"),
        "descriptions and crops, too": PARTS,
    }
    for name, parts in read.items():
        start = time.perf_counter()
        panel.state.answer = answer(network.nuclei, Image((pixels,)), visual, loaded, network.graph, parts)
        print(f"| graph classifier over all nuclei: {name} | {time.perf_counter() - start:.2f} | | |")


def pan(viewer: napari.Viewer) -> None:
    """Move the view to the right."""
    camera = viewer.scene.camera
    _, y, x = camera.center
    camera.center = (0, y, x + viewer.canvas.size[1] / camera.zoom / 10)


def told(name: str, *works: Callable[[], object], rest: float = 0.0) -> None:
    """Print how long a step takes, the median of several; then leave the view at rest, so that what is in it is drawn.

    A picture that is under way is finished before a step begins.
    """
    times = []
    for work in works:
        pause(0.2)
        start, busy = time.perf_counter(), time.thread_time()
        work()
        called, worked = time.perf_counter() - start, time.thread_time() - busy
        QApplication.processEvents()
        times.append((called, worked, time.perf_counter() - start))
    done, processor, drawn = np.median(times, axis=0)
    print(f"| {name} | {done:.3f} | {processor:.3f} | {drawn:.2f} |", flush=True)
    pause(rest)


def pause(seconds: float) -> None:
    """Let the window work."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        QApplication.processEvents()


def jittered(number: int) -> NucleusMap:
    """Square nuclei of four classes."""
    random = np.random.default_rng(0)
    side = int(np.ceil(np.sqrt(number)))
    labels = np.zeros((side * STEP, side * STEP), np.int32)
    for i in range(number):
        y, x = np.array(divmod(i, side)) * STEP + random.integers(0, STEP - SIDE, 2)
        labels[y : y + SIDE, x : x + SIDE] = i + 1
    kinds = dict(enumerate(random.integers(1, 5, number).tolist(), 1))
    return NucleusMap.from_labels(labels, mpp=0.5, classes="consep", class_of=kinds)


if __name__ == "__main__":
    main()
