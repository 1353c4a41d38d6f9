"""Qt views and napari layers: what the user sees, and nothing more."""
