"""How often cross-relabelling is right, on real tissue whose truth is known.

    python benchmarks/relabelling.py DATA --runs RUNS

``DATA`` holds ``consep``. Its 27 training tiles are split in two halves by image. In half A, inflammatory and
spindle-shaped nuclei are merged to one broad class, in half B epithelial and other ones. `recipes/relabel_consep.toml`
then refines each half's broad class by what the other half knows, and what it says is compared with the true classes,
which it never saw. A run that was stopped goes on when the command is given again.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from napari_nucleus.core import own_scheme
from napari_nucleus.io.folder_classes import write_classes
from napari_nucleus.io.nuclei import read_nuclei
from napari_nucleus.metrics import calibration_error
from napari_nucleus.training import RelabelRecipe, cross_relabel, read_recipe
from napari_nucleus.training.relabel.ledger import read_ledger
from napari_nucleus.training.relabel.scores import ALL, accuracy_table, at_threshold, confusion, reliability
from napari_nucleus.training.relabel.split import split_groups

RECIPE = Path(__file__).parents[1] / "recipes" / "relabel_consep.toml"
BROAD = {"half_a": ("inflammatory", "spindle-shaped"), "half_b": ("epithelial", "other")}
THRESHOLDS = (0.0, 0.6, 0.7, 0.8, 0.9, 0.95)
SAMPLES = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds consep")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where halves and run are put")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    halves = arguments.runs / "consep_halves"
    if not (halves / "truth.csv").exists():
        make_halves(arguments.data / "consep", halves)
    recipe = read_recipe(arguments.recipe, RelabelRecipe)
    folder = arguments.runs / recipe.name
    for p in cross_relabel(recipe, halves, arguments.runs, device=arguments.device, resume=folder.exists()):
        if p.done % 25 == 0 or "val_loss" in p.values:
            print(f"{p.done}/{p.total} {p.message}", {k: round(v, 4) for k, v in p.values.items()}, flush=True)
    report(folder, pd.read_csv(halves / "truth.csv"))


def make_halves(consep: Path, halves: Path) -> None:
    """Two folders with merged classes, and apart from them the truth: ``source, image, label, truth``."""
    nuclei = {path.stem: read_nuclei(path, "consep") for path in sorted(consep.glob("train_*.npz"))}
    owner = np.concatenate([[name] * len(found) for name, found in nuclei.items()])
    kinds = np.concatenate([found.class_numbers for found in nuclei.values()]) - 1
    half = dict(zip(owner, split_groups(list(owner), kinds, (0.5, 0.5)), strict=True))
    truths = []
    for name, found in nuclei.items():
        source = list(BROAD)[half[name]]
        merged = BROAD[source]
        fine = [kind for kind in found.scheme.classes if kind not in merged]
        scheme = own_scheme(source, [*sorted(fine), f"{merged[0]} or {merged[1]}"])
        folder = halves / source
        folder.mkdir(parents=True, exist_ok=True)
        write_classes(folder, scheme, 0.25)
        new = np.array([0, *(1 + (sorted(fine).index(k) if k in fine else 2) for k in found.scheme.classes)], np.uint8)
        np.savez_compressed(folder / f"{name}.npz", inst=found.labels, type=new[found.type_map()])
        shutil.copy(consep / f"{name}.jpg", folder)
        truths.append(found.table[["label"]].assign(source=source, image=name, truth=found.table["class"]))
    pd.concat(truths).to_csv(halves / "truth.csv", index=False)


def report(folder: Path, truth: pd.DataFrame) -> None:
    """Print what the halves hold, what the classifiers say of themselves, and what is true; keep it as CSV."""
    print(truth.groupby(["source", "truth"]).size().unstack().to_string(), "\n")
    for source, images in truth.groupby("source")["image"].unique().items():
        print(source, ", ".join(images), "\n")
    for source in BROAD:
        print(source, "classifier", json.dumps(json.loads((folder / source / "classifier.json").read_text())))
        print(pd.read_csv(folder / source / "accuracy.csv").round(3).to_string(index=False), "\n")
    ledger = read_ledger(folder).merge(truth, on=["source", "image", "label"], validate="one_to_one")
    withheld = pd.concat([scored(ledger, source) for source in BROAD], ignore_index=True)
    sure = pd.concat([by_threshold(ledger, source) for source in BROAD], ignore_index=True)
    levels = pd.concat([levels_of(ledger, source) for source in BROAD], ignore_index=True)
    for name, table in (("withheld_accuracy", withheld), ("withheld_thresholds", sure), ("withheld_levels", levels)):
        table.to_csv(folder / f"{name}.csv", index=False)
        print(f"{name}\n{table.round(3).to_string(index=False)}\n")
    for source, rows in ledger.groupby("source"):
        print(source, pd.crosstab(rows["truth"], rows["proposed_class"]).to_string(), "", sep="\n")


def scored(ledger: pd.DataFrame, source: str) -> pd.DataFrame:
    """Accuracy of the proposed classes; ``image_low`` and ``image_high`` from samples of the images."""
    rows = ledger[ledger["source"] == source]
    classes = sorted(BROAD[source])
    true, found = (pd.Categorical(rows[column], classes).codes for column in ("truth", "proposed_class"))
    table = accuracy_table(confusion(true, found, classes)).assign(source=source)
    groups = [*((true == i) for i in range(len(classes))), np.ones(len(rows), bool)]
    for name, chosen in zip([*classes, ALL], groups, strict=True):
        low, high = over_images(rows["image"].to_numpy()[chosen], (true == found)[chosen])
        table.loc[table["class"] == name, ["image_low", "image_high"]] = low, high
    return table


def over_images(images: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of the accuracy in 1000 samples of the images, seed 0."""
    _, owner = np.unique(images, return_inverse=True)
    hits, cells = np.bincount(owner, right), np.bincount(owner)
    drawn = np.random.default_rng(0).integers(0, len(cells), (SAMPLES, len(cells)))
    low, high = np.percentile(hits[drawn].sum(1) / cells[drawn].sum(1), [2.5, 97.5])
    return float(low), float(high)


def by_threshold(ledger: pd.DataFrame, source: str) -> pd.DataFrame:
    """Coverage, and accuracy of what is relabelled, at several thresholds."""
    rows = ledger[ledger["source"] == source]
    right = (rows["truth"] == rows["proposed_class"]).to_numpy()
    table = pd.DataFrame([at_threshold(rows["confidence"].to_numpy(), right, t) for t in THRESHOLDS])
    chances = rows.filter(like="p_").dropna(axis=1)
    raw = chances.pow(rows["temperature"], axis=0)  # the network's own probabilities, but for their sum
    own = (raw.max(axis=1) / raw.sum(axis=1)).to_numpy()
    return table.assign(calibration_error_at_temperature_1=calibration_error(own, right), source=source)


def levels_of(ledger: pd.DataFrame, source: str) -> pd.DataFrame:
    """How often each level of confidence is right."""
    rows = ledger[ledger["source"] == source]
    right = (rows["truth"] == rows["proposed_class"]).to_numpy()
    return reliability(rows["confidence"].to_numpy(), right).assign(source=source)


if __name__ == "__main__":
    main()
