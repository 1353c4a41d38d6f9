"""Predicted nuclei against annotated ones, with intervals; comparison of two predictions."""

from napari_nucleus.evaluation.compare import compare
from napari_nucleus.evaluation.evaluation import Case, Evaluation, evaluate, evaluate_steps
from napari_nucleus.evaluation.matching import Matching, match

__all__ = ["Case", "Evaluation", "Matching", "compare", "evaluate", "evaluate_steps", "match"]
