"""How long the scores of one image take, how they grow with it, and how public code does on the same image.

    python benchmarks/metrics.py
    python benchmarks/metrics.py --hovernet FOLDER --conic FOLDER --pannuke FOLDER    # checkouts of the public code

The public functions run on the smallest image alone: they mask the whole image for each nucleus. Both must agree.
Processor time of one core, so that other work on the machine counts little.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_nucleus import metrics
from napari_nucleus.core import NucleusMap
from napari_nucleus.metrics.overlap import overlap
from napari_nucleus.metrics.pairing import pair_within, unique_pairs

SIZES = ((1000, 1000), (1414, 2000), (2000, 4000))
N_CLASSES = 6
Image = tuple[NDArray[np.int32], ...]
Score = Callable[..., Any]


def image(side: int, count: int) -> Image:
    """Truth, prediction and their class maps: ellipses as large as nuclei at 0.25 µm, many of which touch.

    The prediction is moved by 2 px; every 17th nucleus is lost, another joined to the next, every 7th of another class.
    """
    random = np.random.default_rng(side)
    true = np.zeros((side, side), np.int32)
    centres, axes = random.integers(0, side, (2 * count, 2)), random.integers(6, 12, (2 * count, 2))
    number = 0
    for centre, radii in zip(centres.tolist(), axes.tolist(), strict=True):
        if number < count and true[centre[1], centre[0]] == 0:  # none is hidden
            number += 1
            cv2.ellipse(true, centre, radii, float(random.uniform(0, 180)), 0, 360, number, -1)
    true_types = np.where(true > 0, 1 + true % N_CLASSES, 0)
    pred = np.roll(true, (2, -2), (0, 1))
    pred = np.select([pred % 17 == 0, pred % 17 == 1], [0, pred + 1], pred)
    pred_types = np.where(pred > 0, 1 + np.where(pred % 7 == 0, pred + 1, pred) % N_CLASSES, 0)
    return true, pred, true_types, pred_types


def centroids(labels: NDArray[np.int32], types: NDArray[np.int32]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Centroids and classes of the nuclei."""
    y, x = np.nonzero(labels)
    area = np.bincount(labels[y, x])
    there = np.flatnonzero(area)
    yx = np.stack([np.bincount(labels[y, x], axis)[there] / area[there] for axis in (y, x)], -1)
    kinds = np.zeros(labels.max() + 1, np.int32)
    kinds[labels[y, x]] = types[y, x]
    return yx, kinds[there]


