"""Evented state and controllers behind the panels; neither Qt nor napari."""
