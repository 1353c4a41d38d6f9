"""A scripted annotator corrects the default model's classes: at random, in queue order, and with learning.

    python benchmarks/annotator.py DATA [--split test|validation] [--seeds 5] [--out FOLDER]

DATA holds ``consep``. The default model segments the tiles; a nucleus that overlaps an annotated one by more than
half (IoU > 0.5) is matched with it, and its true class is known to the annotator. Only matched nuclei are visited. One
visited nucleus is one action: afterwards it has its true class. Counted are actions until 90, 95 and 98 % of all
matched nuclei have the right class. The queue and the learner were tuned on ``validation``, the five tiles of the
training split that the model was not trained on; ``test`` is the default. What the model says is kept in FOLDER and
isn't asked again; the courses land there, too.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.app.review import Doubt, ReviewFilter, ReviewItems, ReviewSession
from napari_nucleus.app.review.session import AUDIT, EVERY
from napari_nucleus.evaluation.matching import match
from napari_nucleus.inference import nucleus_features, segment
from napari_nucleus.io import open_patches

SPLITS = {
    "test": tuple(f"test_{i}" for i in range(1, 15)),
    "validation": ("train_3", "train_10", "train_12", "train_22", "train_24"),
}
TARGETS = (0.90, 0.95, 0.98)
STRATEGIES = ("random", "queue", "queue + learning")
STOP = 0.05  # share of wrong labels at which a review might end
_LOOK = 60  # actions, from one look at the estimate to the next


class Tissue(NamedTuple):
    """Matched nuclei of all tiles: what the model says, its features (N, D), and the true classes (N,)."""

    items: ReviewItems
    features: NDArray[np.float32]
    truth: NDArray[np.int64]


class Course(NamedTuple):
    """A run: share of right classes after each action (from none), and the estimates of what is still wrong."""

    right: NDArray[np.float64]
    estimates: pd.DataFrame


def read(data: Path, names: Sequence[str]) -> Tissue:
    """Ask the default model about tiles."""
    patches = open_patches(data / "consep")
    parts, features, truth = [], [], []
    for number, name in enumerate(names):
        patch = patches.patch(patches.names.index(name))
        assert patch.truth is not None
        found = segment(patch.image, model="default").nuclei
        pairs = match(patch.truth, found)
        true = np.where(pairs.pred_partner >= 0, pairs.true.types[pairs.pred_partner], 0)
        by_label = dict(zip(pairs.pred.labels.tolist(), true.tolist(), strict=True))
        parts.append(ReviewItems.of(found, number))
        features.append(nucleus_features(patch.image, found))
        truth.append(np.array([by_label[label] for label in parts[-1].label.tolist()], np.int64))
    return Tissue(ReviewItems.join(parts), np.concatenate(features), np.concatenate(truth))


def kept(data: Path, split: str, folder: Path | None) -> Tissue:
    """As `read`, or what it gave before."""
    file = None if folder is None else folder / f"{split}.npz"
    if file is not None and file.is_file():
        z = np.load(file, allow_pickle=False)
        columns = ("image", "label", "y", "x", "classes", "probabilities")
        return Tissue(ReviewItems(*(z[name] for name in columns)), z["features"], z["truth"])
    tissue = read(data, SPLITS[split])
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        own = {name: getattr(tissue.items, name) for name in ReviewItems.__slots__}
        np.savez_compressed(file, features=tissue.features, truth=tissue.truth, **own)
    return tissue


def annotate(tissue: Tissue, strategy: str, seed: int) -> Course:
    """Visit matched nuclei until the last target; the seed is of the random order, or of the audits."""
    learning, audit = "learning" in strategy, 0.0 if strategy == "random" else AUDIT
    every = EVERY if learning else _LOOK  # without learning, a lesson only serves the estimate
    session = ReviewSession(
        tissue.items, tissue.features, learning=learning, every=every, audit=audit, seed=seed, order=Doubt.MISTAKE
    )
    truth, matched, queue = tissue.truth, tissue.truth > 0, session.queue
    queue.only = ReviewFilter(among=matched)
    if strategy == "random":
        queue.rank(np.random.default_rng(seed).random(len(truth)))
    else:
        session.lesson_due.connect(session.learn)
    right, rows = [_right(queue.classes, tissue)], []
    while right[-1] < max(TARGETS):
        if len(right) % _LOOK == 1 and strategy != "random":
            told = session.remaining()
            rows.append((len(right) - 1, told.share, told.low, told.high, 1 - right[-1]))
        row = queue.next()
        assert row is not None
        session.decide(row, truth[row])
        right.append(_right(queue.classes, tissue))
    return Course(np.array(right), pd.DataFrame(rows, columns=["actions", "share", "low", "high", "wrong"]))


def _right(classes: NDArray[np.int64], tissue: Tissue) -> float:
    return float((classes == tissue.truth)[tissue.truth > 0].mean())


def actions(course: Course, target: float) -> int:
    """How many it took until so many were right."""
    return int((course.right >= target).argmax())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", choices=SPLITS, default="test")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="folder for what the model says, and for the courses")
    arguments = parser.parse_args()
    tissue = kept(arguments.data, arguments.split, arguments.out)
    matched = tissue.truth > 0
    begin = (tissue.items.classes == tissue.truth)[matched].mean()
    print(f"{arguments.split}: {matched.sum()} matched nuclei, {begin:.1%} of them right at the beginning")
    courses = {s: [annotate(tissue, s, seed) for seed in range(arguments.seeds)] for s in STRATEGIES}
    report(courses)
    if arguments.out:
        named = {f"{strategy}/{seed}": run.right for strategy, runs in courses.items() for seed, run in enumerate(runs)}
        np.savez_compressed(arguments.out / f"{arguments.split}_courses.npz", **named)


def report(courses: dict[str, list[Course]]) -> None:
    """Print actions, their ratio to random order, and how often the intervals of the remaining error hold it."""
    mean = {s: [np.mean([actions(c, t) for c in runs]) for t in TARGETS] for s, runs in courses.items()}
    table = pd.DataFrame(mean, index=[f"{t:.0%}" for t in TARGETS]).T.round(0).astype(int)
    for i, target in enumerate(TARGETS):
        table[f"random / this, {target:.0%}"] = [round(mean["random"][i] / mean[s][i], 2) for s in courses]
    print(f"actions to so many right, mean of seeds\n{table.to_string()}")
    for strategy in STRATEGIES[1:]:
        report_estimates(strategy, [course.estimates for course in courses[strategy]])


def report_estimates(strategy: str, runs: list[pd.DataFrame]) -> None:
    """Print how far the estimates of the remaining error hold, and what is wrong where one would stop by them."""
    told = pd.concat(runs)
    held = told["wrong"].between(told["low"] - 1e-9, told["high"] + 1e-9).mean()
    off, width = (told["share"] - told["wrong"]).abs().mean(), (told["high"] - told["low"]).mean()
    print(f"{strategy}: the 95 % interval holds the remaining error {held:.1%} of {len(told)} times")
    print(f"  it is {width:.2%} wide, the estimate {off:.2%} off, on average")
    for limit in ("share", "high"):
        found = pd.concat([run[run[limit] <= STOP].head(1) for run in runs])
        what = "the estimate" if limit == "share" else "its upper limit"
        wrong, after = found["wrong"], found["actions"].mean()
        print(f"  {what} fell under {STOP:.0%} in {len(found)} of {len(runs)} runs, after {after:.0f} actions;")
        print(f"  truly wrong then: {wrong.mean():.2%} on average, {wrong.max():.2%} at most")


if __name__ == "__main__":
    main()
