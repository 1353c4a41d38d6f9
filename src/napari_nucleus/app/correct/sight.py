"""What models see in an image that is corrected: maps for proposals, features to learn from, votes of the graph."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.app.correct import Workbench
from napari_nucleus.app.correct.following import review_items
from napari_nucleus.app.review import Evidence
from napari_nucleus.app.segment import SegmentSteps, segment_steps
from napari_nucleus.core import HoverMaps, Image, NucleusError, NucleusMap, Progress

MODEL = "default"
_MOST_PIXELS = 64_000_000  # of maps that are kept: 32 bytes a pixel
# Features that nuclei bring along: of a cross-relabelled data set; of segmenting with several models or views.
_RELABELLED, _DISAGREEMENT = "confidence", "disagreement"


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What models see.

    Attributes
    ----------
    maps : HoverMaps or None
        None where the image is too large for them.
    features : DataFrame
        A row a nucleus, indexed by its label: what the network sees of it.
    graph : DataFrame or None
        Probabilities by the graph, a row a nucleus, a column a class; None where there is no classifier.
    """

    maps: HoverMaps | None
    features: pd.DataFrame
    graph: pd.DataFrame | None = None


def look(image: Image, nuclei: NucleusMap, steps: SegmentSteps = segment_steps) -> Generator[Progress, None, Sight]:
    """Let the models look at an image, in steps; takes as long as segmenting it, twice.

    Raises
    ------
    NucleusError
        The image can't be read.
    """
    maps = None
    if np.prod(image.shape) <= _MOST_PIXELS:
        result = yield from steps(image, MODEL, mpp=image.mpp or nuclei.mpp)
        maps = result.maps if isinstance(result.maps, HoverMaps) else None
    yield Progress(0, 0, "looking at each nucleus")
    from napari_nucleus.inference import nucleus_features

    seen = nucleus_features(image, nuclei, MODEL)
    yield Progress(0, 0, "looking at their neighbourhoods")
    features = pd.DataFrame(seen, index=pd.Index(nuclei.table["label"]))
    return Sight(maps, features, _by_graph(image, nuclei, seen))


def evidence_of(bench: Workbench, sight: Sight) -> Evidence:
    """What the orders of a queue are made from, a row a nucleus by rising label.

    Nuclei that came after the look have nan. The graph's votes count where it tells the same classes apart.
    """
    items = review_items(bench, 1.0)
    features = sight.features.reindex(items.label).to_numpy(np.float32)
    names = list(bench.project.scheme.classes)
    graph = None
    if sight.graph is not None and list(sight.graph.columns) == names:
        graph = sight.graph.reindex(items.label).to_numpy(np.float64)
    relabel, disagreement = _brought(bench, _RELABELLED), _brought(bench, _DISAGREEMENT)
    return Evidence(items.probabilities, disagreement=disagreement, relabel=relabel, graph=graph, features=features)


def _by_graph(image: Image, nuclei: NucleusMap, features: NDArray[np.float32]) -> pd.DataFrame | None:
    from napari_nucleus.graph.library import load_graph
    from napari_nucleus.inference.graph_nodes import answer

    try:
        return answer(nuclei, image, features, load_graph("default", MODEL)).probabilities
    except NucleusError:  # there is none for this model: an order less to choose from
        return None


def _brought(bench: Workbench, name: str) -> NDArray[np.float64] | None:
    """A feature that the nuclei came with, by rising label; None where they didn't."""
    if name not in bench.rows.features:
        return None
    columns = np.sort(bench.rows.columns, order="label")
    return np.asarray(columns["features"][:, bench.rows.features.index(name)], np.float64)
