"""Composition from a panel: orders that supersede one another."""

from __future__ import annotations

import os

from napari_nucleus.app.composition_state import Composed, CompositionRequest, CompositionState, PaintedRegions, Shown
from napari_nucleus.core import NucleusError
from napari_nucleus.evaluation.composition import composition, write_composition


class CompositionController:
    """What happens behind the panel Composition; knows neither Qt nor napari.

    `outdate` says that something has changed, `work` does an order with the number of now in any thread, `accept` takes
    what came of it in the thread of the panel.

    Parameters
    ----------
    state : CompositionState, optional
    """

    def __init__(self, state: CompositionState | None = None) -> None:
        self.state = CompositionState() if state is None else state
        self.number = 0

    def outdate(self) -> None:
        """Supersede the order that is under way: layers have changed."""
        self.number += 1

    def work(self, request: CompositionRequest) -> Composed:
        """Count; errors become part of the result, so that no thread swallows them."""
        try:
            nuclei = request.nuclei.nuclei()
            drawn = request.regions
            regions = drawn.on(nuclei.labels.shape) if isinstance(drawn, PaintedRegions) else drawn
            table = composition(nuclei, regions, name=request.nuclei.name)
            return Composed(request, table, nuclei.scheme)
        except Exception as error:
            return Composed(request, error=error)

    def accept(self, composed: Composed) -> None:
        """Show what came of an order, unless it is superseded.

        Raises
        ------
        Exception
            What went wrong that the user can't mend; the rest is the state's message.
        """
        request = composed.request
        if request.number != self.number:
            return
        if composed.table is None or composed.scheme is None:
            self.forget(str(composed.error))
            if composed.error is not None and not isinstance(composed.error, NucleusError):
                raise composed.error
            return
        state = self.state
        state.row = min(state.row, len(composed.table) - 1)
        state.message = ""
        state.shown = Shown(composed.table, composed.scheme, request.nuclei.mpp, request.mpp_source)

    def forget(self, message: str) -> None:
        """Show nothing, and say why."""
        self.state.shown, self.state.row, self.state.message = None, 0, message

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all columns of the table as CSV.

        Raises
        ------
        NucleusError
            There is nothing to write, or the file can't be written.
        """
        if self.state.shown is None:
            raise NucleusError("Expected numbers to save, got none. Choose a layer of nuclei first.")
        write_composition(path, self.state.shown.table)
