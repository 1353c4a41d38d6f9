"""Nuclei with their classes from whichever file holds them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import SCHEMES, ClassScheme, NucleusError, NucleusMap, check_mpp, numbered_scheme
from napari_nucleus.io.files import reading
from napari_nucleus.io.folder_classes import read_classes
from napari_nucleus.io.geojson import read_geojson
from napari_nucleus.io.labels import read_labels
from napari_nucleus.io.npy import open_npz
from napari_nucleus.io.table import read_csv

OUTLINES = (".geojson", ".json")
ASSUMED_MPP = 0.25
# Numbers in an array `type` don't say what they mean: it is known of these data sets by their folder's name.
_KNOWN = {"consep": ("consep", 0.25), "nucls": ("nucls", 0.2)}


def read_nuclei(
    path: str | os.PathLike[str],
    classes: str | ClassScheme | None = None,
    mpp: float | None = None,
    *,
    shape: tuple[int, int] | None = None,
) -> NucleusMap:
    """Read the nuclei of one image.

    Parameters
    ----------
    path : path
        Labels as TIFF, PNG, NPY or NPZ (``inst``), or outlines as GeoJSON. Classes come from the array ``type`` (H, W)
        of an NPZ, from ``<stem>.nuclei.csv`` beside the labels (with its probabilities), or from the GeoJSON.
    classes : str or ClassScheme, optional
        What the numbers in ``type`` mean. Default: what ``classes.json`` in the folder says; known for folders called
        ``consep`` and ``nucls``; ``class_1``, ``class_2``, … for others. Classes that have names keep them.
    mpp : float, optional
        Pixel size in µm, in place of what the file or its folder says; 0.25 where nothing does.
    shape : (int, int), optional
        Height and width of the image, for outlines that don't state it.

    Returns
    -------
    NucleusMap
        Of the scheme ``nucleus`` where no classes are known.

    Raises
    ------
    NucleusError
        The file can't be read, is no label image, or its table belongs to other labels. The message names it.
    """
    path = Path(path)
    if mpp is not None:
        check_mpp(mpp)
    if path.suffix.lower() in OUTLINES:
        return read_geojson(path, shape=shape, mpp=mpp)
    labels, stated = read_labels(path)
    mpp = mpp or known_folder(path.parent)[1] or stated or ASSUMED_MPP
    kinds = _type_map(path) if path.suffix.lower() == ".npz" else None
    if kinds is not None:
        with reading(path, "annotation", [".npz"]):
            return typed_nuclei(labels, kinds, mpp, classes or known_folder(path.parent)[0])
    table = path.with_name(f"{image_name(path)}.nuclei.csv")
    return _with_table(labels, table, mpp) if table.exists() else NucleusMap.from_labels(labels, mpp=mpp)


def typed_nuclei(labels: NDArray, kinds: NDArray, mpp: float, classes: str | ClassScheme | None = None) -> NucleusMap:
    """Nuclei whose classes are numbers, one a pixel; ``class_1``, … where nothing says what they mean.

    Parameters
    ----------
    labels, kinds : (H, W) integers
        Instances and classes, 0 = background.
    mpp : float
    classes : str or ClassScheme, optional

    Raises
    ------
    NucleusError
        Classes are no whole numbers, beyond the scheme, or of another shape.
    """
    if not np.issubdtype(kinds.dtype, np.integer):
        raise NucleusError(f"Expected whole numbers in 'type', got {kinds.dtype}. Save class numbers.")
    return NucleusMap.from_labels(
        labels, mpp=mpp, classes=classes or numbered_scheme(int(kinds.max(initial=0))), type_map=kinds
    )


def known_folder(folder: Path) -> tuple[str | ClassScheme | None, float | None]:
    """Class scheme and pixel size in µm that a folder's ``classes.json`` or its name tells, else None and None."""
    stated = read_classes(folder)
    known: tuple[str | ClassScheme | None, float | None] = (None, None)
    return _KNOWN.get(folder.resolve().name.lower(), known) if stated is None else stated


def image_name(path: Path) -> str:
    """Name of the image that a file belongs to: ``a`` for ``a.labels.tif``, ``a.ome.tif`` and ``a.npz``."""
    return path.stem.removesuffix(".labels").removesuffix(".ome")


def _type_map(path: Path) -> NDArray | None:
    with reading(path, "annotation", [".npz"]), open_npz(path) as arrays:
        kinds: NDArray | None = arrays.get("type")
        return kinds


def _with_table(labels: NDArray[np.int32], path: Path, mpp: float) -> NucleusMap:
    """Nuclei with the classes and probabilities of a table such as `write_csv` writes."""
    table = read_csv(path)
    with reading(path, "table", [".csv"]):
        if "class" not in table:
            raise NucleusError("Expected a column 'class', got none. Choose a table of nuclei, or take it away.")
        names = table["class"].fillna("unknown")
        probable = [name for name in map(str, table) if name.startswith("p_")]
        kinds = _named_scheme([*(name[2:] for name in probable), *sorted(set(names))])
        class_of = {int(i): kinds.number_of(name) for i, name in zip(table["label"], names, strict=True)}
        nuclei = NucleusMap.from_labels(labels, mpp=mpp, classes=kinds, class_of=class_of)
        if set(class_of) != set(nuclei.table["label"]) or len(table) != len(nuclei):
            raise NucleusError(
                f"Expected a row for each of {len(nuclei)} nuclei, got {len(table)} rows for other labels. "
                "Put the table there that belongs to the labels."
            )
        probabilities = table.set_index("label")[probable].reindex(nuclei.table["label"]).reset_index(drop=True)
        return NucleusMap(nuclei.labels, pd.concat([nuclei.table, probabilities], axis=1), mpp, kinds)


def _named_scheme(names: Iterable[str]) -> ClassScheme:
    """The known scheme of these classes in this order, or one made of them."""
    classes = tuple(dict.fromkeys(name for name in names if name != "unknown"))
    known = next((s for s in SCHEMES.values() if s.classes == classes), None)
    return known or ClassScheme("imported", classes, numbered_scheme(len(classes)).colors)
