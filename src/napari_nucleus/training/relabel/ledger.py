"""The relabel ledger: what each nucleus of a broad class was called, is called now, and why."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.io.files import replacing
from napari_nucleus.training.relabel.assess import Classifier, write_table
from napari_nucleus.training.relabel.recipe import CellSource, RelabelRecipe

RELABELLED, KEPT = "relabelled", "kept"
COLUMNS = {
    "source": "Name of the data set in the recipe.",
    "image": "Name of the image, or of the tile cut from it; the refined file is called <source>_<image>.",
    "label": "Id of the nucleus in that image.",
    "y_px": "Its centre, in pixels of that image.",
    "x_px": "",
    "old_class": "The broad class that it had.",
    "new_class": "What it is called in the refined data set; the broad class where it was kept.",
    "proposed_class": "The most probable fine class, by its name in the refined data set.",
    "decision": "relabelled, or kept where the confidence is below the threshold.",
    "confidence": "Calibrated probability of the proposed class.",
    "threshold": "From which confidence a nucleus gets a new label.",
    "model": "Run of the classifier, and the beginning of the SHA-256 of its weights.",
    "temperature": "Of the classifier's logits.",
}
"""The ledger's columns and what they hold; ``p_<class>`` follow, empty for classes that weren't to be chosen from."""


def entries(
    source: CellSource,
    recipe: RelabelRecipe,
    classifier: Classifier,
    cells: pd.DataFrame,
    probabilities: NDArray[np.float64],
) -> pd.DataFrame:
    """The ledger's rows of one source.

    Parameters
    ----------
    source : CellSource
    recipe : RelabelRecipe
    classifier : Classifier
        Of the other source.
    cells : DataFrame
        The broad class's, as `Cells.table` lists them.
    probabilities : (N, C) float64
        Of the classifier's classes.
    """
    other = recipe.other(source)
    fine = np.array([other.refined(name) for name in classifier.classes], object)
    proposed, confidence = fine[probabilities.argmax(1)], probabilities.max(1)
    sure = confidence >= recipe.threshold
    rows = cells[["image", "label", "y_px", "x_px"]].assign(
        source=source.name,
        old_class=source.broad,
        new_class=np.where(sure, proposed, recipe.kept(source)),
        proposed_class=proposed,
        decision=np.where(sure, RELABELLED, KEPT),
        confidence=confidence,
        threshold=recipe.threshold,
        model=classifier.name,
        temperature=classifier.temperature,
    )
    chances = pd.DataFrame(probabilities, rows.index, [f"p_{name}" for name in fine])
    return pd.concat([rows[list(COLUMNS)], chances.T.groupby(level=0, sort=False).sum().T], axis=1)


def review_queue(ledger: pd.DataFrame) -> pd.DataFrame:
    """The nuclei that were kept, most doubtful first: ``rank`` from 1, ``doubt`` = 1 - confidence, then the ledger."""
    doubt = 1 - ledger["confidence"]
    queue = ledger.assign(doubt=doubt)[ledger["decision"] == KEPT]
    queue = queue.sort_values("doubt", ascending=False, kind="stable").reset_index(drop=True)
    queue.insert(0, "rank", np.arange(1, len(queue) + 1))
    return queue[["rank", "doubt", *ledger.columns]]


def write_ledger(folder: Path, parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Write ``ledger`` and ``review``, each as Parquet and CSV, and give the ledger back."""
    ledger = pd.concat(parts, ignore_index=True)
    for name, table in (("review", review_queue(ledger)), ("ledger", ledger)):
        write_table(folder / f"{name}.csv", table)
        with replacing(folder / f"{name}.parquet") as part:
            table.to_parquet(part, index=False)
    return ledger


def read_ledger(folder: Path) -> pd.DataFrame:
    """The ledger of a run."""
    return pd.read_parquet(folder / "ledger.parquet")
