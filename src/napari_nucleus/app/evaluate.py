"""Comparing two layers from a panel: orders, corrections, intervals, and the nuclei of a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import Signal

from napari_nucleus.app.error_map import Box
from napari_nucleus.app.evaluate_state import CompareRequest, EvaluateState, LayerSource, Pick, classes_in
from napari_nucleus.app.live_comparison import LiveComparison, settled
from napari_nucleus.core import NucleusError
from napari_nucleus.evaluation import Evaluation

_SAMPLES = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What came of a request: a comparison, or an error."""

    request: CompareRequest
    live: LiveComparison | None = None
    table: pd.DataFrame | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True, eq=False)
class IntervalRequest:
    """An order of intervals. Only those of the newest numbers count."""

    number: int
    evaluation: Evaluation


class EvaluateController:
    """What happens behind the panel Evaluate; knows neither Qt nor napari.

    `submit` makes an order, `work` does it in any thread, `accept` takes what came of it, in the thread of the panel;
    `intervals`, `draw` and `settle` likewise. `follow` takes over corrections at once.

    Parameters
    ----------
    state : EvaluateState, optional

    Attributes
    ----------
    errors_changed : Signal
        Brings the box in which `errors` has changed; None where all of it is new.
    """

    errors_changed = Signal(object)

    def __init__(self, state: EvaluateState | None = None) -> None:
        self.state = EvaluateState() if state is None else state
        self._number = 0
        self._revision = 0
        self._live: LiveComparison | None = None
        self._truth: LayerSource | None = None

    @property
    def errors(self) -> NDArray[np.int32] | None:
        """The picture of errors, (H, W) as `ErrorMap.picture`; None where nothing is compared."""
        return None if self._live is None else self._live.errors.picture

    def submit(self, truth: LayerSource, prediction: LayerSource) -> CompareRequest:
        """Order a comparison; one that is under way is superseded.

        Raises
        ------
        NucleusError
            These can't be compared.
        """
        for source in (prediction, truth):
            if source.labels.ndim != 2:
                raise NucleusError(
                    f"Expected one plane in {source.name!r}, got shape {source.labels.shape}. Split off a plane."
                )
        if truth.labels.shape != prediction.labels.shape:
            raise NucleusError(
                f"Expected layers of one size, got {_size(prediction)} and {_size(truth)} pixels. "
                "Choose two of one image."
            )
        self._number += 1
        self.state.running, self.state.message = True, ""
        return CompareRequest(self._number, truth, prediction)

    def work(self, request: CompareRequest) -> Compared:
        """Compare; errors become part of the result, so that no thread swallows them."""
        try:
            live = LiveComparison(request)
            return Compared(request, live, live.evaluation().table(_SAMPLES))
        except Exception as error:
            return Compared(request, error=error)

    def accept(self, compared: Compared) -> bool:
        """Take what came of an order; whether it is shown now, or was superseded.

        Raises
        ------
        Exception
            What went wrong in the work; a `NucleusError` where the user can mend it. Nothing is shown then.
        """
        if compared.request.number != self._number:
            return False
        self.state.running = False
        if compared.live is None or compared.table is None:
            self.forget()
            assert compared.error is not None
            self.state.message = str(compared.error)
            raise compared.error
        self._live, self._truth = compared.live, compared.request.truth
        self._revision += 1
        self.state.message = compared.live.note
        self.state.shown = settled(compared.live.comparison(), compared.table)
        self.errors_changed.emit(None)
        return True

    def forget(self, message: str = "") -> None:
        """Let go of the comparison, and of one that is under way."""
        self._number += 1
        self._live = self._truth = None
        self.state.running, self.state.shown, self.state.pick, self.state.message = False, None, None, message

    def follow(self, labels: NDArray[Any], classes: Mapping[int, str] | None = None, within: Box | None = None) -> bool:
        """Take over corrections of the prediction; see `LiveComparison.follow`. Whether any number changed.

        Raises
        ------
        NucleusError
            That is no correction: compare anew.
        """
        live, shown = self._live, self.state.shown
        if live is None or shown is None:
            return False
        before = live.found
        drawn = live.follow(labels, classes, within)
        if live.found is before:
            return False
        self._revision += 1
        self.state.shown = live.comparison(shown)
        if drawn is not None:
            self.errors_changed.emit(drawn)
        return True

    def differs_from_truth(self, labels: NDArray[Any], classes: Mapping[int, str]) -> bool:
        """Whether the reference is another than the one that is compared with."""
        truth = self._truth
        if truth is None:
            return False
        return not np.array_equal(truth.labels, labels) or classes != classes_in(truth.features)

    def intervals(self) -> IntervalRequest | None:
        """Order intervals of the numbers that are shown; None where they have theirs."""
        if self._live is None or self.state.shown is None or self.state.shown.settled:
            return None
        return IntervalRequest(self._revision, self._live.evaluation())

    def draw(self, request: IntervalRequest) -> tuple[IntervalRequest, pd.DataFrame]:
        """The scores with their intervals, in any thread."""
        return request, request.evaluation.table(_SAMPLES)

    def settle(self, drawn: tuple[IntervalRequest, pd.DataFrame]) -> None:
        """Show intervals, unless their numbers have changed meanwhile."""
        request, table = drawn
        if request.number == self._revision and self.state.shown is not None:
            self.state.shown = settled(self.state.shown, table)

    def pick(self, true_class: str, pred_class: str) -> None:
        """Go to the nuclei of a cell of the confusion matrix; to the next of them where that cell is picked already."""
        former = self.state.pick
        if former is not None and former.cell == (true_class, pred_class):
            self.step(1)
        elif self._live is not None:
            places = self._live.places(true_class, pred_class)
            self.state.pick = Pick((true_class, pred_class), places) if places else None

    def step(self, by: int) -> None:
        """Go on, or back, by some of the picked nuclei; round and round."""
        pick = self.state.pick
        if pick is not None:
            self.state.pick = replace(pick, at=(pick.at + by) % len(pick.places))


def _size(source: LayerSource) -> str:
    return "×".join(map(str, source.labels.shape))
