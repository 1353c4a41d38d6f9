"""A trained classifier with its temperature, and how good it is on what it didn't see."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from napari_nucleus.core import Progress
from napari_nucleus.io.files import replacing
from napari_nucleus.models.zoo import load_weights
from napari_nucleus.training.relabel.cell_task import CellTask
from napari_nucleus.training.relabel.predict import BATCH, cell_logits
from napari_nucleus.training.relabel.scores import accuracy_table, at_threshold, confusion, reliability
from napari_nucleus.training.relabel.split import PARTS
from napari_nucleus.training.relabel.temperature import calibrated, fit_temperature
from napari_nucleus.training.run import Run


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """Tells the fine classes of a source apart.

    Attributes
    ----------
    name : str
        Of its run, with the beginning of its weights' SHA-256, so that a ledger says which weights decided.
    network : nn.Module
    classes : tuple of str
    temperature : float
        Chosen on the validation part.
    """

    name: str
    network: nn.Module
    classes: tuple[str, ...]
    temperature: float

    def probabilities(
        self, pictures: NDArray[np.uint8], rows: NDArray[np.integer], device: str, message: str
    ) -> Generator[Progress, None, NDArray[np.float64]]:
        """Calibrated probabilities (n, C) of the cells in these rows; a ``yield`` a batch."""
        total, found = -(-len(rows) // BATCH), []
        self.network.to(device)
        for logits in cell_logits(self.network, pictures, rows, device):
            found.append(calibrated(logits, self.temperature))
            yield Progress(len(found), total, message)
        return np.concatenate(found) if found else np.empty((0, len(self.classes)))


def assess(run: Run, task: CellTask, threshold: float, device: str) -> Classifier:
    """Choose the temperature on the validation part, score on the test part, and write both beside the weights.

    ``accuracy.csv`` and ``confusion.csv`` hold two selections of the test part: ``balanced``, as many cells of each
    class, and ``as they occur``, all cells of its images (what table 1 of the paper counts, by its intervals).
    ``reliability.csv`` tells how often each level of confidence is right, ``split.csv`` which images are in which
    part, and ``classifier.json`` the rest.
    """
    network = load_weights(run.weights, run.card).network.to(device)
    held_out = task.drawn["validation"]
    temperature = fit_temperature(task.logits(network, held_out), task.classes[held_out])
    tested = np.flatnonzero(task.part == PARTS.index("test"))
    logits = task.logits(network, tested)
    selections = {"balanced": np.isin(tested, task.drawn["test"]), "as they occur": np.ones(len(tested), bool)}
    report: dict[str, Any] = {"classes": list(task.scheme.classes), "temperature": temperature, "cells": task.counts()}
    tables: dict[str, list[pd.DataFrame]] = {"accuracy": [], "confusion": [], "reliability": []}
    for selection, chosen in selections.items():
        true, probabilities = task.classes[tested[chosen]], calibrated(logits[chosen], temperature)
        found, confidence = probabilities.argmax(1), probabilities.max(1)
        matrix = confusion(true, found, task.scheme.classes)
        new = (accuracy_table(matrix), matrix.reset_index(), reliability(confidence, found == true))
        for rows, table in zip(tables.values(), new, strict=True):
            rows.append(table.assign(selection=selection))
        raw = calibrated(logits[chosen], 1.0).max(1)
        report[selection] = at_threshold(confidence, found == true, threshold) | {
            "calibration_error_at_temperature_1": at_threshold(raw, found == true, threshold)["calibration_error"]
        }
    for name, rows in tables.items():
        write_table(run.folder / f"{name}.csv", pd.concat(rows, ignore_index=True))
    write_table(run.folder / "split.csv", task.split_table())
    with replacing(run.folder / "classifier.json") as part:
        part.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return Classifier(f"{run.card.name}@{_digest(run.weights)}", network, task.scheme.classes, temperature)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a CSV whole or not at all."""
    with replacing(path) as part:
        table.to_csv(part, index=False, lineterminator="\n")


def _digest(weights: Path) -> str:
    return hashlib.sha256(weights.read_bytes()).hexdigest()[:12]
