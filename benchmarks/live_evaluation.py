"""How fast the evaluation follows corrections by hand, against evaluating anew.

The bundled annotated tile is laid out to an image of 5,070 nuclei. Its prediction moves, misses, splits and invents
some of them; then nuclei are painted, erased, deleted, merged, split and re-classed at random. Times are those of the
processor, so that other work of the machine doesn't count.

    python benchmarks/live_evaluation.py [--edits 300] [--anew 10]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusMap
from napari_nucleus.evaluation import Evaluation, Matching, match
from napari_nucleus.evaluation.evaluation import image_tiles
from napari_nucleus.evaluation.live import LiveMatching
from napari_nucleus.io.samples import consep_tile

Box = tuple[slice, slice]
DOWN, ACROSS = 2, 3
N_CLASSES = 4


def laid_out() -> NucleusMap:
    """Copies of the tile side by side."""
    tile = consep_tile()[1]
    step = int(tile.labels.max()) + 1
    number = np.kron(np.arange(DOWN * ACROSS).reshape(DOWN, ACROSS), np.ones(tile.labels.shape, np.int64))
    labels = np.tile(tile.labels, (DOWN, ACROSS))
    labels = np.where(labels > 0, labels + step * number, 0)
    return NucleusMap.from_labels(labels, classes=tile.scheme, type_map=np.tile(tile.type_map(), (DOWN, ACROSS)))


def predicted(truth: NucleusMap, extra: float | None, seed: int = 0) -> NucleusMap:
    """Nuclei moved by up to 2 px, 8 % missing, 4 % split, 10 % of another class, and a share of ``extra`` ones.

    With None as many are invented as it takes to have the truth's number of nuclei.
    """
    random = np.random.default_rng(seed)
    size, top = len(truth), int(truth.labels.max()) + 1
    y, x = np.nonzero(truth.labels)
    rank = np.searchsorted(truth.table["label"], truth.labels[y, x])
    kept, split = random.random(size) > 0.08, random.random(size) < 0.04
    y, x, rank = y[kept[rank]], x[kept[rank]], rank[kept[rank]]
    label = truth.table["label"].to_numpy()[rank]
    right = split[rank] & (x > truth.table["x_px"].to_numpy()[rank])
    moved = random.integers(-2, 3, (size, 2))[rank]
    height, width = truth.labels.shape
    labels = np.zeros_like(truth.labels)
    labels[np.clip(y + moved[:, 0], 0, height - 1), np.clip(x + moved[:, 1], 0, width - 1)] = label + top * right
    missing = size - len(np.unique(labels[labels > 0]))
    for i in range(missing if extra is None else round(extra * size)):
        box, disc = circle(labels.shape, random.uniform((6, 6), (height - 6, width - 6)), 5)
        labels[box][disc] = 2 * top + i
    true_class = np.zeros(3 * top, np.int64)
    true_class[truth.table["label"]] = true_class[truth.table["label"] + top] = truth.class_numbers
    wrong = random.random(len(true_class)) < 0.1
    numbers = np.where(wrong | (true_class == 0), random.integers(1, N_CLASSES + 1, len(true_class)), true_class)
    return NucleusMap.from_labels(labels, classes=truth.scheme, class_of=dict(enumerate(numbers.tolist())))


def circle(shape: tuple[int, ...], centre: NDArray, radius: float) -> tuple[Box, NDArray[np.bool_]]:
    """Bounding box of a disc, and its pixels therein."""
    low = np.maximum(np.floor(centre - radius).astype(int), 0)
    high = np.minimum(np.ceil(centre + radius).astype(int) + 1, shape)
    rows, columns = np.ogrid[low[0] : high[0], low[1] : high[1]]
    return np.s_[low[0] : high[0], low[1] : high[1]], (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2


class Hand:
    """Somebody who corrects at random; holds the prediction as it is now."""

    def __init__(self, prediction: NucleusMap, seed: int = 1) -> None:
        self._random = np.random.default_rng(seed)
        self._scheme = prediction.scheme
        self.labels = prediction.labels.copy()
        self.classes = dict(zip(prediction.table["label"].tolist(), prediction.class_numbers.tolist(), strict=True))

    def corrections(self, live: LiveMatching, number: int) -> Iterator[tuple[str, Callable[[], None]]]:
        """Names of corrections, and what passes each on."""
        kinds = (self.paint, self.erase, self.delete, self.merge, self.split)
        for i in range(number):
            if i % 6 == 5:
                label = int(self._random.choice(self.labels[self.labels > 0]))
                self.classes[label] = int(self._random.integers(1, N_CLASSES + 1))
                yield "class", lambda change={label: self.classes[label]}: live.classify(change)
                continue
            box, labels = kinds[i % 6]()
            self.labels[box] = labels
            yield kinds[i % 6].__name__, lambda box=box, labels=labels: live.edit(box, labels)

    def nuclei(self) -> NucleusMap:
        """The prediction now."""
        return NucleusMap.from_labels(self.labels, classes=self._scheme, class_of=self.classes)

    def paint(self) -> tuple[Box, NDArray]:
        """A new nucleus."""
        return self._disc(self._somewhere(), 7, int(self.labels.max()) + 1)

    def erase(self) -> tuple[Box, NDArray]:
        """A bite out of a nucleus."""
        return self._disc(self._somewhere(inside=True), 4, 0)

    def delete(self) -> tuple[Box, NDArray]:
        """A nucleus gone."""
        return self._changed(lambda labels, label: np.where(labels == label, 0, labels), 30)

    def merge(self) -> tuple[Box, NDArray]:
        """A nucleus and those around it become one."""
        return self._changed(lambda labels, label: np.where(labels > 0, label, 0), 8)

    def split(self) -> tuple[Box, NDArray]:
        """The right part of a nucleus becomes another one."""
        new = int(self.labels.max()) + 1

        def halved(labels: NDArray, label: int) -> NDArray:
            right = np.arange(labels.shape[1]) >= labels.shape[1] // 2
            return np.where((labels == label) & right, new, labels)

        return self._changed(halved, 30)

    def _disc(self, centre: NDArray, radius: float, label: int) -> tuple[Box, NDArray]:
        box, disc = circle(self.labels.shape, centre, radius)
        return box, np.where(disc, label, self.labels[box])

    def _changed(self, change: Callable[[NDArray, int], NDArray], radius: int) -> tuple[Box, NDArray]:
        y, x = self._somewhere(inside=True)
        box = np.s_[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]
        return box, change(self.labels[box], int(self.labels[y, x]))

    def _somewhere(self, inside: bool = False) -> NDArray:
        while True:
            place = self._random.integers(0, self.labels.shape)
            if not inside or self.labels[tuple(place)]:
                return place


def scored(found: Matching, nuclei: NucleusMap) -> Evaluation:
    """The table of scores and the confusion matrix, as a panel shows them."""
    tiles = image_tiles(found, nuclei.labels.shape, N_CLASSES)
    evaluation = Evaluation(("",), ("",), nuclei.scheme, tiles.pool(np.ones((1, len(tiles)))), tiles)
    evaluation.table(bootstrap=0), evaluation.class_confusion()
    return evaluation


def row(name: str, truth: NucleusMap, prediction: NucleusMap, edits: int, anew: int) -> str:
    """One line of the table; checks on the way that both ways find the same."""
    start = time.process_time()
    live = LiveMatching(truth, prediction)
    first = time.process_time() - start
    hand, follow, scores, full = Hand(prediction), [], [], []
    for i, (_, pass_on) in enumerate(hand.corrections(live, edits)):
        start = time.process_time()
        pass_on()
        found = live.matching()
        matched = time.process_time()
        evaluation = scored(found, truth)
        follow.append(matched - start)
        scores.append(time.process_time() - start)
        if i % max(1, edits // max(1, anew)) == 0:
            start = time.process_time()
            expected = scored(match(truth, hand.nuclei()), truth)
            full.append(time.process_time() - start)
            assert evaluation.table(bootstrap=0).equals(expected.table(bootstrap=0))
    both = [np.percentile(np.array(t) * 1e3, [50, 95, 100]) for t in (follow, scores)]
    figures = " | ".join(f"{v:.0f}" for times in both for v in times)
    ratio = np.median(full) / np.median(scores)
    counts = f"{len(truth)} | {len(prediction)}"
    return f"| {name} | {counts} | {first:.1f} | {figures} | {np.median(full) * 1e3:.0f} | {ratio:.0f}× |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=300)
    parser.add_argument("--anew", type=int, default=10, help="how often to evaluate anew, too (slow)")
    choice = parser.parse_args()
    truth = laid_out()
    print("| prediction | true | predicted | first, s | matching, ms: median | p95 | max ", end="")
    print("| and all scores: median | p95 | max | anew, ms | ratio |")
    print("|" + "---|" * 12)
    for name, extra in (("more", 0.15), ("fewer", 0.0), ("as many as true", None)):
        print(row(name, truth, predicted(truth, extra), choice.edits, choice.anew), flush=True)


if __name__ == "__main__":
    main()
