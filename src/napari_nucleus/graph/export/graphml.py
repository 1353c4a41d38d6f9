"""GraphML: nuclei and edges as XML, as Gephi, yEd, igraph and networkx read it (http://graphml.graphdrawing.org)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pandas as pd

from napari_nucleus.graph.build import NucleusGraph

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'


def write_graphml(path: Path, table: pd.DataFrame, graph: NucleusGraph) -> None:
    """A node a nucleus, called ``n<label>``, with every column of the table; an edge has ``length_um``.

    What isn't known (nan) is left out.
    """
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEAD)
        for number, name in enumerate(table):
            file.write(
                f'<key id="d{number}" for="node" attr.name={quoteattr(str(name))} attr.type="{_kind(table[name])}"/>\n'
            )
        file.write('<key id="length" for="edge" attr.name="length_um" attr.type="double"/>\n')
        file.write('<graph edgedefault="undirected">\n')
        file.writelines(_nodes(table))
        for (start, end), length in zip(graph.edges.T.tolist(), graph.lengths_um.tolist(), strict=True):
            data = f'<data key="length">{length!r}</data>'
            file.write(f'<edge source="n{start}" target="n{end}">{data}</edge>\n')
        file.write("</graph>\n</graphml>\n")


def _nodes(table: pd.DataFrame) -> Iterator[str]:
    columns = [table[name].tolist() for name in table]
    for label, values in zip(table["label"].tolist(), zip(*columns, strict=True), strict=True):
        data = "".join(
            f'<data key="d{number}">{escape(str(value))}</data>'
            for number, value in enumerate(values)
            if value == value
        )
        yield f'<node id="n{label}">{data}</node>\n'


def _kind(column: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(column):
        return "boolean"
    if pd.api.types.is_numeric_dtype(column):
        return "long" if np.issubdtype(column.to_numpy().dtype, np.integer) else "double"
    return "string"
