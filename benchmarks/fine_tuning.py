"""Fine-tuning on 50 nuclei of a tissue that the model has not seen, and what becomes of what it knew.

    python benchmarks/fine_tuning.py DATA --start RUN --out FOLDER [--draws 5] [--parts nuclei heads decoder whole]

DATA holds ``nucls`` (15 fields, of breast) and ``consep``; RUN is the run of a model that was trained without
``nucls``. Each draw takes 50 nuclei of fields 1–8, evenly over the four classes as far as there are any, and nothing
else of these fields: all other nuclei are taken out of the annotation. Each part of the model is fine-tuned on each
draw, with CoNSeP's training tiles rehearsed. Scores: F_d and F_c against the annotated points of fields 9–15, which
nothing is chosen by; PQ, F_d and F_c on CoNSeP's validation tiles. What has been done is kept in FOLDER and isn't done
again.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_nucleus.core import Image, NucleusMap, drain
from napari_nucleus.evaluation import Case, evaluate
from napari_nucleus.inference import segment
from napari_nucleus.io import open_patches
from napari_nucleus.metrics import detection_f1
from napari_nucleus.models import import_model, list_models
from napari_nucleus.training import DataSource, FineTuneRecipe, fine_tune, publish

PARTS = ("nuclei", "heads", "decoder", "whole")
CROSSWALK = {"tumor": "epithelial", "nonTIL stromal": "spindle-shaped", "sTIL": "inflammatory", "other": "other"}
CLASSES = ("other", "inflammatory", "epithelial", "spindle-shaped")
VALIDATION = ("train_3", "train_10", "train_12", "train_22", "train_24")
FIELDS = [*(f"train_{i}" for i in range(1, 11)), *(f"test_{i}" for i in range(1, 6))]
LEARN, JUDGE = FIELDS[:8], FIELDS[8:]
NUCLEI = 50
FIELD_MPP = 0.2
RADIUS_UM = 3.0
# A short run for one core: the defaults but for the size of a step.
DENSE = {"steps": 120, "batch": 8, "crop": 128, "validate_every": 60}
# Chosen on the nuclei of fields 1–8 that weren't drawn, and on CoNSeP's validation tiles.
CLASSIFIER = {"rehearsal_share": 0.8}
_START = "without_nucls"


def draw(data: Path, out: Path, seed: int) -> Path:
    """Write fields with the drawn nuclei alone; the folder."""
    fields = {name: dict(np.load(data / "nucls" / f"{name}.npz")) for name in LEARN}
    waiting: dict[int, list[tuple[str, int]]] = {number: [] for number in range(1, 1 + len(CROSSWALK))}
    for name, field in fields.items():
        labels, first = np.unique(field["inst"], return_index=True)
        for label, number in zip(labels, field["type"].ravel()[first], strict=True):
            if label and number:
                waiting[int(number)].append((name, int(label)))
    rng = np.random.default_rng(seed)
    for nuclei in waiting.values():
        rng.shuffle(nuclei)
    drawn: list[tuple[str, int]] = []
    while len(drawn) < NUCLEI:
        drawn += [nuclei.pop() for nuclei in waiting.values() if nuclei]
    out.mkdir(parents=True, exist_ok=True)
    for name, field in fields.items():
        kept = [label for of, label in drawn[:NUCLEI] if of == name]
        here = np.isin(field["inst"], kept)
        if here.any():
            only = {key: np.where(here, field[key], 0) for key in ("inst", "type")}
            np.savez_compressed(out / f"{name}.npz", image=field["image"], **only)
    return out


def recipe(part: str, seed: int, folder: Path, data: Path) -> FineTuneRecipe:
    """Fine-tuning of one part on one draw."""
    new = DataSource(str(folder), mpp=FIELD_MPP, classes=True, scheme="nucls", crosswalk=CROSSWALK)
    old = DataSource(str(data / "consep"), include="train_*", classes=True, validate=VALIDATION)
    return FineTuneRecipe(
        name=f"{part}_{seed}",
        start=_START,
        part=part,
        classes="consep",
        partial=True,
        sources=(new,),
        rehearsal=(old,),
        seed=seed,
        **(CLASSIFIER if part == "nuclei" else DENSE),
    )


def on_fields(data: Path, model: str) -> dict[str, float]:
    """F_d and F_c against the points of fields 9–15."""
    number = [0, *(1 + CLASSES.index(CROSSWALK[name]) for name in CROSSWALK)]
    true_yx, pred_yx, true_types, pred_types = [], [], [], []
    for name in JUDGE:
        field = np.load(data / "nucls" / f"{name}.npz")
        nuclei = segment(Image((field["image"],), mpp=FIELD_MPP), model, device="cpu", keep_maps=False).nuclei
        true_yx.append(field["points"][:, [1, 0]].astype(float))
        true_types.append(np.array(number)[1 + field["points"][:, 2]])
        pred_yx.append(nuclei.table[["y_px", "x_px"]].to_numpy())
        pred_types.append(nuclei.class_numbers)
    radius = RADIUS_UM / FIELD_MPP
    found = detection_f1(true_yx, pred_yx, true_types, pred_types, len(CLASSES), radius)
    return {"F_d": found.f_d, "F_c": float(np.mean(found.f_c)), **dict(zip(CLASSES, found.f_c.tolist(), strict=True))}


def on_validation(data: Path, model: str) -> dict[str, float]:
    """PQ, F_d and F_c on CoNSeP's validation tiles."""
    patches = open_patches(data / "consep", "consep", 0.25)
    cases = []
    for name in VALIDATION:
        patch = patches.patch(patches.names.index(name))
        assert patch.truth is not None
        prediction: NucleusMap = segment(patch.image, model, mpp=0.25, device="cpu", keep_maps=False).nuclei
        cases.append(Case(name, patch.truth, prediction))
    found = evaluate(cases)
    return {"PQ": found.value("pq"), "F_d": found.value("f_d"), "F_c": found.value("f_c")}


