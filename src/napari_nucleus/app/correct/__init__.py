"""Correcting an image's nuclei: commands that are on the disk when they return, and can be taken back."""

from napari_nucleus.app.correct.journalled import Change
from napari_nucleus.app.correct.memory import UNKNOWN
from napari_nucleus.app.correct.proposal import Proposal
from napari_nucleus.app.correct.workbench import Workbench

__all__ = ["UNKNOWN", "Change", "Proposal", "Workbench"]
