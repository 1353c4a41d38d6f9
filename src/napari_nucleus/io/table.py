"""The table of nuclei as CSV."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.io.files import reading, replacing


def write_csv(path: str | os.PathLike[str], nuclei: NucleusMap) -> None:
    """Write the table of nuclei as CSV (UTF-8), a row a nucleus; numbers in full precision.

    Raises
    ------
    NucleusError
        The file can't be written.
    """
    with replacing(path) as temporary:
        nuclei.table.to_csv(temporary, index=False, encoding="utf-8", lineterminator="\n")


def read_csv(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a table that `write_csv` wrote: the same columns, values and types.

    Returns
    -------
    pandas.DataFrame
        ``label`` int32, ``class`` text, the rest float64 (or whatever further columns hold).

    Raises
    ------
    NucleusError
        The file can't be read, or has no column ``label`` of whole numbers.
    """
    path = Path(path)
    with reading(path, "table", [".csv"]):
        table = pd.read_csv(
            path,
            dtype={"label": np.int32, "class": str, **dict.fromkeys(_MEASURED, np.float64)},
            keep_default_na=False,
            na_values=[""],
            float_precision="round_trip",
        )
        if "label" not in table:
            raise NucleusError(f"Expected a column 'label', got {', '.join(table.columns)}. Choose a table of nuclei.")
        return table.astype({name: np.float64 for name in table if str(name).startswith("p_")})


_MEASURED = ("y_px", "x_px", "y_um", "x_um", "area_um2")
