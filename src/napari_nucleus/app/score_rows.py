"""Which scores a panel shows, in which order, and what each says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from napari_nucleus.app.evaluate_state import Comparison
from napari_nucleus.evaluation.scoring import TITLES

_HEADLINE = ("pq", "f_d", "aji", "dice", "mpq_plus", "f_c")
_OF_MANY_IMAGES = ("r2", "bpq")  # one image has no R², and its bPQ is its PQ

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "pq": "Nuclei found and drawn well: detection (DQ) times outline (SQ). 1 is perfect.",
        "dq": "Nuclei found: an outline that overlaps a true one by more than half (IoU > 0.5) counts.",
        "sq": "How well the outlines of the found nuclei fit: their mean IoU.",
        "aji": "Overlap of all nuclei with their best partners; missed and extra nuclei count with their whole area.",
        "aji_plus": "As AJI, but each predicted nucleus is used once only.",
        "dice": "Overlap of everything that is nucleus, however it is split up.",
        "dice2": "Overlap of all pairs of nuclei that touch (HoVer-Net's DICE2).",
        "mpq": "PQ class by class, as PanNuke reports it; classes without true nuclei are left out.",
        "mpq_plus": "PQ class by class, as CoNIC reports it: a nucleus counts only with the right class.",
        "f_d": "Nuclei found, whatever their outline: centres within 12 pixels of a true one.",
        "f_c": "Nuclei found with the right class, centres within 12 pixels; nuclei nobody found weigh less.",
        "f1": "Nuclei found with the right class, centres within 12 pixels of a true one of that class.",
        "accuracy": "Of the nuclei that were found: how many have the right class.",
        "ece": "How far the stated probabilities are from how often the class is right. 0 is perfect.",
    }
)
"""What each score says, in a sentence."""


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One row: a score of all nuclei, or where ``class_name`` says so, of those of a class."""

    key: str
    title: str
    class_name: str
    value: float
    low: float
    high: float

    @property
    def meaning(self) -> str:
        """What it says, in a sentence."""
        return MEANINGS.get(self.key, "")


def score_rows(comparison: Comparison, everything: bool = False) -> list[ScoreRow]:
    """The rows of a comparison, the headline first.

    Parameters
    ----------
    comparison : Comparison
    everything : bool
        All scores, each with its classes; otherwise the headline, and only F class by class.
    """
    order = list(_HEADLINE)
    if everything:
        order += [key for key in TITLES if key not in (*_HEADLINE, *_OF_MANY_IMAGES)]
    cells = comparison.table[["metric", "class", "value", "low", "high"]].to_numpy().tolist()
    rows = [
        ScoreRow(key, TITLES[key], name, value, low, high)
        for key, name, value, low, high in cells
        if key in order and (everything or not name or key == "f_c")
    ]
    return sorted(rows, key=lambda row: order.index(row.key))
