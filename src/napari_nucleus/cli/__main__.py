"""``python -m napari_nucleus.cli`` is ``napari-nucleus``."""

from napari_nucleus.cli import main

main()
