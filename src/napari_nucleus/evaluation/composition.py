"""Composition of tissue: how many nuclei of which class, how dense, and which share.

Zhang et al. (2025) count the segmented nuclei by class (§3.3) and take the share of tumour nuclei as tumour burden
(§6.1); eTILs are the electronic tumour-infiltrating lymphocytes of Bai et al. (2021).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.core import SCHEMES, ClassScheme, NucleusError, NucleusMap
from napari_nucleus.core.nuclei import as_labels
from napari_nucleus.evaluation.classes import merged
from napari_nucleus.io.files import replacing
from napari_nucleus.io.outlines import crossings

Regions = Mapping[str, Sequence[ArrayLike]] | NDArray[np.integer]
"""By name the rings (N, 2) of a region, y then x in pixels whose centres are whole numbers: outlines and holes alike.
Or a label image (H, W), 0 = no region."""

Counted = tuple[str, int, NDArray[np.int64]]
"""Region, its area in pixels, and its nuclei by class number (1 + C,), unknown ones first."""

WHOLE, ALL = "whole image", "all"
"""Region of the row of an image, and image of the rows of all images together."""


def composition(nuclei: NucleusMap, regions: Regions | None = None, name: str = "image") -> pd.DataFrame:
    """Counts, densities and fractions of the nuclei of an image, and of its regions.

    Parameters
    ----------
    nuclei : NucleusMap
    regions : mapping or (H, W) integers, optional
        Rings by name, or labels. A pixel is a region's where its centre is inside an odd number of its rings; a nucleus
        where its centroid's pixel is. Regions may overlap: each counts for itself.
    name : str
        Of the image.

    Returns
    -------
    pandas.DataFrame
        A row for the whole image, then one a region. ``image``, ``region``, ``area_mm2`` (of the region's pixels on the
        image), ``nuclei``, ``n_<class>``, ``per_mm2``, ``per_mm2_<class>``, ``fraction_<class>``; ``tumor_burden`` =
        tumour / all nuclei, ``til_fraction`` = immune / all, ``etils`` = immune / (immune + tumour). Unknown nuclei
        count among all, and have their columns where there are any. Which classes are tumour and immune says the
        scheme's crosswalk to ``msa3``; nan where none is, and where there is nothing to divide by.

    Raises
    ------
    NucleusError
        Regions are of another shape than the image, or a ring is none.

    Examples
    --------
    >>> nuclei = NucleusMap.from_labels([[1, 0], [0, 2]], classes="msa3", class_of={1: 1, 2: 3})
    >>> table = composition(nuclei, {"left": [[(-1, -1), (-1, 0.5), (2, 0.5), (2, -1)]]})
    >>> table[["region", "nuclei", "tumor_burden"]].values.tolist()
    [['whole image', 2, 0.5], ['left', 1, 1.0]]
    """
    return compositions([(name, nuclei, regions)])


def compositions(images: Iterable[tuple[str, NucleusMap, Regions | None]]) -> pd.DataFrame:
    """The same of several images (name, nuclei, regions); at last, as image ``all``, pooled by region.

    Pooled are nuclei and areas, so that a large image counts for more. Images are read one by one, and not kept.

    Raises
    ------
    NucleusError
        There is no image, or their classes don't belong to one scheme.
    """
    counted, schemes = [], []
    for name, nuclei, regions in images:
        try:
            counted.append(_count(name, nuclei, regions))
        except NucleusError as error:
            raise NucleusError(f"{name}: {error}") from error
        schemes.append(nuclei.scheme)
    if not counted:
        raise NucleusError("Expected at least one image with nuclei, got none. Give label images or outlines.")
    table = pd.concat(counted, ignore_index=True)
    if len(counted) > 1:
        pooled = table.drop(columns="image").groupby("region", sort=False).sum().reset_index()
        table = pd.concat([table, pooled.assign(image=ALL)], ignore_index=True)
    return _with_rates(table, _common(schemes))


def classes_as(kinds: ClassScheme, role: str) -> tuple[str, ...]:
    """Classes that are ``"tumor"``, ``"stroma"`` or ``"immune"`` by the scheme's crosswalk to ``msa3``; none without.

    Examples
    --------
    >>> classes_as(SCHEMES["refined7"], "immune")
    ('lymphocyte', 'neutrophil', 'macrophage')
    """
    coarse = SCHEMES["msa3"]
    if kinds.name != coarse.name and coarse.name not in kinds.crosswalks:
        return ()
    wanted = coarse.number_of(role)
    return tuple(kinds.name_of(number) for number, other in kinds.crosswalk_to(coarse).items() if other == wanted)


def write_composition(path: str | os.PathLike[str], table: pd.DataFrame) -> None:
    """Write a table of `composition` as CSV (UTF-8); nan is an empty cell.

    Raises
    ------
    NucleusError
        The file can't be written.
    """
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, encoding="utf-8", lineterminator="\n")


def _count(name: str, nuclei: NucleusMap, regions: Regions | None) -> pd.DataFrame:
    """Image, region, area and nuclei, all and by class."""
    counted = [(WHOLE, nuclei.labels.size, np.bincount(nuclei.class_numbers, minlength=len(nuclei.scheme) + 1))]
    if isinstance(regions, Mapping):
        counted += _in_rings(nuclei, regions)
    elif regions is not None:
        counted += _in_labels(nuclei, regions)
    names, pixels, counts = zip(*counted, strict=True)
    table = pd.DataFrame({"image": name, "region": names, "area_mm2": np.array(pixels) * (nuclei.mpp / 1000) ** 2})
    table["nuclei"] = np.sum(counts, axis=1)
    for kind, column in zip(("unknown", *nuclei.scheme.classes), np.transpose(counts), strict=True):
        table[f"n_{kind}"] = column
    return table


def _in_rings(nuclei: NucleusMap, regions: Mapping[str, Sequence[ArrayLike]]) -> Iterator[Counted]:
    """Each crossing of an outline toggles all nuclei behind it; an even number a row leaves the next row alone."""
    height, width = nuclei.labels.shape
    y, x = _pixels(nuclei)
    places = y * (width + 1) + x
    order = np.argsort(places)
    places, numbers = places[order], nuclei.class_numbers[order]
    for name, rings in regions.items():
        rows, columns = crossings([_ring(name, ring) for ring in rings], (height, width)) if len(rings) else _NOWHERE
        edges = np.sort(rows * (width + 1) + columns)
        toggles = np.bincount(np.searchsorted(places, edges), minlength=len(places) + 1)
        inside = np.cumsum(toggles)[:-1] % 2 == 1
        area = int((edges[1::2] - edges[::2]).sum())
        yield name, area, np.bincount(numbers[inside], minlength=len(nuclei.scheme) + 1)


def _in_labels(nuclei: NucleusMap, regions: NDArray[np.integer]) -> Iterator[Counted]:
    regions = as_labels(regions)
    if regions.shape != nuclei.labels.shape:
        raise NucleusError(
            f"Expected regions of {nuclei.labels.shape} pixels as the nuclei, got {regions.shape}. "
            "Draw them on the same image."
        )
    areas = pd.Series(regions[regions > 0]).value_counts().sort_index()  # huge numbers cost no memory
    n_kinds = len(nuclei.scheme) + 1
    home = regions[_pixels(nuclei)]
    inside = home > 0
    cells = np.searchsorted(areas.index, home[inside]) * n_kinds + nuclei.class_numbers[inside]
    counts = np.bincount(cells, minlength=len(areas) * n_kinds).reshape(-1, n_kinds)
    return zip(map(str, areas.index), areas, counts, strict=True)


_NOWHERE = np.zeros((2, 0), np.int64)


def _pixels(nuclei: NucleusMap) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of each nucleus's centroid."""
    height, width = nuclei.labels.shape
    y, x = nuclei.table[["y_px", "x_px"]].to_numpy(np.float64).T
    return tuple(np.rint(v).clip(0, n - 1).astype(np.int64) for v, n in ((y, height), (x, width)))  # type: ignore[return-value]


