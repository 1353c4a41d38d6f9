"""Which kind of folder it is."""

from __future__ import annotations

import os
from pathlib import Path

from napari_nucleus.core import ClassScheme, NucleusError, check_mpp, scheme
from napari_nucleus.io.patches.layouts import find_layout, layout_of
from napari_nucleus.io.patches.patch_set import PatchSet


def open_patches(
    folder: str | os.PathLike[str],
    classes: str | ClassScheme | None = None,
    mpp: float | None = None,
    *,
    layout: str | None = None,
) -> PatchSet:
    """Open a folder of patches; no pixels are read before a patch is asked for.

    Parameters
    ----------
    folder : path
        PanNuke (a fold or several; ``images.npy``, ``masks.npy``, ``types.npy``, in one folder or as published),
        MoNuSAC, Lizard, CoNIC or CoNSeP as published; or a folder of images, with truth from ``<stem>.npz`` (``inst``,
        ``type``), ``<stem>.labels.tif`` or ``<stem>.geojson`` beside them, or in a folder ``labels`` beside ``images``;
        of NPZ files that hold ``image``, too.
    classes : str or ClassScheme, optional
        What the class numbers mean, where the folder doesn't say it.
    mpp : float, optional
        Pixel size in µm, in place of what the folder or its files say.
    layout : str, optional
        One of `layouts.LAYOUTS`, where the folder doesn't show it.

    Raises
    ------
    NucleusError
        It is no folder, may not be read, is empty, or its files don't fit together.

    Examples
    --------
    >>> patches = open_patches("Fold 1")  # doctest: +SKIP
    >>> patches.patch(patches.filter(tissue="Breast")[0]).truth.counts()  # doctest: +SKIP
    """
    folder = Path(folder).expanduser()
    if classes is not None:
        scheme(classes)
    if mpp is not None:
        check_mpp(mpp)
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing of that name"
        raise NucleusError(f"Expected a folder of patches, got {found}. Choose a folder. Path: {folder}")
    try:
        named = layout_of(folder) if layout is None else find_layout(layout)
        return named.open(folder, classes, mpp)
    except PermissionError as error:
        raise NucleusError(f"Expected the right to read the folder, got none. Ask for it. Folder: {folder}") from error
