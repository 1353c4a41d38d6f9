"""Nuclei as the features of a Labels layer, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, NucleusMap


def features_of(nuclei: NucleusMap) -> pd.DataFrame:
    """What is shown of each nucleus: its label as ``index``, ``class``, ``p_<class>``, ``area_um2``, ``edited``, ….

    Positions are left out: the labels themselves tell them.
    """
    table = nuclei.table.drop(columns=["y_px", "x_px", "y_um", "x_um"], errors="ignore")
    return table.rename(columns={"label": "index"}).reset_index(drop=True)


def nuclei_of(labels: NDArray[np.integer], features: Any, scheme: ClassScheme, mpp: float) -> NucleusMap:
    """The nuclei that a layer shows now, painted ones included.

    Parameters
    ----------
    labels : (H, W) integers
    features : pandas.DataFrame or mapping
        As `features_of` gives it; rows of nuclei that are gone are dropped, nuclei without a row are "unknown".
    scheme : ClassScheme
        A class that it hasn't is taken as "unknown".
    mpp : float
        Pixel size in µm.
    """
    rows = pd.DataFrame(features)
    if "index" not in rows or "class" not in rows:
        return NucleusMap.from_labels(labels, mpp=mpp, classes=scheme)
    rows = rows.drop_duplicates("index").set_index("index")
    numbers = {name: number for number, name in enumerate(scheme.classes, 1)}
    class_of = {label: numbers.get(name, 0) for label, name in zip(rows.index.tolist(), rows["class"], strict=True)}
    nuclei = NucleusMap.from_labels(labels, mpp=mpp, classes=scheme, class_of=class_of)
    kept = rows.reindex(nuclei.table["label"])
    for name in rows.columns.difference(nuclei.table.columns, sort=False):
        nuclei.table[name] = kept[name].to_numpy()
    if "edited" in nuclei.table:
        nuclei.table["edited"] = nuclei.table["edited"].eq(True)
    # Probabilities stand before the area, as in a table fresh from the model.
    positions = sorted(nuclei.table.columns, key=lambda name: not (name in _FIRST or str(name).startswith("p_")))
    return NucleusMap(nuclei.labels, nuclei.table[positions], mpp, scheme)


_FIRST = ("label", "y_px", "x_px", "y_um", "x_um", "class")
