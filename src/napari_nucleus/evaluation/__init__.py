"""Models against annotated images."""

from napari_nucleus.evaluation.scores import Scores, score

__all__ = ["Scores", "score"]