def measured(data: Path, model: str) -> dict[str, Any]:
    """Scores of a model of the list."""
    return {"fields": on_fields(data, model), "validation": on_validation(data, model)}


def tuned(data: Path, out: Path, part: str, seed: int) -> dict[str, Any]:
    """Fine-tune a part on a draw and measure it, or read what was measured."""
    record = out / f"{part}_{seed}.json"
    if record.exists():
        found: dict[str, Any] = json.loads(record.read_text())
        return found
    folder = draw(data, out / "draws" / str(seed), seed)
    start = time.perf_counter()
    run = drain(fine_tune(recipe(part, seed, folder, data), data, out / "runs", resume=True))
    seconds = time.perf_counter() - start
    training = run.card.training
    kept = {name: training[name] for name in ("before", "after", "kept")}
    result = {**measured(data, publish(run)), "seconds": seconds, **kept}
    record.write_text(json.dumps(result, indent=2) + "\n")
    return result


def table(before: dict[str, Any], results: dict[str, list[dict[str, Any]]]) -> str:
    """Markdown: mean ± standard deviation over the draws; how far PQ or F_c of CoNSeP fell at worst; median seconds."""
    columns = [("fields", name) for name in ("F_d", "F_c", *CLASSES)] + [
        ("validation", n) for n in ("PQ", "F_d", "F_c")
    ]
    head = [
        *(name if side == "fields" else f"CoNSeP {name}" for side, name in columns),
        "least change",
        "s",
        "kept",
        "draws",
    ]
    lines = ["| | " + " | ".join(head) + " |", "|---" * (1 + len(head)) + "|"]
    first = [f"{before[side][name]:.3f}" for side, name in columns]
    lines.append("| before | " + " | ".join([*first, "–", "–", "–", "–"]) + " |")
    for part, runs in results.items():
        cells = [_spread([run[side][name] for run in runs]) for side, name in columns]
        worst = min(run["validation"][n] - before["validation"][n] for run in runs for n in ("PQ", "F_c"))
        seconds = f"{np.median([run['seconds'] for run in runs]):.0f}"
        kept = str(sum("fine-tuned" in run["kept"] for run in runs))
        lines.append(f"| {part} | " + " | ".join([*cells, f"{worst:+.3f}", seconds, kept, str(len(runs))]) + " |")
    return "\n".join(lines)


def _spread(values: Sequence[float]) -> str:
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--start", type=Path, required=True, help="run of a model trained without nucls")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    arguments = parser.parse_args()
    data, out = arguments.data.resolve(), arguments.out.resolve()
    os.environ["NAPARI_NUCLEUS_MODELS"] = str(out / "models")
    out.mkdir(parents=True, exist_ok=True)
    if _START not in [info.name for info in list_models()]:
        import_model(arguments.start, _START)
    record = out / "before.json"
    if not record.exists():
        record.write_text(json.dumps(measured(data, _START), indent=2) + "\n")
    before = json.loads(record.read_text())
    results: dict[str, list[dict[str, Any]]] = {part: [] for part in arguments.parts}
    for seed in range(arguments.draws):
        for part in arguments.parts:
            results[part].append(tuned(data, out, part, seed))
            print(table(before, {part: runs for part, runs in results.items() if runs}), flush=True)


if __name__ == "__main__":
    main()
