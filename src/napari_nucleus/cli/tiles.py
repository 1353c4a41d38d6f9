"""``napari-nucleus tiles``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def tiles(
    folder: Annotated[Path, typer.Argument(help="Annotated images, such as MoNuSAC as published.")],
    out: Annotated[Path, typer.Option(help="Folder for the tiles.")],
    side: Annotated[int, typer.Option(min=16, help="Of a tile, in pixels. Smaller images are enlarged.")] = 256,
    least: Annotated[int, typer.Option(min=1, help="Images with a side below this are dropped.")] = 128,
    classes: Annotated[str | None, typer.Option(help="Class scheme, where the folder doesn't say it.")] = None,
) -> None:
    """Cut annotated images into tiles of one size; mirror images fill what is missing at the edges."""
    from napari_nucleus.cli.progress import follow
    from napari_nucleus.io import open_patches
    from napari_nucleus.training.relabel.prepare import prepare_tiles

    patches = open_patches(folder, classes)
    written = follow("tiles", prepare_tiles(patches, out, side, least))
    print(f"{written} tiles of {side} pixels from {len(patches)} images in {out}")
