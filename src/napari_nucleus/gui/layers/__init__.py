"""Nuclei, maps and graphs as napari layers."""

from napari_nucleus.gui.layers.nuclei import add_nuclei, nuclei_in
from napari_nucleus.gui.layers.result import add_result

__all__ = ["add_nuclei", "add_result", "nuclei_in"]
