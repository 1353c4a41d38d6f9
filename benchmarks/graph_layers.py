"""How napari carries the graph of 100,000 nuclei: layers added, colours, zoom, selection, what if.

    xvfb-run -a python benchmarks/graph_layers.py [--nuclei N]

Squares of 12 pixels on a jittered grid, five nearest neighbours. "done" is when the call has returned and napari's
events are worked off, "drawn" when the next picture is on the screen, too; under Xvfb the processor draws it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import napari
import numpy as np
from qtpy.QtWidgets import QApplication

from napari_nucleus.core import NucleusMap
from napari_nucleus.graph import build_graph
from napari_nucleus.gui.layers.edges import add_edges, color_edges
from napari_nucleus.gui.layers.graph import add_nodes, color_nodes

STEP, SIDE = 14, 9


def main() -> None:
    """Print a table of seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nuclei", type=int, default=100_000)
    nuclei = jittered(parser.parse_args().nuclei)
    start = time.perf_counter()
    graph = build_graph(nuclei)
    print(f"{len(nuclei):,} nuclei, {len(graph):,} edges, built in {time.perf_counter() - start:.2f} s")
    viewer = napari.Viewer()
    place = {"scale": (nuclei.mpp, nuclei.mpp), "units": ("um", "um")}
    print("| step | done, s | drawn, s |\n|---|---|---|")
    layers = {}

    def add() -> None:
        layers["edges"] = add_edges(viewer, nuclei, graph, name="edges", **place)
        layers["nodes"] = add_nodes(viewer, nuclei, name="nodes", **place)

    told("graph layers added", add)
    random = np.random.default_rng(0)
    colors = random.random((len(nuclei), 4)).astype(np.float32)
    told("nodes recoloured", lambda: color_nodes(layers["nodes"], colors))
    told("edges recoloured", lambda: color_edges(layers["edges"], colors[graph.edges[0] - 1]))
    camera = viewer.scene.camera
    whole = camera.zoom
    for factor in (2, 4, 8, 32):
        told(f"zoom × {factor}", lambda f=factor: setattr(camera, "zoom", whole * f), rest=0.3)
        print(f"| … {len(layers['edges'].data):,} edges drawn | | |")
        told("pan by a tenth of the view", lambda: pan(viewer), rest=0.3)
    told("zoom out", lambda: setattr(camera, "zoom", whole), rest=0.3)
    viewer.close()


def pan(viewer: napari.Viewer) -> None:
    """Move the view to the right."""
    camera = viewer.scene.camera
    _, y, x = camera.center
    camera.center = (0, y, x + viewer.canvas.size[1] / camera.zoom / 10)


def told(name: str, work: Callable[[], object], rest: float = 0.0) -> None:
    """Print how long a step takes; after a rest of the view, drawing what is in it is part of it."""
    start = time.perf_counter()
    work()
    called = time.perf_counter() - start
    QApplication.processEvents()
    drawn = time.perf_counter() - start
    until = time.perf_counter() + rest
    while time.perf_counter() < until:
        QApplication.processEvents()
    print(f"| {name} | {called:.2f} | {drawn:.2f} |", flush=True)


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
