"""Predicted nuclei against annotated ones, with intervals; comparison of two predictions; composition."""

from napari_nucleus.evaluation.compare import compare
from napari_nucleus.evaluation.composition import composition, compositions
from napari_nucleus.evaluation.evaluation import Case, Evaluation, evaluate, evaluate_steps
from napari_nucleus.evaluation.matching import Matching, match

__all__ = [
    "Case",
    "Evaluation",
    "Matching",
    "compare",
    "composition",
    "compositions",
    "evaluate",
    "evaluate_steps",
    "match",
]
