"""Two layers compared, and kept compared while a person corrects one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.app.error_map import Box, ErrorMap, Outcome, changed_box, outcomes
from napari_nucleus.app.evaluate_state import CompareRequest, Comparison, Place
from napari_nucleus.app.places import places
from napari_nucleus.core import NucleusError
from napari_nucleus.evaluation import Evaluation, Matching
from napari_nucleus.evaluation.classes import harmonise
from napari_nucleus.evaluation.evaluation import image_tiles
from napari_nucleus.evaluation.live import LiveMatching

_MOST_CHANGED_PX = 1_000_000


class LiveComparison:
    """A comparison that follows corrections; making it takes a while, so let a thread do it.

    Parameters
    ----------
    request : CompareRequest

    Attributes
    ----------
    found : Matching
    errors : ErrorMap
    note : str
        What the user should know of it.

    Raises
    ------
    NucleusError
        The layers can't be compared.
    """

    def __init__(self, request: CompareRequest) -> None:
        truth, prediction = request.truth.nuclei(), request.prediction.nuclei()
        if not len(truth):
            raise NucleusError(f"Expected nuclei in {request.truth.name!r}, got none. Choose another reference.")
        self._common = harmonise(truth.scheme, prediction.scheme)
        truth, prediction = self._common.truth(truth), self._common.prediction(prediction)
        empty = f"No nuclei in {request.prediction.name!r}: all are missed."
        self.note = self._common.note if len(prediction) else empty
        self.scheme = self._common.scheme
        self._labels = prediction.labels.copy()
        self._numbers = dict(zip(prediction.table["label"].tolist(), prediction.class_numbers.tolist(), strict=True))
        self._live = LiveMatching(truth, prediction)
        self.found: Matching = self._live.matching()
        self.errors = ErrorMap(truth.labels, self._labels, self.found)

    def follow(self, labels: NDArray[Any], classes: Mapping[int, str] | None, within: Box | None) -> Box | None:
        """Take over what was corrected in the prediction.

        Parameters
        ----------
        labels : (H, W) integers
            The prediction now.
        classes : mapping, optional
            Class of each nucleus, by name, where it may have changed.
        within : (slice, slice), optional
            Where labels may have changed; anywhere by default.

        Returns
        -------
        (slice, slice) or None
            Where the picture of errors has changed.

        Raises
        ------
        NucleusError
            That is no correction of what was compared: compare anew.
        """
        if labels.shape != self._labels.shape:
            raise NucleusError(f"Expected {self._labels.shape} pixels, got {labels.shape}. Compare anew.")
        box = changed_box(self._labels, labels, within)
        if box is not None:
            self._edit(box, labels[box])
        if not (classes is not None and self._classify(classes)) and box is None:
            return None
        self.found = self._live.matching()
        return self.errors.update(self.found, box)

    def evaluation(self) -> Evaluation:
        """What is counted now."""
        tiles = image_tiles(self.found, self._labels.shape, len(self.scheme))
        return Evaluation(("",), ("",), self.scheme, tiles.pool(np.ones((1, len(tiles)))), tiles)

    def comparison(self, former: Comparison | None = None) -> Comparison:
        """The numbers of now, with the intervals of a former comparison until there are new ones."""
        evaluation = self.evaluation()
        table = evaluation.table(bootstrap=0)
        if former is not None and len(former.table) == len(table):
            table[["low", "high"]] = former.table[["low", "high"]]
        return Comparison(self.scheme, table, False, evaluation.class_confusion(), self._outcomes())

    def places(self, true_class: str, pred_class: str) -> tuple[Place, ...]:
        """The nuclei of a cell of the confusion matrix; see `places`."""
        return places(self.found, self.scheme, true_class, pred_class)

    def _edit(self, box: Box, labels: NDArray[Any]) -> None:
        if labels.size > _MOST_CHANGED_PX:
            raise NucleusError("Expected a correction, got another image. Compare anew.")
        part = labels.astype(self._labels.dtype)
        if part.min() < 0:
            raise NucleusError(f"Expected labels from 0, got {part.min()}. Undo, or renumber the nuclei.")
        self._live.edit(box, part)
        self._labels[box] = part

    def _classify(self, classes: Mapping[int, str]) -> bool:
        """Take over the classes of all nuclei; whether any is another one now."""
        numbers = {label: self._number(name) for label, name in classes.items()}
        told = {label: numbers.get(label, self._default) for label in self._numbers.keys() | numbers.keys()}
        changed = {label: number for label, number in told.items() if self._numbers.get(label) != number}
        self._numbers = told
        self._live.classify(changed)
        return bool(changed)

    @property
    def _default(self) -> int:
        """Class number of a nucleus that nobody has classified."""
        return 1 if len(self.scheme) == 1 else 0

    def _number(self, name: str) -> int:
        name = self._common.pred_names.get(name, name)
        return self.scheme.number_of(name) if name in self.scheme.classes else self._default

    def _outcomes(self) -> dict[int, int]:
        true, pred = outcomes(self.found)
        counts = np.bincount(pred, minlength=max(Outcome) + 1)
        counts[Outcome.MISSED] = np.count_nonzero(true == Outcome.MISSED)
        return {kind: int(counts[kind]) for kind in Outcome}


def settled(comparison: Comparison, table: pd.DataFrame) -> Comparison:
    """A comparison with its intervals."""
    return Comparison(comparison.scheme, table, True, comparison.confusion, comparison.outcomes)
