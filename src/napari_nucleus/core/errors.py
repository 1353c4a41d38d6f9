"""The one error that users see: it says what was expected, what came, and what to do."""

from __future__ import annotations


class NucleusError(ValueError):
    """Something a user can mend: a bad file, value or choice.

    The message is one line of the form "Expected X, got Y. Do Z.". The command line prints it and exits with 1, napari
    shows it as a notification; neither shows a traceback.
    """
