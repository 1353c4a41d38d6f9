"""Browsing patches from a panel: filters, the way from patch to patch, results that are never lost, and the queue."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path

from psygnal import Signal

import napari_nucleus.project  # noqa: F401  (enrols its layout)
from napari_nucleus.app.browse_queue import save_results, work_off
from napari_nucleus.app.browse_state import BrowseState, Opened, QueueEnd, QueueOrder, QueueStep
from napari_nucleus.app.packed import PackedNuclei
from napari_nucleus.app.patch_result import PatchResult, with_layer, with_new
from napari_nucleus.app.segment import SegmentSteps, segment_steps
from napari_nucleus.core import ClassScheme, NucleusError, NucleusMap, Progress
from napari_nucleus.io import PatchSet, open_patches

_MOST_NOTES = 3  # told at the end of a queue


class BrowseController:
    """What happens behind the panel *Browse patches*; knows neither Qt nor napari.

    `read`, `work` and `save` run in any thread, everything else in that of the panel.

    Parameters
    ----------
    state : BrowseState, optional
    steps : callable
        With the arguments of `napari_nucleus.inference.segment_steps`.

    Attributes
    ----------
    results : dict
        `PatchResult` by position, of the folder that is open. Those of folders that were open before come back with
        them.
    """

    result_changed = Signal(int)

    def __init__(self, state: BrowseState | None = None, steps: SegmentSteps = segment_steps) -> None:
        self.state = BrowseState() if state is None else state
        self.results: dict[int, PatchResult] = {}
        self._truths: dict[int, PackedNuclei] = {}
        self._folders: dict[tuple, tuple[dict[int, PatchResult], dict[int, PackedNuclei]]] = {}
        self._steps = steps
        self._number = 0
        self._notes: dict[str, str] = {}
        self.state.events.text.connect(self._filter)
        self.state.events.tissue.connect(self._filter)

    def open(
        self, folder: str | os.PathLike[str], classes: str | ClassScheme | None = None, mpp: float | None = None
    ) -> None:
        """Open a folder; its first patch becomes the current one.

        Raises
        ------
        NucleusError
            It can't be opened; what was open stays.
        """
        patches = open_patches(folder, classes, mpp)
        self.cancel()
        key = (patches.folder.resolve(), classes, mpp)
        self.results, self._truths = self._folders.setdefault(key, ({}, {}))
        state = self.state
        state.current, state.shown = None, ()
        state.patches, state.tissue, state.text = patches, None, ""
        self._filter()
        state.message = ""
        self.select(0)

    def select(self, index: int) -> None:
        """Make a patch the current one."""
        if self.state.patches is not None:
            self.state.current = min(max(index, 0), len(self.state.patches) - 1)

    def step(self, by: int) -> None:
        """Go on by some patches of those that pass the filters; stops at the first and the last."""
        shown, current = self.state.shown, self.state.current
        if not shown:
            return
        if current in shown:
            at = shown.index(current) + by
        else:
            before = sum(i < (-1 if current is None else current) for i in shown)
            at = before + by - (by > 0)
        self.select(shown[min(max(at, 0), len(shown) - 1)])

    def read(self, patches: PatchSet, index: int) -> Opened:
        """Read a patch with what is known of it.

        Raises
        ------
        NucleusError
            It can't be read.
        """
        patch = patches.patch(index)
        truth, result = self._truths.get(index), self.results.get(index)
        if truth is not None:
            patch = replace(patch, truth=truth.unpack())
        if result is None:
            return Opened(patches, index, patch, None)
        return Opened(patches, index, patch, result.now.unpack(), result.by_hand)

    def is_current(self, opened: Opened) -> bool:
        """Whether the user hasn't gone on meanwhile."""
        return opened.patches is self.state.patches and opened.index == self.state.current

    def keep(self, index: int, nuclei: NucleusMap, touched: bool) -> None:
        """Keep what a layer of nuclei shows, before it goes.

        Parameters
        ----------
        index : int
            Of the patch.
        nuclei : NucleusMap
        touched : bool
            A person has changed the layer since it was filled.
        """
        self._put(index, lambda former: with_layer(former, nuclei, touched))

    def keep_truth(self, index: int, nuclei: NucleusMap) -> None:
        """Keep a truth that a person has changed; the file stays as it is."""
        self._truths[index] = PackedNuclei.pack(nuclei)

    def submit(self, indices: tuple[int, ...]) -> QueueOrder:
        """Order patches to be segmented; a queue that is under way is superseded.

        Raises
        ------
        NucleusError
            There are none.
        """
        state = self.state
        if state.patches is None or not indices:
            raise NucleusError("Expected patches to segment, got none. Open a folder, or widen the filter.")
        self._number += 1
        self._notes = {}
        state.running, state.progress, state.message = True, Progress(0, 0, "starting"), ""
        former = dict(self.results)
        return QueueOrder(self._number, state.patches, indices, state.model, state.device, state.save_to, former)

    def work(self, order: QueueOrder) -> Generator[QueueStep, None, QueueEnd]:
        """Work an order off; an error becomes part of its end, so that no thread swallows it."""
        try:
            yield from work_off(order, self._steps)
        except Exception as error:
            return QueueEnd(order, error)
        return QueueEnd(order)

    def take(self, step: QueueStep) -> bool:
        """Take a step of a queue; whether it brought a result. Steps of superseded queues are dropped."""
        if not self._is_running(step.order):
            return False
        self.state.progress = step.progress
        if step.note and step.index is not None:
            self._notes[step.order.patches.names[step.index]] = step.note
        if step.index is None or step.nuclei is None:
            return False
        nuclei = step.nuclei
        return self._put(step.index, lambda former: with_new(former, nuclei))

    def finish(self, end: QueueEnd) -> bool:
        """Take the end of a queue; False where it is superseded."""
        order = end.order
        if not self._is_running(order):
            return False
        self.state.running = False
        self.state.message = self._summary(order) if end.error is None else str(end.error)
        return True

    def cancel(self) -> None:
        """Stop the queue; what is done stays."""
        self._number += 1
        if self.state.running:
            self.state.running = False
            self.state.message = "Cancelled. What was done is kept."

    def save(self, folder: Path) -> Generator[Progress, None, int]:
        """Write all results to a folder, and from now on each new one as soon as it is there.

        Raises
        ------
        NucleusError
            There are none, or they can't be written.
        """
        if self.state.patches is None or not self.results:
            raise NucleusError("Expected results to write, got none. Segment a patch first.")
        self.state.save_to = folder
        return save_results(folder, self.state.patches, dict(self.results))

    def _is_running(self, order: QueueOrder) -> bool:
        return order.number == self._number and self.state.running

    def _summary(self, order: QueueOrder) -> str:
        done = [self.results[i] for i in order.indices if i in self.results]
        nuclei = sum(sum(result.counts.values()) for result in done)
        parts = [f"{nuclei:,} nuclei in {len(done):,} of {len(order.indices):,} patches."]
        if order.save_to is not None:
            parts.append(f"Written to {order.save_to}.")
        return " ".join([*parts, *(f"{name}: {note}" for name, note in list(self._notes.items())[:_MOST_NOTES])])

    def _filter(self) -> None:
        state = self.state
        state.shown = () if state.patches is None else tuple(state.patches.filter(state.text, state.tissue))

    def _put(self, index: int, change: Callable[[PatchResult | None], PatchResult]) -> bool:
        former = self.results.get(index)
        try:
            result = change(former)
        except NucleusError as error:  # changes by hand that don't fit: they stay
            self.state.message = str(error)
            return False
        self.results[index] = result
        if result is not former:
            self.result_changed.emit(index)
        return True
