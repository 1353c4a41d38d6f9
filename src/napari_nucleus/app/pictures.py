"""Maps and graphs as pictures, for those who have no window."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, NucleusMap
from napari_nucleus.graph import NucleusGraph

_BLUE, _WHITE, _RED = np.array([[33, 102, 172], [255, 255, 255], [178, 24, 43]], np.float32)
_EDGE = (40, 40, 40)


def picture_probability(prob: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A probability map (H, W) as (H, W, 3), from black through purple to light yellow."""
    levels = np.round(np.clip(prob, 0, 1) * 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_MAGMA), cv2.COLOR_BGR2RGB), np.uint8)


def picture_signed(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A map (H, W) in [-1, 1] as (H, W, 3): -1 blue, 0 white, 1 red."""
    share = np.clip(np.abs(values), 0, 1)[..., None]
    end = np.where(values[..., None] < 0, _BLUE, _RED)
    return np.round(_WHITE + share * (end - _WHITE)).astype(np.uint8)


def picture_types(type_prob: NDArray[np.float32], kinds: ClassScheme) -> NDArray[np.uint8]:
    """Class probabilities (1 + C, H, W), background first, as a mix (H, W, 3) of the classes' colours on white."""
    colors = np.array([_WHITE, *(_rgb(color) for color in kinds.colors)], np.float32)
    return np.round(np.einsum("chw,ck->hwk", type_prob, colors)).clip(0, 255).astype(np.uint8)


def picture_graph(image: NDArray[np.uint8], nuclei: NucleusMap, graph: NucleusGraph) -> NDArray[np.uint8]:
    """The image (H, W, 3), paler, with the graph's edges and a dot in the colour of its class on each nucleus."""
    drawn = np.ascontiguousarray(image // 2 + 127)
    xy = nuclei.table.set_index("label")[["x_px", "y_px"]].round().astype(int)
    from_to = zip(xy.loc[graph.edges[0]].to_numpy(), xy.loc[graph.edges[1]].to_numpy(), strict=True)
    for start, end in from_to:
        cv2.line(drawn, start.tolist(), end.tolist(), _EDGE, 1, cv2.LINE_AA)
    colors = [(0, 0, 0), *map(_rgb, nuclei.scheme.colors)]
    for center, number in zip(xy.to_numpy(), nuclei.class_numbers, strict=True):
        cv2.circle(drawn, center.tolist(), 5, colors[number], cv2.FILLED, cv2.LINE_AA)
    return drawn


def _rgb(color: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return red, green, blue
