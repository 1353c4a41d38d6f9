"""Graphs of nuclei: who is whose neighbour."""

from napari_nucleus.graph.build import NucleusGraph, build_graph

__all__ = ["NucleusGraph", "build_graph"]
