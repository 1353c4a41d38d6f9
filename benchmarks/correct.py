"""How long each command of the workbench takes, from the call to journal on the disk and labels and classes changed.

Squares of nuclei in a grid, an ellipse each: about 1,000 in 640², 10,000 in 2048², 100,000 in 4096².
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from napari_nucleus.app.correct import Workbench
from napari_nucleus.core import HoverMaps, NucleusMap
from napari_nucleus.project import Project

SIZES = ((640, 1_000), (2048, 10_000), (4096, 100_000))


def tissue(side: int, count: int) -> tuple[NucleusMap, HoverMaps]:
    """Nuclei with maps; every tenth place has NP alone: a nucleus that was missed."""
    n = round(count**0.5)
    pitch = side / n
    labels = np.zeros((side, side), np.int32)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    row, column = (np.minimum(v // pitch, n - 1).astype(np.int32) for v in (y, x))
    v, u = y - (row + 0.5) * pitch, x - (column + 0.5) * pitch
    inside = (v / (0.36 * pitch)) ** 2 + (u / (0.44 * pitch)) ** 2 <= 1
    labels[inside] = (row * n + column + 1)[inside]
    np_prob = inside.astype(np.float32) * 0.9
    labels[(labels % 10) == 0] = 0
    hv = np.stack([u, v]).astype(np.float32) / np.float32(0.44 * pitch) * inside
    types = np.zeros((5, side, side), np.float32)
    types[0], types[1] = 1 - inside, inside
    maps = HoverMaps(np_prob, hv.clip(-1, 1), types, mpp=0.25)
    return NucleusMap.from_labels(labels, classes="consep", type_prob=types), maps


def commands(bench: Workbench, maps: HoverMaps, pitch: float) -> dict[str, Callable[[int], object]]:
    """Each command on a nucleus."""
    r = max(2, round(0.2 * pitch))

    def stroke(label: int, dx: float = 0.0) -> tuple:
        y, x = round(bench.rows[label].y), round(bench.rows[label].x + dx * pitch)
        return (y - r, x - r, y + r + 1, x + r + 1), np.ones((2 * r + 1, 2 * r + 1), bool)

    def neighbour(label: int) -> int:
        return bench.label_at(bench.rows[label].y, bench.rows[label].x + pitch)

    def line(label: int) -> np.ndarray:
        y, x = bench.rows[label].y, bench.rows[label].x
        return np.array([[y - pitch, x], [y + pitch, x]])

    def missed(label: int) -> tuple[float, float]:
        return bench.rows[label].y, bench.rows[label].x - pitch

    return {
        "set class": lambda label: bench.set_class(label, 2),
        "accept": bench.accept,
        "flag": bench.flag,
        "comment": lambda label: bench.comment(label, "to be discussed"),
        "delete": bench.delete,
        "merge": lambda label: bench.merge([label, neighbour(label)]),
        "split": lambda label: bench.split(label, line(label)),
        "extend": lambda label: bench.extend(label, *stroke(label, 0.4)),
        "erase": lambda label: bench.erase(*stroke(label, 0.3)),
        "smooth": bench.smooth,
        "propose": lambda label: bench.propose(*missed(label), maps),
        "propose, add": lambda label: bench.add(bench.propose(*missed(label), maps)),
        "repaint": lambda label: bench.repaint(*stroke(label, 0.3), True, maps),
        "undo": lambda label: bench.undo(),
        "redo": lambda label: bench.redo(),
    }


class Subject:
    """A workbench of so many nuclei, and those that haven't been corrected yet."""

    def __init__(self, side: int, count: int, folder: Path) -> None:
        nuclei, maps = tissue(side, count)
        self.project = Project.create(folder, "consep")
        start = perf_counter()
        self.project.add_image(folder / "none.png", nuclei)
        added = perf_counter()
        bench = Workbench.open(self.project, 1, "ada")
        print(f"{len(nuclei):,} nuclei: added in {added - start:.2f} s, workbench {perf_counter() - added:.2f} s")
        rng, n = np.random.default_rng(0), round(count**0.5)
        inner = [i for i in nuclei.table["label"].tolist() if 1 < (i - 1) % n < n - 3]
        self._missed = rng.permutation([i for i in inner if i % 10 == 1]).tolist()  # that is, left of these
        self._others = rng.permutation([i for i in inner if i % 10 in (3, 5, 7)]).tolist()
        self.commands = commands(bench, maps, side / n)

    def time(self, name: str) -> float:
        """Milliseconds of a command on a nucleus that none was done to yet."""
        label = (self._missed if "propose" in name else self._others).pop()
        start = perf_counter()
        self.commands[name](label)
        return 1000 * (perf_counter() - start)


def measure(subjects: list[Subject], names: list[str], repeat: int) -> None:
    """Median, 95th percentile, and ratio to the first subject; by turns, so that other work weighs the same."""
    for name in names:
        times = np.array([[subject.time(name) for subject in subjects] for _ in range(repeat)])
        median, high = np.median(times, axis=0), np.percentile(times, 95, axis=0)
        cells = (f"{m:.1f} | {h:.1f} | {m / median[0]:.2f}×" for m, h in zip(median, high, strict=True))
        print(f"| {name} |", " | ".join(cells), "|")


def measure_opening(folder: Path, images: int = 12) -> None:
    """A project of about a million nuclei: how long it takes to open, and one of its images."""
    nuclei, _ = tissue(*SIZES[-1])
    with Project.create(folder, "consep") as project:
        for i in range(images):
            project.add_image(folder / f"{i}.png", nuclei)
    start = perf_counter()
    with Project.open(folder) as project:
        found, kinds, people = project.images(), project.scheme, project.annotators
        opened = perf_counter()
        Workbench.open(project, found[-1].id, "ada")
        shown = perf_counter()
        (count,) = project.base.execute("SELECT count(*) FROM nucleus").fetchone()
    print(
        f"{count:,} nuclei in {len(found)} images, {len(kinds)} classes, {len(people)} annotators: project opened in "
        f"{1000 * (opened - start):.0f} ms, an image of {len(nuclei):,} in {shown - opened:.2f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=12, help="commands of each kind, at most 18")
    parser.add_argument("--upto", type=int, default=100_000, help="nuclei of the largest image")
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to measure; default: here")
    parser.add_argument("--opening", action="store_true", help="only how long a project of a million takes to open")
    given = parser.parse_args()
    if given.opening:
        with tempfile.TemporaryDirectory(dir=given.folder or Path.cwd()) as folder:
            measure_opening(Path(folder) / "project")
        return
    with tempfile.TemporaryDirectory(dir=given.folder or Path.cwd()) as folder:
        sizes = [size for size in SIZES if size[1] <= given.upto]
        subjects = [Subject(side, count, Path(folder) / str(count)) for side, count in sizes]
        measure(subjects, list(subjects[0].commands), given.repeat)
        for subject in subjects:
            subject.project.close()


if __name__ == "__main__":
    main()
