"""A graph and all that is known of its nuclei, written in the format that a suffix names."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.graph.build import NucleusGraph
from napari_nucleus.graph.export.anndata_file import write_h5ad
from napari_nucleus.graph.export.arrays import write_npz, write_safetensors
from napari_nucleus.graph.export.graphml import write_graphml
from napari_nucleus.io.files import replacing

Writer = Callable[[Path, pd.DataFrame, NucleusGraph], None]

GRAPH_FORMATS: Mapping[str, Writer] = MappingProxyType(
    {
        ".graphml": write_graphml,
        ".npz": write_npz,
        ".safetensors": write_safetensors,
        ".h5ad": write_h5ad,
    }
)
"""Writers by suffix: GraphML (Gephi, yEd, networkx), arrays (torch_geometric), AnnData (scanpy, squidpy)."""


def write_graph(
    path: str | os.PathLike[str],
    nuclei: NucleusMap,
    graph: NucleusGraph,
    *more: pd.DataFrame,
) -> None:
    """Write nuclei and their edges.

    Parameters
    ----------
    path : path
        Its suffix is one of `GRAPH_FORMATS`.
    nuclei : NucleusMap
    graph : NucleusGraph
        Of those nuclei.
    *more : DataFrame
        Further columns of the nuclei, indexed by label: `morphology`, or a `GraphAnswer`'s ``probabilities``.

    Raises
    ------
    NucleusError
        The suffix is another, or the file can't be written.
    """
    place = Path(path)
    if place.suffix.lower() not in GRAPH_FORMATS:
        raise NucleusError(
            f"Expected {', '.join(GRAPH_FORMATS)}, got {place.suffix or 'no suffix'}. Name one of these. File: {place}"
        )
    with replacing(place) as part:
        GRAPH_FORMATS[place.suffix.lower()](part, node_table(nuclei, *more), graph)


def node_table(nuclei: NucleusMap, *more: pd.DataFrame) -> pd.DataFrame:
    """All that is known of the nuclei, a row each, in the order of their table; of two columns of a name the first."""
    table = nuclei.table.reset_index(drop=True)
    for columns in more:
        new = columns.loc[table["label"]].reset_index(drop=True)
        table = pd.concat([table, new[[name for name in new if name not in table]]], axis=1)
    return table
