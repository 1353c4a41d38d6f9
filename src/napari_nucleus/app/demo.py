"""The main job on bundled tissue: nuclei, their graph and their score against the truth; as pictures where wanted."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from napari_nucleus.app.pictures import picture_graph, picture_probability, picture_signed, picture_types
from napari_nucleus.core import HoverMaps, Image, NucleusMap, Progress
from napari_nucleus.evaluation import Case, Evaluation, evaluate
from napari_nucleus.graph import NucleusGraph, build_graph
from napari_nucleus.inference import SegmentResult, segment_steps
from napari_nucleus.io import write_overlay, write_results
from napari_nucleus.io.raster import write_png
from napari_nucleus.io.samples import consep_tile


@dataclass(frozen=True, slots=True, eq=False)
class Demo:
    """A tile of CoNSeP: what is annotated in it, and what was found.

    Attributes
    ----------
    image : Image
    truth : NucleusMap
    result : SegmentResult
        With maps.
    graph : NucleusGraph
        Over the nuclei that were found.
    evaluation : Evaluation
        Of what was found, against the truth.
    """

    image: Image
    truth: NucleusMap
    result: SegmentResult
    graph: NucleusGraph
    evaluation: Evaluation

    def counts(self) -> pd.DataFrame:
        """Nuclei a class: columns ``class``, ``annotated``, ``found``."""
        annotated, found = self.truth.counts(), self.result.nuclei.counts()
        rows = [(name, annotated.get(name, 0), found.get(name, 0)) for name in dict.fromkeys([*annotated, *found])]
        return pd.DataFrame(rows, columns=["class", "annotated", "found"])


def demo_steps(device: str = "auto") -> Generator[Progress, None, Demo]:
    """Segment the bundled tile, build its graph, score it."""
    image, truth = consep_tile()
    result = yield from segment_steps(image, device=device)
    evaluation = evaluate([Case(image.name, truth, result.nuclei)])
    return Demo(image, truth, result, build_graph(result.nuclei), evaluation)


def write_demo(demo: Demo, folder: Path) -> dict[str, Path]:
    """Write tables and pictures into a folder that exists; returns what each file shows and where it is.

    Raises
    ------
    NucleusError
        A file can't be written.
    """
    stem, tissue, nuclei = folder / demo.image.name, demo.image.array, demo.result.nuclei
    written = write_results(folder, demo.image.name, nuclei, tissue)
    written["overlay of the truth"] = Path(f"{stem}.truth.png")
    write_overlay(written["overlay of the truth"], tissue, demo.truth)

    pictures = {"graph": picture_graph(tissue, nuclei, demo.graph)} | _picture_maps(demo)
    for name, picture in pictures.items():
        written[name] = Path(f"{stem}.{name.lower().replace(' ', '_')}.png")
        write_png(written[name], picture)
    written["counts"] = folder / "counts.csv"
    demo.counts().to_csv(written["counts"], index=False)
    return written


def _picture_maps(demo: Demo) -> dict:
    maps = demo.result.maps
    if not isinstance(maps, HoverMaps):
        return {}
    pictures = {"NP": picture_probability(maps.np_prob)}
    pictures |= {"HoVer H": picture_signed(maps.hv[0]), "HoVer V": picture_signed(maps.hv[1])}
    if maps.type_prob is not None:
        pictures["type"] = picture_types(maps.type_prob, demo.result.nuclei.scheme)
    return pictures
