"""Graphs as named arrays, for torch_geometric or anything else; nothing has to be unpickled.

| array | |
|---|---|
| ``edge_index`` (2, E) int64 | rows of neighbours, each pair once |
| ``edge_length_um`` (E,) float32 | |
| ``label`` (N,) int64 | |
| ``x`` (N, F) float32 | the numbers of each nucleus; nan where not known |
| ``pos`` (N, 2) float32 | x and y in µm |
| ``y`` (N,) int64 | class, 0 = unknown |

``feature_names`` and ``class_names`` (unknown first) are arrays of text in an NPZ, and JSON in the metadata of a
safetensors file.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.graph.build import NucleusGraph


def write_npz(path: Path, table: pd.DataFrame, graph: NucleusGraph) -> None:
    """A compressed NPZ."""
    arrays, names = graph_arrays(table, graph)
    texts = {name: np.array(values, dtype=str) for name, values in names.items()}
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays, **texts)


def write_safetensors(path: Path, table: pd.DataFrame, graph: NucleusGraph) -> None:
    """A safetensors file."""
    from safetensors.numpy import save_file

    arrays, names = graph_arrays(table, graph)
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    save_file(whole, path, {name: json.dumps(values) for name, values in names.items()})


def graph_arrays(table: pd.DataFrame, graph: NucleusGraph) -> tuple[dict[str, NDArray], dict[str, list[str]]]:
    """The arrays, and the names of features and classes."""
    classes = ["unknown", *sorted(set(table["class"]) - {"unknown"})]
    features = [str(name) for name in table if name not in ("label", "class") and _is_number(table[name])]
    arrays: dict[str, NDArray] = {
        "edge_index": graph.rows(table["label"]),
        "edge_length_um": graph.lengths_um.astype(np.float32),
        "label": table["label"].to_numpy(np.int64),
        "x": table[features].to_numpy(np.float32),
        "pos": table[["x_um", "y_um"]].to_numpy(np.float32),
        "y": np.array([classes.index(name) for name in table["class"]], np.int64),
    }
    return arrays, {"feature_names": features, "class_names": classes}


def _is_number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column))
