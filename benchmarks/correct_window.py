"""How long each key of Review mode takes in a window: from the key to journal on the disk and layer changed.

    xvfb-run -a python benchmarks/correct_window.py [--upto N] [--repeat N]

Each key goes through Qt to the canvas; the clock stops when the key's event is handled: the correction is on the disk
then, and the layer's pixels are changed. The frame that the window draws next is no part of it; it is drawn before the
next key. The nuclei are those of `correct.py`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

import napari
import numpy as np
import pandas as pd
from correct import SIZES, tissue
from qtpy.QtCore import Qt
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_nucleus.app.correct.sight import Sight
from napari_nucleus.gui.correct import CorrectPanel
from napari_nucleus.gui.layers import add_nuclei

KEYS = {
    "next": "N",
    "class and go on": "3",
    "accept and go on": " ",
    "undo": "U",
    "redo": "Shift+U",
    "flag and go on": "F",
    "delete": "X",
    "merge": "M",
    "cut along a line": "Shift+S",
    "smooth": "O",
    "propose": "A",
    "grow": "+",
    "add": "\r",
}
FEATURES = 64


class Desk:
    """A window with an image's review."""

    def __init__(self, side: int, count: int, folder: Path) -> None:
        self.nuclei, maps = tissue(side, count)
        self.pitch = side / round(count**0.5)
        self.viewer = napari.Viewer()
        self.viewer.window.resize(1400, 900)
        self.viewer.add_image(np.full((side, side, 3), 200, np.uint8), scale=(0.25, 0.25), units=("um", "um"))
        add_nuclei(self.viewer, self.nuclei)
        self.panel = CorrectPanel(self.viewer, looks=False)
        self.viewer.window.add_dock_widget(self.panel)
        self.panel.make_project(folder)
        self.reviewer = self.panel.controller.reviewer
        labels = self.nuclei.table["label"]
        seen = np.random.default_rng(0).standard_normal((len(labels), FEATURES)).astype(np.float32)
        self.panel.controller.take_sight(self.reviewer, Sight(maps, pd.DataFrame(seen, index=pd.Index(labels))))
        self.reviewer.mode.on = True
        center = self.panel.window().centralWidget()
        self.canvas = center.findChild(QOpenGLWidget)
        self.draw(1.0)

    def draw(self, seconds: float) -> None:
        """Let the window draw."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            QApplication.processEvents()

    def press(self, key: str) -> float:
        """Milliseconds of a key."""
        modifier = Qt.KeyboardModifier.ShiftModifier if key.startswith("Shift") else Qt.KeyboardModifier.NoModifier
        begin = time.perf_counter()
        QTest.keyClick(self.canvas, key[-1], modifier)
        taken = 1000 * (time.perf_counter() - begin)
        self.draw(0.15)
        return taken

    def prepare(self, name: str, label: int) -> None:
        """Point where the key is pressed; for what takes two keys, press the first."""
        row = self.reviewer.bench.rows[label]
        if name in ("merge", "cut along a line"):
            self.reviewer.point((row.y - 0.45 * self.pitch * (name != "merge"), row.x))
            self.press(KEYS[name])
            far = (row.y, row.x + self.pitch) if name == "merge" else (row.y + 0.45 * self.pitch, row.x)
            self.reviewer.point(far)
        elif name == "propose":
            self.reviewer.point((row.y, row.x - self.pitch))
        elif name not in ("grow", "add", "undo", "redo"):
            self.reviewer.point((row.y, row.x))


def measure(side: int, count: int, repeat: int, folder: Path) -> dict[str, tuple[float, float]]:
    """Median and the largest of each key, in milliseconds."""
    desk = Desk(side, count, folder)
    rng, n = np.random.default_rng(0), round(count**0.5)
    inner = [i for i in desk.nuclei.table["label"].tolist() if 1 < (i - 1) % n < n - 3]
    missed = rng.permutation([i for i in inner if i % 10 == 1]).tolist()
    others = rng.permutation([i for i in inner if i % 10 in (3, 6)]).tolist()
    taken: dict[str, list[float]] = {name: [] for name in KEYS}
    for _ in range(repeat):
        for name, key in KEYS.items():
            desk.prepare(name, (missed if name == "propose" else others).pop())
            taken[name].append(desk.press(key))
    print(f"{len(desk.nuclei):,} nuclei; {desk.panel.state.learning or 'nothing learnt'}")
    desk.viewer.close()
    return {name: (float(np.median(values)), max(values)) for name, values in taken.items()}


def main() -> None:
    """Print a row a key."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=12, help="of each key")
    parser.add_argument("--upto", type=int, default=100_000, help="nuclei of the largest image")
    given = parser.parse_args()
    found = []
    for side, count in SIZES:
        if count <= given.upto:
            folder = Path(tempfile.mkdtemp(dir=Path.cwd(), prefix="correct-"))
            os.environ["NAPARI_NUCLEUS_KEYS"] = str(folder / "keys.json")
            try:
                found.append(measure(side, count, given.repeat, folder / "project"))
            finally:
                shutil.rmtree(folder)
    for name, (median, _) in found[0].items():
        cells = " | ".join(f"{m[name][0]:.0f} | {m[name][1]:.0f} | {m[name][0] / median:.1f}×" for m in found)
        print(f"| {name} | {cells} |")


if __name__ == "__main__":
    main()
