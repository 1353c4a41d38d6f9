"""Remake ``reference.npz`` (images) and ``reference.json`` (what the public code says of them).

    python tests/unit/metrics/make_reference.py HOVER_NET PANNUKE_METRICS CONIC

The arguments are checkouts of the public repositories at these commits; their own needs (opencv, matplotlib, docopt,
tqdm, scikit-learn) must be installed. Nothing of them is kept but the values; null is where they fail or divide by 0.

    vqdang/hover_net                        67e2ce5e3f1a64a2ece77ad1c24233653a9e0901
    TissueImageAnalytics/PanNuke-metrics    c00014d766ca1be142b81bea19d9ef4315cde65a
    TissueImageAnalytics/CoNIC              c1c4964d2aefcb9ec0ba08e88ed563fd80d41ac4
"""

import argparse
import contextlib
import importlib
import io
import json
import math
import os
import re
import runpy
import sys
import tempfile
import warnings
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import pandas as pd
from scipy import io as sio
from scipy import ndimage

HERE = Path(__file__).parent
CONIC_CLASSES = ("neutrophil", "epithelial", "lymphocyte", "plasma", "eosinophil", "connective")


def perturbed(labels, types, shift):
    """A prediction with a network's faults: nuclei moved, lost, merged, split, invented and misclassified."""
    pred = np.roll(labels, (shift, -shift), (0, 1)).astype(np.int32)
    kinds = np.roll(types, (shift, -shift), (0, 1)).astype(np.int32)
    dice_roll = pred * 7919 % 101
    pred = np.where(dice_roll < 12, 0, pred)  # lost
    pred = np.where((dice_roll >= 12) & (dice_roll < 30), pred // 2 * 2 + 5000, pred)  # merged with the next one
    odd = np.indices(pred.shape).sum(0) // 16 % 2 == 1
    pred = np.where((dice_roll >= 30) & (dice_roll < 40) & odd, pred + 10_000, pred)  # split
    pred[40:48, 60:70] = 20_000  # invented
    kinds[40:48, 60:70] = 1
    kinds = np.where(dice_roll % 7 == 0, kinds % 4 + 1, kinds)
    return pred, np.where(pred > 0, kinds, 0)


def crops():
    """Real nuclei (CoNSeP train tiles, 256×256 px) and predictions made of them."""
    tiles = np.load(HERE / "consep_crops.npz", allow_pickle=False)
    for tile in (6, 10, 19):
        true, types = tiles[f"inst_{tile}"].astype(np.int32), tiles[f"type_{tile}"].astype(np.int32)
        for shift in (1, 3):
            yield f"crop {tile} moved {shift}", true, *perturbed(true, types, shift), types


def drawn(*rows, shape=(6, 12)):
    """A label image from rows of digits."""
    image = np.zeros(shape, np.int32)
    for y, row in enumerate(rows):
        image[y, : len(row)] = [int(c) for c in row]
    return image


def edges():
    """Small drawn images; class 1 unless said otherwise."""
    nothing = drawn()
    nuclei = drawn("111022", "111022", "", "333044")
    pairs = {
        "truth empty": (nothing, nuclei),
        "prediction empty": (nuclei, nothing),
        "both empty": (nothing, nothing),
        "identical": (nuclei, nuclei),
        "nowhere the same": (drawn("11", "11"), drawn("", "", "", "11", "11")),
        "one pixel each": (drawn("10203", "", "4"), drawn("10020", "", "3")),
        "touching": (drawn("111222", "111222", "333444", "333444"), drawn("112222", "112222", "133344", "333344")),
        "IoU of a half": (drawn("111222"), drawn("777777")),
        "IoU of a half and a bit": (drawn("1111111"), drawn("1111")),
        "tie, first is shared": (drawn("11112222"), drawn("33444400")),
        "tie, second is shared": (drawn("22221111"), drawn("00444433")),
        "tie of two, both shared": (drawn("112233", "112233"), drawn("445566", "554466")),
        "same IoU, another size": (drawn("111111", "000000"), drawn("220333", "000333")),
        "gaps in the labels": (nuclei * 1000, np.roll(nuclei, 1, 1) * 7),
        "one over two": (drawn("11102220", "11102220"), drawn("55555550", "55555550")),
        "no background": (np.repeat(drawn("12", shape=(1, 2)), 6, 1).repeat(6, 0), np.ones((6, 12), np.int32)),
    }
    for name, (true, pred) in pairs.items():
        yield name, true, pred, (pred > 0).astype(np.int32), (true > 0).astype(np.int32)
    types = drawn("111022", "111022", "", "333011")
    yield "a class on one side each", nuclei, nuclei, np.where(types == 3, 4, types), types
    halves = drawn("112022", "112022", "", "333044")
    yield "two classes in a nucleus", nuclei, nuclei, halves, drawn("111022", "112022", "", "344044")
    yield "all classes wrong", nuclei, nuclei, np.where(nuclei, 2, 0), np.where(nuclei, 1, 0)


def nuclei_of(labels, types):
    """Centroids (N, 2) and classes (N,)."""
    ids, first = np.unique(labels, return_index=True)
    return np.array(ndimage.center_of_mass(labels > 0, labels, ids[1:])), types.ravel()[first[1:]].astype(int)


@contextlib.contextmanager
def inside(folder):
    """Import from a checkout, and forget its modules again: two of them share their names."""
    before, here = set(sys.modules), Path.cwd()
    sys.path.insert(0, str(folder))
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        os.chdir(scratch)
        try:
            yield Path(scratch)
        finally:
            os.chdir(here)
            sys.path.remove(str(folder))
            for name in set(sys.modules) - before:
                if name.split(".")[0] in ("metrics", "misc", "utils", "run", "compute_stats"):
                    del sys.modules[name]


def value(function, *arguments):
    """A function's number, or None where it fails or is not finite."""
    try:
        number = float(function(*arguments))
    except (ArithmeticError, ValueError, IndexError):
        return None
    return number if math.isfinite(number) else None


def hovernet(folder, cases):
    """Scores of single images."""
    with inside(folder):
        public = importlib.import_module("metrics.stats_utils")

        def renumbered(function, *rest):
            return lambda true, pred: function(public.remap_label(true), public.remap_label(pred), *rest)

        scores = {
            "dice": public.get_dice_1,
            "dice2": renumbered(public.get_fast_dice_2),
            "aji": renumbered(public.get_fast_aji),
            "aji_plus": renumbered(public.get_fast_aji_plus),
        }
        for suffix, iou in (("", 0.5), ("_30", 0.3)):
            for part, name in enumerate(("dq", "sq", "pq")):
                pq = renumbered(public.get_fast_pq, iou)
                scores[name + suffix] = lambda true, pred, pq=pq, part=part: pq(true, pred)[0][part]
        return {name: {k: value(f, true, pred) for k, f in scores.items()} for name, true, pred, *_ in cases}


def hovernet_types(folder, cases, *, unknown):
    """F_d and F_c over all images; where asked, every ninth true nucleus has no class."""
    with inside(folder) as scratch:
        stats = importlib.import_module("compute_stats")
        for number, (_, true, pred, pred_types, true_types) in enumerate(cases):
            for side, labels, types in (("true", true, true_types), ("pred", pred, pred_types)):
                points, kinds = nuclei_of(labels, types)
                if unknown and side == "true":
                    kinds[::9] = -1
                (scratch / side).mkdir(exist_ok=True)
                content = {"inst_centroid": points, "inst_type": kinds[:, None]}
                sio.savemat(scratch / side / f"{number}.mat", content)
        np.set_printoptions(precision=10)
        with mock.patch.object(np, "set_printoptions"), contextlib.redirect_stdout(io.StringIO()) as told:
            stats.run_nuclei_type_stat(f"{scratch}/pred/", f"{scratch}/true/", [1, 2, 3, 4], not unknown)
    numbers = [float(word) for word in re.findall(r"[\d.]+", told.getvalue())]
    return [numbers[0], *numbers[2:]]


def conic(folder, cases):
    """PQ of each class over all images, and TP, FP, FN and IoU of each image and class."""
    with inside(folder) as scratch:
        public = importlib.import_module("metrics.stats_utils")
        stacks = {
            "true": np.array([np.dstack([true, types]) for _, true, _, _, types in cases]),
            "pred": np.array([np.dstack([pred, types]) for _, _, pred, types, _ in cases]),
        }
        for side, stack in stacks.items():
            np.save(scratch / f"{side}.npy", stack)
        command = ["compute_stats.py", "--mode=seg_class", "--pred=pred.npy", "--true=true.npy"]
        with mock.patch.object(sys, "argv", command), contextlib.redirect_stdout(io.StringIO()):
            made = runpy.run_path(str(Path(folder) / "compute_stats.py"), run_name="__main__")
        each = {
            name: np.array(public.get_multi_pq_info(true, pred), float).tolist()
            for (name, *_), true, pred in zip(cases, stacks["true"], stacks["pred"], strict=True)
        }
        return {
            "mean": made["all_metrics"]["multi_pq+"][0],
            "per_class": made["mpq_metrics"].tolist(),
            "images": each,
        }


def conic_counts(folder, cases):
    """Nuclei a class in the central 224 of 256 pixels of each true crop."""
    with inside(folder) as scratch:
        for side in ("images", "labels"):
            (scratch / side).mkdir()
        for number, (_, true, _, _, types) in enumerate(cases):
            cv2.imwrite(str(scratch / "images" / f"{number}.png"), np.zeros((*true.shape, 3), np.uint8))
            ids, first = np.unique(true, return_index=True)
            content = {"inst_map": true, "class": types.ravel()[first[1:]], "id": ids[1:]}
            sio.savemat(scratch / "labels" / f"{number}.mat", content)
        source = (Path(folder) / "extract_patches.py").read_text()
        for variable, side in (("img_dir", "images"), ("ann_dir", "labels")):
            source = re.sub(rf'{variable} = ".*"', f'{variable} = "{scratch}/{side}/"', source)
        with contextlib.redirect_stderr(io.StringIO()):
            exec(compile(source, "extract_patches.py", "exec"), {"__name__": "__main__"})
        return pd.read_csv(scratch / "patches" / "counts.csv").to_numpy().tolist()


def conic_r2(folder, true, pred):
    """R² of the classes one by one (the public function gives their mean: of six equal columns, that of one)."""
    with inside(folder):
        public = importlib.import_module("metrics.stats_utils")

        def mean(a, b):
            names = ["epithelial", "lymphocyte", "plasma", "neutrophil", "eosinophil", "connective"]
            return float(public.get_multi_r2(pd.DataFrame(a, columns=names), pd.DataFrame(b, columns=names)))

        one_by_one = [mean(np.repeat(true[:, [c]], 6, 1), np.repeat(pred[:, [c]], 6, 1)) for c in range(6)]
        return {"mean": mean(true, pred), "per_class": one_by_one}


def pannuke(folder, cases):
    """MPQ and bPQ of each image (as the only one of its tissue), of three tissues, and PQ of each class."""
    planes = {}
    for side, labels, types in (("true", 1, 4), ("pred", 2, 3)):
        planes[side] = np.array([[np.where(case[types] == c, case[labels], 0) for c in range(1, 7)] for case in cases])
    with inside(folder) as scratch:
        public = importlib.import_module("run")
        for side, stack in planes.items():
            (scratch / side).mkdir()
            np.save(scratch / side / "masks.npy", np.moveaxis(stack, 1, -1))

        def run(tissues):
            np.save(scratch / "true" / "types.npy", np.array(tissues))
            with contextlib.redirect_stdout(io.StringIO()) as told:
                public.main({"--true_path": "true", "--pred_path": "pred", "--save_path": "saved"})
            frame = pd.read_csv("saved/tissue_stats.csv", index_col="Tissue name")[["PQ", "PQ bin"]]
            return {row.Index: [number(v) for v in row[1:]] for row in frame.itertuples()}, told.getvalue()

        names = public.tissue_types[: len(cases)]
        alone, told = run(names)
        tissues = [names[number % 3] for number in range(len(cases))]
        together = run(tissues)[0]
    classes = [number(float(v)) for v in re.findall(r"PQ: (\S+)", told)[:5]]
    return {
        "images": {case[0]: alone[name] for case, name in zip(cases, names, strict=True)},
        "tissues": {name: together[name] for name in (*names[:3], "mean")},
        "of": tissues,
        "per_class": classes,
    }


def number(found):
    """A finite number, or None."""
    return float(found) if math.isfinite(found) else None


def rounded(found):
    """Nine decimals are enough."""
    if isinstance(found, float):
        return round(found, 9)
    if isinstance(found, dict):
        return {k: rounded(v) for k, v in found.items()}
    return [rounded(v) for v in found] if isinstance(found, list) else found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs=3, type=Path, metavar="CHECKOUT", help="hover_net, PanNuke-metrics, CoNIC")
    hover_net, pannuke_metrics, conic_stats = (folder.resolve() for folder in parser.parse_args().checkouts)

    real, small = list(crops()), list(edges())
    scored = [case for case in small if case[0] != "no background"]  # the class scripts need some
    random = np.random.default_rng(0)
    true_counts = random.poisson((3, 20, 8, 1, 0, 0), (12, 6))
    true_counts[:, 5] = 4  # one that never varies, predicted exactly, after one that isn't there, but predicted
    pred_counts = true_counts + random.integers(0, 3, true_counts.shape) * (np.arange(6) < 5)

    reference = {
        "hovernet": hovernet(hover_net, real + small),
        "types": {"typed": hovernet_types(hover_net, real, unknown=False)}
        | {"unknown": hovernet_types(hover_net, real, unknown=True)},
        "conic": {"real": conic(conic_stats, real), "small": conic(conic_stats, scored)},
        "pannuke": {"real": pannuke(pannuke_metrics, real), "small": pannuke(pannuke_metrics, scored)},
        "counts": conic_counts(conic_stats, real),
        "r2": conic_r2(conic_stats, true_counts, pred_counts),
    }
    (HERE / "reference.json").write_text(json.dumps(rounded(reference), indent=1) + "\n")
    images = {"r2/true": true_counts, "r2/pred": pred_counts}
    for name, true, pred, pred_types, true_types in real + small:
        for part, content in (("true", true), ("pred", pred)):
            images[f"{name}/{part}"] = content
        for part, content in (("true_types", true_types), ("pred_types", pred_types)):
            images[f"{name}/{part}"] = content.astype(np.uint8)
    np.savez_compressed(HERE / "reference.npz", **images)


if __name__ == "__main__":
    main()
