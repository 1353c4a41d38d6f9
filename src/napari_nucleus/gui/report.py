"""Errors, told the way napari tells them."""

from __future__ import annotations

from napari.utils.notifications import notification_manager, show_error

from napari_nucleus.core import NucleusError


def report(error: Exception) -> None:
    """Tell an error: in one line where the user can mend it, else with its traceback behind a button."""
    if isinstance(error, NucleusError):
        show_error(str(error))
    else:
        notification_manager.receive_error(type(error), error, error.__traceback__)
