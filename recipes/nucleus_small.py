"""From a finished training run to the model that ships: thresholds, scores, card.

    napari-nucleus train recipes/nucleus_small.toml --data DATA
    python recipes/nucleus_small.py DATA runs/nucleus_small

Thresholds are chosen on the recipe's validation tiles. The test tiles are scored once, at the end, with ``--test``.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np

from napari_nucleus.core import NucleusMap
from napari_nucleus.evaluation import Case, Evaluation, evaluate
from napari_nucleus.inference.network import Predictor
from napari_nucleus.models import ModelCard, load_weights, read_card, write_card
from napari_nucleus.models.zoo import count_parameters
from napari_nucleus.postprocess import decode_hover
from napari_nucleus.postprocess.thresholds import Thresholds

INTERVALS = "value, then its 95 % interval: percentiles of 1000 bootstrap samples of the images, seed 0"
WEIGHTS = Path(__file__).parents[1] / "src" / "napari_nucleus" / "models" / "weights"

DATA = [
    {
        "name": "CoNSeP",
        "images": "22 of the 27 training tiles (1000×1000, 40×, colorectal adenocarcinoma); 5 more validate",
        "licence": "Apache-2.0",
        "citation": "Graham et al., HoVer-Net: Simultaneous segmentation and classification of nuclei in "
        "multi-tissue histology images, Medical Image Analysis 2019",
    },
    {
        "name": "TNBC",
        "images": "37 (512×512, 40×, breast), NP and HV only",
        "licence": "CC BY 4.0",
        "citation": "Naylor, Laé, Reyal, Walter, Segmentation of nuclei in histopathology images by deep regression "
        "of the distance map, IEEE Transactions on Medical Imaging 2018",
    },
    {
        "name": "Data Science Bowl 2018, stage 1, colour images",
        "images": "86 (320×256; haematoxylin-like ones count less; pixel size not stated, 0.10 to 0.34 µm by the size "
        "of the nuclei, taken as 0.25), NP and HV only",
        "licence": "CC0-1.0",
        "citation": "Caicedo et al., Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl, "
        "Nature Methods 2019",
    },
    {
        "name": "NuCLS sample",
        "images": "15 (288×260, 0.2 µm, breast), NP and HV only; outlines look made by an algorithm",
        "licence": "CC0-1.0",
        "citation": "Amgad et al., NuCLS: A scalable crowdsourcing approach and dataset for nucleus classification "
        "and segmentation in breast cancer, GigaScience 2022",
    },
]


def tiles(folder: Path, stems: list[str]) -> list[tuple[np.ndarray, NucleusMap]]:
    """Image and truth of CoNSeP tiles."""
    loaded = []
    for stem in stems:
        with np.load(folder / f"{stem}.npz", allow_pickle=False) as arrays:
            truth = NucleusMap.from_labels(arrays["inst"], mpp=0.25, classes="consep", type_map=arrays["type"])
        loaded.append((cv2.imread(str(folder / f"{stem}.jpg"))[..., ::-1].copy(), truth))
    return loaded


def maps_of(predictor: Predictor, image: np.ndarray):
    """Maps of one image."""
    *_, planes = predictor.run(image)
    return planes.maps(0.25)


def decoded(maps, thresholds: Thresholds) -> list[NucleusMap]:
    """Nuclei of each image's maps."""
    return [decode_hover(m, classes="consep", **asdict(thresholds)) for m in maps]


def evaluated(stems: list[str], truths: list[NucleusMap], predictions: list[NucleusMap]) -> Evaluation:
    """Predictions against the truth."""
    return evaluate(Case(*case) for case in zip(stems, truths, predictions, strict=True))


def choose(stems: list[str], truths: list[NucleusMap], maps) -> tuple[Thresholds, Evaluation]:
    """The thresholds with the best sum of PQ and F_d on the validation tiles."""
    best = None
    for np_threshold, marker, area in itertools.product(
        (0.4, 0.45, 0.5, 0.55), (0.3, 0.35, 0.38, 0.4, 0.43, 0.48), (1.5, 3.0, 5.0)
    ):
        thresholds = Thresholds(np_threshold, marker, area)
        found = evaluated(stems, truths, decoded(maps, thresholds))
        if best is None or _rank(found) > _rank(best[1]):
            best = thresholds, found
    return best


def _rank(found: Evaluation) -> float:
    return found.value("pq") + found.value("f_d")


def report(found: Evaluation) -> dict:
    """Scores for the card: value and 95 % interval, by metric and, behind a slash, class; to four digits."""
    table = found.table().dropna(subset="value")
    names = table["metric"] + ("/" + table["class"]).where(table["class"] != "", "")
    values = table[["value", "low", "high"]].round(4).to_numpy()
    return {"images": len(found.names), "intervals": INTERVALS} | {
        name: [None if np.isnan(v) else float(v) for v in row] for name, row in zip(names, values, strict=True)
    }


def main() -> None:
    """Choose, score, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--test", action="store_true", help="score the test tiles and write the card")
    parser.add_argument("--remark", default="", help="what the card should say about the run")
    arguments = parser.parse_args()
    recipe = json.loads((arguments.run / "recipe.json").read_text())
    with (arguments.run / "log.csv").open(newline="") as file:
        log = list(csv.DictReader(file))
    card = ModelCard(
        name=recipe["name"],
        architecture=recipe["model"],
        classes=recipe["classes"],
        mpp=recipe["mpp"],
        description="Nuclei in H&E at 40×: NP, HV and type maps; small enough for a laptop's CPU.",
        licence="BSD-3-Clause; the training data's licences ask for their citations",
        paper="Architecture ours; maps and decoding as in Graham et al. 2019, heads as in Zhang et al. 2025",
        data=DATA,
    )
    model = load_weights(arguments.run / "model.safetensors", card)
    predictor = Predictor([model.network], "cpu")

    held_out = recipe["sources"][0]["validate"]
    validation = tiles(arguments.data / "consep", held_out)
    maps = [maps_of(predictor, image) for image, _ in validation]
    thresholds, chosen = choose(held_out, [truth for _, truth in validation], maps)
    print("validation", thresholds, report(chosen), flush=True)
    if not arguments.test:
        return

    stems = [f"test_{i}" for i in range(1, 15)]
    test = tiles(arguments.data / "consep", stems)
    maps = [maps_of(predictor, image) for image, _ in test]
    reported = report(evaluated(stems, [truth for _, truth in test], decoded(maps, thresholds)))
    print("test", reported)
    seconds = sum(float(row["seconds"]) for row in log)
    former = WEIGHTS / f"{card.name}.json"
    times = 1 + (read_card(former).scores["consep_test"]["times_scored"] if former.exists() else 0)
    card = replace(
        card,
        parameters=count_parameters(model.network),
        thresholds=thresholds,
        training={
            "recipe": f"recipes/{recipe['name']}.toml",
            "steps": int(log[-1]["step"]),
            "remark": arguments.remark,
            "crops_per_step": recipe["batch"],
            "hours": round(seconds / 3600, 2),
            "hardware": "2 CPU cores, bfloat16 autocast, other work beside it",
            "validation": [f"consep/{stem}" for stem in held_out],
        },
        scores={
            "consep_validation": report(chosen),
            "consep_test": reported | {"how": "14 whole tiles, without flips", "times_scored": times},
        },
    )
    WEIGHTS.mkdir(exist_ok=True)
    (WEIGHTS / f"{card.name}.safetensors").write_bytes((arguments.run / "model.safetensors").read_bytes())
    write_card(former, card)


if __name__ == "__main__":
    main()
