"""A whole data set cut into tiles, kept as a data set of its own."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np

from napari_nucleus.core import ClassScheme, NucleusError, Progress
from napari_nucleus.io.files import replacing
from napari_nucleus.io.folder_classes import write_classes
from napari_nucleus.io.patches import Patch, PatchSet
from napari_nucleus.training.relabel.tiles import LEAST_PX, TILE_PX, equal_tiles


def prepare_tiles(
    patches: PatchSet, out: Path, side: int = TILE_PX, least: int = LEAST_PX
) -> Generator[Progress, None, int]:
    """Write the tiles of all images of a data set, such as MoNuSAC (Shvetsov et al. 2025, supplement S1).

    Parameters
    ----------
    patches : PatchSet
        As `open_patches` gives it.
    out : Path
        A folder, made if need be: ``<image>_<row>_<column>.npz`` with ``image``, ``inst`` and ``type``, and
        ``classes.json``, which tells what the numbers in ``type`` mean.
    side, least : int
        As `equal_tiles` takes them.

    Yields
    ------
    Progress
        One an image; ``values`` has the numbers of ``tiles`` written and images ``dropped`` so far.

    Returns
    -------
    int
        Tiles written.

    Raises
    ------
    NucleusError
        No image is large enough, one has no nuclei annotated, or images have different classes.
    """
    out.mkdir(parents=True, exist_ok=True)
    kinds: ClassScheme | None = None
    written = dropped = 0
    for i in range(len(patches)):
        tiles = list(equal_tiles(patches.patch(i), side, least))
        for tile in tiles:
            kinds = _write(out, tile, kinds)
        written, dropped = written + len(tiles), dropped + (not tiles)
        yield Progress(i + 1, len(patches), f"cutting {patches.names[i]}", {"tiles": written, "dropped": dropped})
    if kinds is None:
        raise NucleusError(f"Expected an image of at least {least} pixels, got none in {patches.folder}. Lower least.")
    write_classes(out, kinds, patches.image(0).mpp or 0.25)
    return written


def _write(out: Path, tile: Patch, kinds: ClassScheme | None) -> ClassScheme:
    if tile.truth is None:
        raise NucleusError(f"Expected nuclei of {tile.name}, got none. Annotate the image, or leave it out.")
    scheme = tile.truth.scheme
    if kinds not in (None, scheme):
        raise NucleusError(
            f"Expected the classes {', '.join(kinds.classes)} in {tile.name}, got {', '.join(scheme.classes)}. "
            "Say the classes of the folder."
        )
    with replacing(out / f"{tile.name}.npz") as part:
        np.savez_compressed(part, image=tile.image.array, inst=tile.truth.labels, type=tile.truth.type_map())
    return scheme
