"""How long the panel *Evaluate* takes to follow a correction, in a window.

The truth of the sample tile is laid side by side to 2400×2400 pixels with about 5,000 nuclei; the prediction is the
same, shifted by two pixels, with some nuclei lost and some of another class. Brush strokes, erased nuclei, undo and
classes set by hand follow one another. "numbers": from the layer's first event until state, table, matrix and layers
have the new numbers; "shown": from before the correction until the window is drawn, with napari's own work.

    xvfb-run -a python benchmarks/evaluate_panel.py [--corrections N]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import napari
import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray
from qtpy.QtWidgets import QApplication

from napari_nucleus.core import NucleusMap
from napari_nucleus.gui.evaluate import EvaluatePanel
from napari_nucleus.gui.layers import add_nuclei
from napari_nucleus.io.samples import consep_tile

SIDE = 2400


def main() -> None:
    """Print milliseconds a kind of correction: median, 95th percentile and the slowest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corrections", type=int, default=40, help="of each kind")
    number = parser.parse_args().corrections
    truth, prediction = nuclei()
    viewer = napari.Viewer()
    add_nuclei(viewer, truth, name="truth", visible=False)
    layer = add_nuclei(viewer, prediction, name="nuclei")
    panel = EvaluatePanel(viewer)
    viewer.window.add_dock_widget(panel, name="Evaluate")
    start = time.perf_counter()
    panel.compare()
    until(lambda: panel.state.shown is not None)
    print(f"{len(truth)} true nuclei, {len(prediction)} predicted; compared in {time.perf_counter() - start:.1f} s")
    print("| correction | numbers, ms: median | p95 | slowest | shown, ms: median | p95 | slowest |")
    print("|---|---|---|---|---|---|---|")
    random = np.random.default_rng(0)
    for name, correct in {"brush stroke": paint, "nucleus erased": erase, "undo": undo, "class": classify}.items():
        times = np.array([timed(panel, layer, correct, random) for _ in range(number)])
        print(f"| {name} |", " | ".join(f"{v:.0f}" for v in np.percentile(times, (50, 95, 100), axis=0).T.ravel()), "|")
    viewer.close()


def nuclei() -> tuple[NucleusMap, NucleusMap]:
    """Truth and prediction."""
    _, tile = consep_tile()
    times = -(-SIDE // len(tile.labels))
    blocks = np.kron(np.arange(times**2).reshape(times, times), np.ones(tile.labels.shape, np.int64))
    inst, kinds = np.tile(tile.labels, (times, times)), np.tile(tile.type_map(), (times, times))
    inst = np.where(inst > 0, inst + blocks * (tile.labels.max() + 1), 0)[:SIDE, :SIDE]
    truth = NucleusMap.from_labels(inst, classes="consep", type_map=kinds[:SIDE, :SIDE])
    random = np.random.default_rng(0)
    ids = truth.table["label"].to_numpy()
    moved = np.roll(truth.labels, (1, 2), (0, 1))
    moved[np.isin(moved, random.choice(ids, len(ids) // 12, replace=False))] = 0
    told = np.where(random.random(len(ids)) < 0.15, random.integers(1, 5, len(ids)), truth.class_numbers)
    class_of = dict(zip(ids.tolist(), told.tolist(), strict=True))
    return truth, NucleusMap.from_labels(moved, classes="consep", class_of=class_of)


def timed(
    panel: EvaluatePanel,
    layer: Labels,
    correct: Callable[[Labels, np.random.Generator], None],
    random: np.random.Generator,
) -> tuple[float, float]:
    """Milliseconds to the numbers and to the picture, after a pause as a person makes it."""
    until(lambda: False, 0.1)
    ticks: list[float] = []
    events = layer.events.labels_update, layer.events.set_data, layer.events.features

    def tick(_: object = None) -> None:
        ticks.append(time.perf_counter())

    for event in events:
        event.connect(tick, position="first")
    before = panel.state.shown
    start = time.perf_counter()
    correct(layer, random)
    until(lambda: panel.state.shown is not before and not panel.state.shown.settled)
    told = time.perf_counter()
    QApplication.processEvents()
    for event in events:
        event.disconnect(tick)
    return 1000 * (told - ticks[0]), 1000 * (time.perf_counter() - start)


def paint(layer: Labels, random: np.random.Generator) -> None:
    """A stroke of the brush that makes a nucleus larger."""
    y, x = centre(layer.data, random)
    layer.selected_label = int(layer.data[y, x])
    below = int(np.argmax(layer.data[y:, x] != layer.selected_label))
    layer.paint((min(y + below, SIDE - 1), x), layer.selected_label)


def erase(layer: Labels, random: np.random.Generator) -> None:
    """The nucleus at a place is filled with background."""
    layer.fill(centre(layer.data, random), 0)


def undo(layer: Labels, _random: np.random.Generator) -> None:
    """The last stroke is taken back."""
    layer.undo()


def classify(layer: Labels, random: np.random.Generator) -> None:
    """A nucleus gets another class."""
    features = layer.features.copy()
    row = int(random.integers(len(features)))
    classes = layer.metadata["classes"].classes
    features.loc[row, "class"] = next(name for name in classes if name != features.loc[row, "class"])
    layer.features = features


def centre(labels: NDArray, random: np.random.Generator) -> tuple[int, int]:
    """A pixel of some nucleus, off the lower edge."""
    while True:
        y, x = (int(v) for v in random.integers(0, SIDE - 60, 2))
        if labels[y, x]:
            return y, x


def until(done: Callable[[], bool], seconds: float = 120) -> None:
    """Let the window work."""
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        QApplication.processEvents()


if __name__ == "__main__":
    main()
