"""Correcting an image's nuclei: commands that are on the disk when they return, and can be taken back."""

from napari_nucleus.app.correct.workbench import UNKNOWN, Change, Workbench

__all__ = ["UNKNOWN", "Change", "Workbench"]
