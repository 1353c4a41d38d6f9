"""The graph of nuclei as the panel *Nucleus graph* shows it: state and work, without Qt and napari."""