def _ring(name: str, ring: ArrayLike) -> NDArray[np.float64]:
    """A ring as `crossings` takes it: x then y, corners of pixels whole numbers."""
    corners = np.asarray(ring, np.float64)
    if corners.ndim != 2 or corners.shape[1] != 2 or not np.isfinite(corners).all():
        raise NucleusError(
            f"Expected rings (N, 2) of numbers for region {name!r}, got shape {corners.shape}. "
            "Give a list of outlines a region."
        )
    return corners[:, ::-1] + 0.5


def _common(schemes: Sequence[ClassScheme]) -> ClassScheme:
    common = merged(schemes)
    for kinds in schemes:
        if not set(kinds.classes) <= set(common.classes):
            raise NucleusError(
                f"Expected the classes {', '.join(common.classes)} in all images, got {', '.join(kinds.classes)}. "
                "Take images of one class scheme at a time."
            )
    return common


def _with_rates(counted: pd.DataFrame, kinds: ClassScheme) -> pd.DataFrame:
    """Counts in the order of the classes, with the densities and fractions that follow."""
    names = [*kinds.classes, *(["unknown"] if counted["n_unknown"].any() else [])]
    table = counted[["image", "region", "area_mm2", "nuclei"]].copy()
    counts = counted.reindex(columns=[f"n_{name}" for name in names]).fillna(0).astype(np.int64)
    counts.columns = pd.Index(names)
    tumor, immune = _role(counts, kinds, "tumor"), _role(counts, kinds, "immune")
    parts = [
        table,
        counts.add_prefix("n_"),
        (table["nuclei"] / table["area_mm2"]).rename("per_mm2"),
        counts.div(table["area_mm2"], axis=0).add_prefix("per_mm2_"),
        counts.div(table["nuclei"], axis=0).add_prefix("fraction_"),
        (tumor / table["nuclei"]).rename("tumor_burden"),
        (immune / table["nuclei"]).rename("til_fraction"),
        (immune / (immune + tumor)).rename("etils"),
    ]
    return pd.concat(parts, axis=1)


def _role(counts: pd.DataFrame, kinds: ClassScheme, role: str) -> pd.Series:
    """Nuclei that count as tumour or immune; nan where the scheme can't tell them."""
    names = list(classes_as(kinds, role))
    return counts[names].sum(axis=1) if names else pd.Series(np.nan, counts.index)
