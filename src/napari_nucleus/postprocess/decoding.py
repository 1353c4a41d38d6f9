"""Maps to nuclei, whatever kind of maps they are, with what is known of each nucleus's doubt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, FlowMaps, HoverMaps, NucleusMap
from napari_nucleus.postprocess.hover import decode_hover
from napari_nucleus.postprocess.thresholds import Thresholds


def decode(
    maps: HoverMaps | FlowMaps,
    classes: ClassScheme,
    thresholds: Thresholds,
    disagreement: NDArray[np.float32] | None = None,
) -> NucleusMap:
    """Nuclei of maps.

    Parameters
    ----------
    maps : HoverMaps or FlowMaps
    classes : ClassScheme
        Of ``type_prob``; without types every nucleus is of the scheme ``nucleus``.
    thresholds : Thresholds
    disagreement : (H, W) float32, optional
        Of the members of an ensemble, pixel by pixel.

    Returns
    -------
    NucleusMap
        With types, the table has ``entropy``: that of the nucleus's mean type probabilities, background included, as a
        share of the largest there can be. With ``disagreement``, a column of that name: its mean over the nucleus.
    """
    kinds = None if maps.type_prob is None else classes
    if isinstance(maps, FlowMaps):
        from napari_nucleus.postprocess.flows import decode_flows

        nuclei = decode_flows(
            maps, classes=kinds, prob_threshold=thresholds.np_threshold, min_area_um2=thresholds.min_area_um2
        )
    else:
        nuclei = decode_hover(
            maps,
            classes=kinds,
            np_threshold=thresholds.np_threshold,
            marker_threshold=thresholds.marker_threshold,
            min_area_um2=thresholds.min_area_um2,
        )
    if kinds is not None:
        _add(nuclei, "entropy", _entropy(nuclei))
    if disagreement is not None:
        _add(nuclei, "disagreement", _mean(disagreement, nuclei))
    return nuclei


def _entropy(nuclei: NucleusMap) -> NDArray[np.float64]:
    known = nuclei.table[[f"p_{name}" for name in nuclei.scheme.classes]].to_numpy(np.float64)
    p = np.clip(np.column_stack([1 - known.sum(1), known]), 1e-12, 1)
    shares: NDArray[np.float64] = -(p * np.log(p)).sum(1) / np.log(p.shape[1])
    return np.clip(shares, 0, 1)


def _mean(values: NDArray[np.float32], nuclei: NucleusMap) -> NDArray[np.float64]:
    labels = nuclei.labels.ravel()
    pixels, sums = np.bincount(labels), np.bincount(labels, values.ravel())
    mine = nuclei.table["label"].to_numpy()
    means: NDArray[np.float64] = sums[mine] / np.maximum(pixels[mine], 1)
    return means


def _add(nuclei: NucleusMap, name: str, values: NDArray[np.float64]) -> None:
    """A column before the area."""
    nuclei.table.insert(list(nuclei.table).index("area_um2"), name, values)
