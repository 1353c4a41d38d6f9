"""``napari-nucleus graph``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def graph(
    image: Annotated[Path, typer.Argument(help="An image or slide.")],
    out: Annotated[Path, typer.Option(help="Folder for the files; made where it is missing.")] = Path(),
    formats: Annotated[
        str, typer.Option("--format", help="graphml, npz, safetensors, h5ad (AnnData), separated by commas.")
    ] = "graphml",
    nuclei: Annotated[
        Path | None, typer.Option(help="Its nuclei: labels or GeoJSON; segmented by the model otherwise.")
    ] = None,
    method: Annotated[str, typer.Option(help="knn, radius or delaunay.")] = "knn",
    k: Annotated[int, typer.Option(help="Of knn.")] = 5,
    radius_um: Annotated[float, typer.Option(help="Of radius.")] = 15.0,
    model: Annotated[str, typer.Option(help="Finds the nuclei.")] = "default",
    mpp: Annotated[float | None, typer.Option(help="Pixel size in µm; overrides the file's.")] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
) -> None:
    """Connect the nuclei of an image to a graph and write it with classes and morphology, <stem>.graphml and others."""
    from napari_nucleus.core import NucleusError
    from napari_nucleus.graph import build_graph, morphology
    from napari_nucleus.graph.export import GRAPH_FORMATS, write_graph
    from napari_nucleus.inference import segment
    from napari_nucleus.io import read_image, read_nuclei

    suffixes = [f".{name.strip()}" for name in formats.split(",")]
    for suffix in suffixes:
        if suffix not in GRAPH_FORMATS:
            known = ", ".join(name[1:] for name in GRAPH_FORMATS)
            raise NucleusError(f"Expected a format out of {known}, got {suffix[1:]!r}. Choose one of those.")
    picture = read_image(image, mpp=mpp)
    if nuclei is None:
        found = segment(picture, model, device=device, keep_maps=False).nuclei
    else:
        found = read_nuclei(nuclei, mpp=picture.mpp, shape=picture.shape)
    edges = build_graph(found, method, k, radius_um=radius_um)
    out.mkdir(parents=True, exist_ok=True)
    for suffix in suffixes:
        write_graph(out / f"{picture.name}{suffix}", found, edges, morphology(found, picture))
    names = ", ".join(f"{picture.name}{suffix}" for suffix in suffixes)
    print(f"{names}: {len(found)} nuclei at {found.mpp:g} µm, {len(edges)} edges")
    if not len(found):
        print("napari-nucleus: no nuclei found", file=sys.stderr)