def scores(content: Image) -> dict[str, Score]:
    """Every score of one image, as a function without arguments; the value first where it has several."""
    true, pred, true_types, pred_types = content
    labels, listed = content[:2], [[part] for part in content]
    (true_yx, true_kinds), (pred_yx, pred_kinds) = centroids(true, true_types), centroids(pred, pred_types)
    points = [true_yx], [pred_yx], [true_kinds], [pred_kinds]
    found = overlap(*labels)
    random = np.random.default_rng(0)
    sure = random.random(len(true_yx))
    right = random.random(len(true_yx)) < sure
    return {
        "Dice": lambda: metrics.dice(*labels),
        "DICE2": lambda: metrics.ensemble_dice(*labels),
        "AJI": lambda: metrics.aggregated_jaccard(*labels),
        "AJI+": lambda: metrics.aggregated_jaccard_plus(*labels),
        "PQ": lambda: metrics.panoptic_quality(*labels).pq,
        "PQ at IoU 0.3": lambda: metrics.panoptic_quality(*labels, iou=0.3).pq,
        "mPQ+ (CoNIC)": lambda: metrics.multiclass_pq_plus(*listed, N_CLASSES).mean,
        "bPQ, mPQ (PanNuke)": lambda: metrics.pannuke_pq(*listed, N_CLASSES).mpq[0],
        "counts in the crop": lambda: metrics.count_nuclei(true, true_types, N_CLASSES, crop_px=len(true) * 7 // 8),
        "confusion matrix": lambda: metrics.confusion_matrix(*content, N_CLASSES),
        "plain F1": lambda: metrics.matched_f1(*points, N_CLASSES).mean,
        "calibration error": lambda: metrics.calibration_error(sure, right),
        "F_d, F_c": lambda: detection(points),
        "F_d, F_c of label maps": lambda: detection([(side,) for side in (*sides(content), *points[2:])]),
        "*overlap*": lambda: overlap(*labels),
        "*AJI+'s pairs*": lambda: unique_pairs(found),
        "*pairs within 12 px*": lambda: pair_within(true_yx, pred_yx, 12),
    }


def sides(content: Image) -> list[NDArray[np.float64]]:
    """Centroids of truth and prediction, as `evaluate` has them."""
    tables = [NucleusMap.from_labels(labels).table for labels in content[:2]]
    return [table[["y_px", "x_px"]].to_numpy() for table in tables]


def detection(points: Sequence[Any]) -> NDArray[np.float64]:
    """F_d, and F_c of each class."""
    found = metrics.detection_f1(*points, N_CLASSES)
    return np.append(found.f_d, found.f_c)


def public_scores(content: Image, folders: dict[str, Path | None]) -> dict[str, Score]:
    """The public functions of the checkouts that were given."""
    true, pred, true_types, pred_types = content
    found: dict[str, Score] = {}
    if folders["hovernet"]:
        hover = module(folders["hovernet"], "metrics.stats_utils")
        script = module(folders["hovernet"], "compute_stats")

        def both() -> tuple[NDArray, NDArray]:
            return hover.remap_label(true), hover.remap_label(pred)

        found |= {
            "Dice": lambda: hover.get_dice_1(true, pred),
            "DICE2": lambda: hover.get_fast_dice_2(*both()),
            "AJI": lambda: hover.get_fast_aji(*both()),
            "AJI+": lambda: hover.get_fast_aji_plus(*both()),
            "PQ": lambda: hover.get_fast_pq(*both())[0][2],
            "PQ at IoU 0.3": lambda: hover.get_fast_pq(*both(), match_iou=0.3)[0][2],
            "F_d, F_c": public_detection(script, content),
            "F_d, F_c of label maps": public_detection(script, content, module(folders["hovernet"], "misc.utils")),
        }
    if folders["conic"]:
        conic = module(folders["conic"], "metrics.stats_utils")
        stacks = np.dstack([true, true_types]), np.dstack([pred, pred_types])
        found["mPQ+ (CoNIC)"] = lambda: conic_mean(conic.get_multi_pq_info(*stacks, nr_classes=N_CLASSES))
    if folders["pannuke"]:
        pannuke = module(folders["pannuke"], "utils")
        found["bPQ, mPQ (PanNuke)"] = lambda: pannuke_mean(pannuke, content)
    return found


def module(folder: Path, name: str) -> Any:
    """Import from a checkout; two of them, and this file, have modules of one name."""
    for known in [m for m in sys.modules if m.split(".")[0] in ("metrics", "misc", "utils")]:
        del sys.modules[known]
    usual = sys.path
    sys.path = [str(folder), *usual[1:]]
    try:
        return importlib.import_module(name)
    finally:
        sys.path = usual


def public_detection(script: Any, content: Image, measure: Any = None) -> Score:
    """F_d and F_c by the public script, which has its centroids and types from memory in place of two files.

    Where its functions of label maps are given, it measures the centroids each time.
    """
    files: dict[str, dict[str, NDArray]] = {}
    for folder, labels, types in (("truth", content[0], content[2]), ("prediction", content[1], content[3])):
        yx, kinds = centroids(labels, types)
        files[f"{folder}/image.mat"] = {"labels": labels, "inst_centroid": yx[:, ::-1], "inst_type": kinds[:, None]}

    def load(path: str) -> dict[str, NDArray]:
        found = files[path]
        return found | {"inst_centroid": measure.get_inst_centroid(found["labels"])} if measure else found

    printed: list[NDArray[np.float64]] = []
    classes = list(range(1, N_CLASSES + 1))

    def score() -> NDArray[np.float64]:
        script.sio = SimpleNamespace(loadmat=load)
        script.glob = SimpleNamespace(glob=lambda _: ["image.mat"])
        script.print = printed.append
        script.run_nuclei_type_stat("prediction/", "truth/", classes)
        return np.delete(printed.pop(), 1)  # without the accuracy of pairs

    return score


def conic_mean(counts: Any) -> float:
    """mPQ+ of the public counts of one image."""
    tp, fp, fn, iou = np.array(counts, float).T
    return float((iou / (tp + fp / 2 + fn / 2)).mean())


def pannuke_mean(public: Any, content: Image) -> float:
    """MPQ of one image, with the public functions, which its script calls plane by plane; bPQ on the way."""
    true, pred, true_types, pred_types = content
    planes = [
        np.dstack([np.where(kinds == c, labels, 0) for c in range(1, N_CLASSES + 1)])
        for labels, kinds in ((true, true_types), (pred, pred_types))
    ]
    public.get_fast_pq(*(public.binarize(stack) for stack in planes))
    by_class = zip(*(np.moveaxis(stack, 2, 0) for stack in planes), strict=True)
    return float(np.mean([public.get_fast_pq(*map(public.remap_label, pair))[0][2] for pair in by_class]))


def timed(work: Score) -> tuple[Any, float]:
    """Result, and processor time of the fastest of nine runs, of more where they are short, of fewer in ten seconds."""
    best, spent, runs = np.inf, 0.0, 0
    while spent < 0.2 or (runs < 9 and spent < 10):
        start = time.process_time()
        result = work()
        took = time.process_time() - start
        best, spent, runs = min(best, took), spent + took, runs + 1
    return result, best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, repository in (("hovernet", "HoVer-Net"), ("conic", "CoNIC"), ("pannuke", "PanNuke-metrics")):
        parser.add_argument(f"--{name}", type=Path, metavar="FOLDER", help=f"checkout of the public {repository}")
    choice = parser.parse_args()

    contents = [image(*size) for size in SIZES]
    table = [scores(content) for content in contents]
    public = public_scores(contents[0], vars(choice))
    titles = [f"{side}², {count:,} nuclei" for side, count in SIZES]
    print(f"| ms | {' | '.join(titles)} | a nucleus, last : first | public code, {titles[0]} | ratio |")
    print("|---|" + "---|" * (len(SIZES) + 3))
    nuclei = [len(overlap(*content[:2]).true_area) for content in contents]
    for name in table[0]:
        (value, *_), times = zip(*(timed(row[name]) for row in table), strict=True)
        growth = times[-1] / nuclei[-1] / (times[0] / nuclei[0])
        line = f"| {name} | {' | '.join(f'{1000 * t:.2f}' for t in times)} | {growth:.2f}"
        if name in public:
            expected, theirs = timed(public[name])
            if np.abs(value - expected).max() > 1e-5:
                raise SystemExit(f"{name}: ours says {value}, the public code {expected}")
            print(f"{line} | {1000 * theirs:,.1f} | {theirs / times[0]:,.0f}× |", flush=True)
        else:
            print(f"{line} | – | – |", flush=True)


if __name__ == "__main__":
    main()
