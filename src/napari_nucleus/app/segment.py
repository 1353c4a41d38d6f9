"""Segmenting from a panel: orders, superseded results, live thresholds, and nuclei that a person has changed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_nucleus.app.merge import HandEdits, find_edits, merge_edited
from napari_nucleus.app.segment_state import Outcome, SegmentRequest, SegmentState, Shown, Source
from napari_nucleus.core import NucleusError, NucleusMap, Progress, check_mpp
from napari_nucleus.graph import build_graph
from napari_nucleus.postprocess.decoding import decode

if TYPE_CHECKING:  # the package around it loads torch
    from napari_nucleus.inference.result import SegmentResult

SegmentSteps = Callable[..., Generator[Progress, None, "SegmentResult"]]


def segment_steps(*args: Any, **options: Any) -> Generator[Progress, None, SegmentResult]:
    """`napari_nucleus.inference.segment_steps`; torch is loaded when the work begins."""
    yield Progress(0, 0, "loading PyTorch")
    from napari_nucleus.inference import segment_steps as steps

    return (yield from steps(*args, **options))


class SegmentController:
    """What happens behind the Segment panel; knows neither Qt nor napari.

    `submit` and `revise` make orders, `work` and `decode` do them in any thread, `accept` takes what came of them, in
    the thread of the panel.

    Parameters
    ----------
    state : SegmentState, optional
    steps : callable
        With the arguments of `napari_nucleus.inference.segment_steps`.
    """

    def __init__(self, state: SegmentState | None = None, steps: SegmentSteps = segment_steps) -> None:
        self.state = SegmentState() if state is None else state
        self._steps = steps
        self._number = 0
        self._revision = 0
        self._running_on: Hashable = None
        self._shown: dict[Hashable, Shown] = {}

    def shown(self, key: Hashable) -> Shown | None:
        """What was last shown of an image."""
        return self._shown.get(key)

    def forget(self, key: Hashable) -> None:
        """Let go of an image's maps."""
        self._shown.pop(key, None)

    def is_running_on(self, key: Hashable) -> bool:
        """Whether an image is being segmented."""
        return self.state.running and self._running_on == key

    def submit(self, source: Source) -> SegmentRequest:
        """Order a run; a run that is under way is superseded.

        Raises
        ------
        NucleusError
            There is no model with weights, or the pixel size can't be one.
        """
        state = self.state
        if not state.models:
            raise NucleusError("Expected a model with weights, got none. Choose one, or import or train one.")
        mpp = check_mpp(state.mpp)
        self._number += 1
        self._running_on = source.key
        state.running, state.progress, state.message = True, Progress(0, 0, "starting"), ""
        return SegmentRequest(
            self._number,
            source,
            state.models,
            state.device,
            mpp,
            state.mpp_source,
            state.tta,
            state.keep_maps,
            state.thresholds,
        )

    def cancel(self) -> None:
        """Supersede the run that is under way; its result will be dropped."""
        self._number += 1
        self.state.running = False
        self.state.message = "Cancelled."

    def is_current(self, request: SegmentRequest) -> bool:
        """Whether nothing newer was ordered."""
        if request.revision == 0:
            return request.number == self._number and self.state.running
        shown = self._shown.get(request.source.key)
        return shown is not None and shown.request.number == request.number and request.revision == self._revision

    def advance(self, step: tuple[SegmentRequest, Progress]) -> None:
        """Take progress of a run."""
        request, progress = step
        if self.is_current(request):
            self.state.progress = progress

    def work(self, request: SegmentRequest) -> Generator[tuple[SegmentRequest, Progress], None, Outcome]:
        """Run the network; errors become part of the outcome, so that no thread swallows them."""
        try:
            steps = self._steps(
                request.source.image(),
                request.models,
                mpp=request.mpp,
                device=request.device,
                tta=request.tta,
                thresholds=request.thresholds,
                keep_maps=request.keep_maps,
            )
            while True:
                try:
                    yield request, next(steps)
                except StopIteration as stop:
                    return _finished(request, stop.value)
        except Exception as error:
            return Outcome(request, error=error)

    def revise(self, key: Hashable) -> SegmentRequest | None:
        """Order a new decoding with the thresholds of now; None where they are shown already, or maps weren't kept."""
        shown = self._shown.get(key)
        if shown is None or shown.result.maps is None:
            return None
        if self.state.thresholds == shown.request.thresholds:
            return None
        self._revision += 1
        return replace(shown.request, thresholds=self.state.thresholds, revision=self._revision, former=shown.result)

    def decode(self, request: SegmentRequest) -> Outcome:
        """Nuclei from the maps of an order of `revise`, without the network."""
        former, thresholds = request.former, request.thresholds
        assert former is not None
        assert former.maps is not None
        try:
            nuclei = decode(former.maps, former.nuclei.scheme, thresholds, former.disagreement)
            return _finished(request, replace(former, nuclei=nuclei))
        except Exception as error:
            return Outcome(request, error=error)

    def accept(self, outcome: Outcome, now: NucleusMap | None = None, touched: bool = False) -> Shown | None:
        """Take an outcome, keeping what a person has changed meanwhile.

        Parameters
        ----------
        outcome : Outcome
        now : NucleusMap, optional
            What the image's layer of nuclei holds now; None where there is none.
        touched : bool
            Whether that layer differs from what was put there; asked only where this controller didn't put it there.

        Returns
        -------
        Shown or None
            None where the outcome is superseded.

        Raises
        ------
        Exception
            What went wrong in the work; a `NucleusError` where the user can mend it.
        """
        request = outcome.request
        if not self.is_current(request):
            return None
        if request.revision == 0:
            self.state.running = False
        if outcome.error is not None:
            self.state.message = str(outcome.error)
            raise outcome.error
        assert outcome.result is not None
        assert outcome.graph is not None
        shown = Shown(replace(request, former=None), outcome.result, outcome.graph)
        if now is not None:
            shown = self._merged(shown, now, touched)
        self._shown[request.source.key] = shown
        self.state.message = _summary(shown)
        return shown

    def _merged(self, shown: Shown, now: NucleusMap, touched: bool) -> Shown:
        before = self._shown.get(shown.request.source.key)
        if before is None or before.result.nuclei.labels.shape != now.labels.shape:
            return replace(shown, new_layer=touched)
        edits = find_edits(now, before.result.nuclei)
        erased = edits.erased if before.erased is None else (edits.erased | before.erased) & (now.labels == 0)
        edits = HandEdits(edits.labels, erased)
        if not edits:
            return shown
        new = shown.result.nuclei
        moved = before.request.source.region.box != shown.request.source.region.box
        if moved or new.scheme.classes != now.scheme.classes:
            return replace(shown, new_layer=True)
        nuclei = merge_edited(new, now, edits.labels, erased)
        return replace(shown, result=replace(shown.result, nuclei=nuclei), graph=build_graph(nuclei), erased=erased)


def _finished(request: SegmentRequest, result: SegmentResult) -> Outcome:
    nuclei = request.source.region.keep(result.nuclei)
    return Outcome(request, replace(result, nuclei=nuclei), build_graph(nuclei))


def _summary(shown: Shown) -> str:
    nuclei = shown.result.nuclei
    parts = [f"{len(nuclei)} nuclei."]
    if "edited" in nuclei.table and nuclei.table["edited"].any():
        parts.append(f"{int(nuclei.table['edited'].sum())} changed by hand kept.")
    if shown.new_layer:
        parts.append("The former nuclei were changed by hand: they stay in their layer.")
    return " ".join([*parts, *shown.result.notes])
