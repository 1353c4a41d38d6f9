"""AnnData as a file (.h5ad), as scanpy and squidpy read it.

Written in its documented layout (https://anndata.readthedocs.io, "On-disk format", version 0.1.0) by h5py: the library
itself asks for older pandas than we run on.

    X (N, F)  numbers of each nucleus     obs  class, label     obsm/spatial (N, 2)  x and y in µm
    obsp/spatial_connectivities, obsp/spatial_distances (N, N) sparse: 1, and µm, where two are neighbours
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from napari_nucleus.graph.build import NucleusGraph
from napari_nucleus.graph.export.arrays import graph_arrays

if TYPE_CHECKING:
    from h5py import Group


def write_h5ad(path: Path, table: pd.DataFrame, graph: NucleusGraph) -> None:
    """Nuclei as observations, called by their labels; ``obs["class"]`` is a category."""
    import h5py

    arrays, names = graph_arrays(table, graph)
    with h5py.File(path, "w") as file:
        _mark(file, "anndata", "0.1.0")
        _array(file, "X", arrays["x"])
        obs = _frame(file, "obs", [str(label) for label in arrays["label"]], ("class", "label"))
        _category(obs, "class", arrays["y"], names["class_names"])
        _array(obs, "label", arrays["label"])
        _frame(file, "var", names["feature_names"], ())
        _array(_mapping(file, "obsm"), "spatial", arrays["pos"].astype(np.float64))
        pairs = _mapping(file, "obsp")
        for name, values in (("connectivities", np.ones(len(graph))), ("distances", graph.lengths_um)):
            _sparse(pairs, f"spatial_{name}", arrays["edge_index"], values, len(table))
        for empty in ("layers", "varm", "varp"):
            _mapping(file, empty)
        told = _mapping(_mapping(file, "uns"), "spatial_neighbors")  # where squidpy looks for the above
        for name in ("connectivities", "distances"):
            _text(told, f"{name}_key", f"spatial_{name}")
        _text(_mapping(told, "params"), "coord_type", "generic")


def _mark(item: Any, kind: str, version: str) -> None:
    item.attrs["encoding-type"], item.attrs["encoding-version"] = kind, version


def _mapping(parent: Group, name: str) -> Group:
    group = parent.create_group(name)
    _mark(group, "dict", "0.1.0")
    return group


def _array(parent: Group, name: str, values: NDArray) -> None:
    _mark(parent.create_dataset(name, data=values), "array", "0.2.0")


def _texts(parent: Group, name: str, values: Sequence[str]) -> None:
    import h5py

    kind = h5py.string_dtype("utf-8")
    _mark(parent.create_dataset(name, data=np.array(values, dtype=object), dtype=kind), "string-array", "0.2.0")


def _text(parent: Group, name: str, value: str) -> None:
    _mark(parent.create_dataset(name, data=value), "string", "0.2.0")


def _frame(parent: Group, name: str, index: Sequence[str], columns: Sequence[str]) -> Group:
    group = parent.create_group(name)
    _mark(group, "dataframe", "0.2.0")
    group.attrs["_index"] = "_index"
    group.attrs["column-order"] = np.array(columns, dtype=object) if columns else np.array([], dtype=np.float64)
    _texts(group, "_index", index)
    return group


def _category(parent: Group, name: str, codes: NDArray[np.int64], categories: Sequence[str]) -> None:
    group = parent.create_group(name)
    _mark(group, "categorical", "0.2.0")
    group.attrs["ordered"] = False
    used = np.unique(codes)  # a category that nothing has disturbs statistics
    _texts(group, "categories", [categories[code] for code in used])
    _array(group, "codes", np.searchsorted(used, codes).astype(np.int32))


def _sparse(parent: Group, name: str, edges: NDArray[np.int64], values: NDArray[np.float64], n: int) -> None:
    start, end = np.concatenate([edges, edges[::-1]], 1)
    matrix = csr_array((np.concatenate([values, values]), (start, end)), shape=(n, n))
    group = parent.create_group(name)
    _mark(group, "csr_matrix", "0.1.0")
    group.attrs["shape"] = np.array([n, n])
    for part in ("data", "indices", "indptr"):
        group.create_dataset(part, data=getattr(matrix, part))
