"""Which files of a folder hold the nuclei of which image."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from napari_nucleus.io.files import natural
from napari_nucleus.io.nuclei import image_name

# Best first: what one image has several of. Plain pictures are labels only in a folder that holds nothing surer.
_SURE = (".labels.tif", ".labels.tiff", ".labels.png", ".labels.npy", ".labels.npz", ".npz", ".geojson")
PLAIN = (".tif", ".tiff", ".png", ".npy")


def nuclei_files(folder: Path) -> dict[str, Path]:
    """The best file of each image, as `read_nuclei` takes it, by the image's name; empty where there is none.

    Parameters
    ----------
    folder : Path
        Files of no use are left out. Of several for one image the best is taken: our labels, NPZ, GeoJSON, at last
        plain TIFF, PNG and NPY, which may be pictures.
    """
    paths = sorted(folder.iterdir(), key=lambda path: natural(path.name))
    paths = [path for path in paths if not path.name.startswith(".") and path.is_file()]
    return best_files(paths, _SURE) or best_files(
        [p for p in paths if not p.name.lower().endswith(".overlay.png")], PLAIN
    )


def best_files(paths: Iterable[Path], suffixes: tuple[str, ...]) -> dict[str, Path]:
    """Of the files of each image that with the first of the suffixes, by the image's name."""
    found: dict[str, tuple[int, Path]] = {}
    for path in paths:
        rank = next((i for i, suffix in enumerate(suffixes) if path.name.lower().endswith(suffix)), None)
        name = image_name(path)
        if rank is not None and (name not in found or rank < found[name][0]):
            found[name] = rank, path
    return {name: path for name, (_, path) in found.items()}
