"""Graphs of nuclei as files that others read."""

from napari_nucleus.graph.export.write import GRAPH_FORMATS, node_table, write_graph

__all__ = ["GRAPH_FORMATS", "node_table", "write_graph"]
