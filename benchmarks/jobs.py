"""What a training job costs the window, and what the window costs the job.

The same order is done twice: headless, in a process of its own with nothing else around, and as a background job of a
napari window whose panel *Train* shows it with its curves. A timer of 10 ms in the window's event loop tells how long
the window doesn't answer: the times between its ticks, before the job and while it runs. Both runs have one thread less
than the machine has cores. "steps": the updates alone; "all": from the start of the process to its end.

    xvfb-run -a -s "-screen 0 1600x1000x24 +extension GLX" python benchmarks/jobs.py [--steps N]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import napari
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from qtpy.QtCore import QEventLoop, Qt, QTimer

from napari_nucleus.app.training.controller import TrainController
from napari_nucleus.gui.train.panel import TrainPanel
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.jobs import JobQueue, JobSpec
from napari_nucleus.jobs.process import spare_threads

TICK_MS = 10
SETTLE_S = 5
ALONE_S = 20
ENDED = ("done", "failed", "cancelled")
RECIPE = """
name = "{name}"
model = "nucleus_small"
classes = "consep"
class_weight = [1, 1, 1, 1, 1]
steps = {steps}
batch = 4
crop = 128
[[sources]]
folder = "tile"
classes = true
mpp = 0.25
"""
HEADLESS = """
import sys
from napari_nucleus.core import drain
from napari_nucleus.jobs import JobSpec, run_job
drain(run_job(JobSpec.from_json(sys.argv[1])))
"""


class Ticks:
    """Milliseconds between the ticks of a timer of the event loop."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self._times.append(time.perf_counter()))
        self._timer.start(TICK_MS)

    def gaps(self) -> NDArray[np.float64]:
        """Those since the last call."""
        times, self._times = self._times, []
        return np.diff(times) * 1e3


def order(folder: Path, name: str, steps: int, threads: int) -> JobSpec:
    """A training run on the sample tile."""
    image, nuclei = consep_tile()
    (folder / "data" / "tile").mkdir(parents=True, exist_ok=True)
    np.savez(folder / "data" / "tile" / "a.npz", image=image.array, inst=nuclei.labels, type=nuclei.type_map())
    recipe = folder / f"{name}.toml"
    recipe.write_text(RECIPE.format(name=name, steps=steps))
    data, runs = str(folder / "data"), str(folder / "runs")
    return JobSpec(kind="train", recipe=str(recipe), data=data, runs=runs, device="cpu", threads=threads, publish=False)


def headless(spec: JobSpec) -> tuple[float, float]:
    """Seconds of the steps, and of the whole process."""
    environment = os.environ | {"OMP_NUM_THREADS": str(spec.threads), "MKL_NUM_THREADS": str(spec.threads)}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", HEADLESS, spec.to_json()], env=environment, check=True)
    return steps_s(Path(spec.runs) / spec.name()), time.perf_counter() - start


def steps_s(run: Path) -> float:
    """Seconds that the updates of a run took together; the first ones, in which libraries warm up, don't count."""
    return float(pd.read_csv(run / "log.csv")["seconds"][5:].sum())


def in_window(spec: JobSpec, folder: Path) -> tuple[NDArray, NDArray, tuple[float, float]]:
    """Gaps without and with the job, and seconds of its steps and of all of it."""
    image, nuclei = consep_tile()
    viewer = napari.Viewer(show=True)
    viewer.add_image(image.array, rgb=True)
    viewer.add_labels(nuclei.labels)
    panel = TrainPanel(viewer, TrainController(JobQueue(folder / "jobs"), folder))
    viewer.window.add_dock_widget(panel, name="Train", area="right")
    while not panel.fine_tune.model.count():  # the lists of models and devices come from a thread
        work(1)
    work(SETTLE_S)
    ticks = Ticks()
    work(ALONE_S)
    alone = ticks.gaps()
    start = time.perf_counter()
    job = panel.controller.queue.submit(spec)
    panel.look()
    panel.state.chosen = job.id
    while job.state not in ENDED:
        work(0.5)
    whole = time.perf_counter() - start
    busy = ticks.gaps()
    assert job.state == "done", job.message
    assert panel.curves.titles()
    viewer.close()
    return alone, busy, (steps_s(job.run_folder), whole)


def work(seconds: float) -> None:
    """Let the window's event loop run."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def row(name: str, gaps: NDArray) -> str:
    """One line of the table of ticks."""
    p50, p99, worst = np.percentile(gaps, [50, 99, 100])
    return f"| {name} | {len(gaps)} | {p50:.1f} | {p99:.1f} | {worst:.1f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=300)
    steps = parser.parse_args().steps
    threads = spare_threads()
    with TemporaryDirectory() as place:
        folder = Path(place)
        headless(order(folder, "warm", 1, threads))  # files are in the system's cache from here on
        spec = order(folder, "headless", steps, threads)
        without = headless(spec)
        job = order(folder, "job", steps, threads)
        alone, busy, within = in_window(job, folder)
    print(f"{os.cpu_count()} cores, {threads} thread(s) for the job, {steps} steps\n")
    print("| event loop of the window | ticks | median, ms | p99, ms | worst, ms |\n|---|---|---|---|---|")
    print(row("without a job", alone))
    print(row("while the job runs", busy))
    print("\n| time | headless, s | job, s | ratio |\n|---|---|---|---|")
    for name, one, other in zip(("steps", "all"), without, within, strict=True):
        print(f"| {name} | {one:.1f} | {other:.1f} | {other / one:.3f} |")


if __name__ == "__main__":
    main()
