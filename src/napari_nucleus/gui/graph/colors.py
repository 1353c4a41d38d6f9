"""Colours of nodes and edges by what they tell."""

from __future__ import annotations

import numpy as np
from napari.utils.colormaps import ensure_colormap
from numpy.typing import NDArray

from napari_nucleus.app.graph.coloring import scheme_of
from napari_nucleus.app.graph.network import Network
from napari_nucleus.app.graph.values import Values
from napari_nucleus.core import ClassScheme
from napari_nucleus.gui.layers.colors import class_colors

COLORMAP = "viridis"
_NOTHING = (0.6, 0.6, 0.6, 1.0)


def node_colors(values: Values, own: ClassScheme) -> NDArray[np.float32]:
    """RGBA in 0..1 of each node, (N, 4); grey where nothing is known."""
    if values.classes is not None:
        return class_colors(scheme_of(values.classes, own))[values.numbers.astype(np.int64)]
    known = np.isfinite(values.numbers)
    span = values.high - values.low
    share = np.clip((values.numbers - values.low) / span, 0, 1) if span > 0 else np.zeros(len(known))
    colors = np.empty((len(known), 4), np.float32)
    colors[known] = ensure_colormap(COLORMAP).map(share[known].astype(np.float32))
    colors[~known] = _NOTHING
    return colors


def edge_colors(network: Network, by: str) -> NDArray[np.float32] | None:
    """RGBA of each edge, (E, 4): by class pair the mean of both ends; None: all the plain one."""
    if by == "class pair":
        ends = class_colors(network.nuclei.scheme)[network.kinds][network.ends]
        mixed: NDArray[np.float32] = ends.mean(0)
        return mixed
    if by == "length":
        lengths = network.graph.lengths_um
        high = float(np.percentile(lengths, 99)) if len(lengths) else 1.0
        return node_colors(Values(by, lengths, None, 0.0, high), network.nuclei.scheme)
    return None
