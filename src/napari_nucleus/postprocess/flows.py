"""Flow and probability maps to nuclei, as Cellpose does it (Stringer et al. 2021)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, FlowMaps, NucleusError, NucleusMap
from napari_nucleus.postprocess.checks import check_shares, check_sizes, classes_of
from napari_nucleus.postprocess.pieces import whole
from napari_nucleus.postprocess.regions import in_reading_order, small_removed


def decode_flows(
    maps: FlowMaps,
    *,
    classes: str | ClassScheme | None = None,
    prob_threshold: float = 0.5,
    min_area_um2: float = 1.5,
    min_sink_um2: float = 0.625,
    max_distance_um: float = 50.0,
    device: str = "cpu",
) -> NucleusMap:
    """Nuclei of flow and probability maps, by following the flow of each pixel to the centre of its nucleus.

    Pixels above the probability threshold move along the flow, a pixel a step. Where many of them end is a sink, and
    those that end in one sink are a nucleus; it keeps its largest piece, and holes in it are filled.

    Sizes are those of Cellpose at 0.25 µm: sinks lie more than 0.5 µm apart and are gathered within 1.25 µm, from
    pixels where more than two end. Two of its rules are left out. It drops nuclei above 40 % of the image and, by
    default, those whose shape gives another flow than the network's; the first depends on what else is in the image,
    the second costs more than all the rest. Each nucleus depends on its surroundings alone: a tile gives what the
    whole image gives.

    Parameters
    ----------
    maps : FlowMaps
        A flow of unit length: Cellpose's networks give five times that.
    classes : str or ClassScheme, optional
        Names of the classes of ``type_prob``. Default: ``class_1``, ``class_2``, …; without ``type_prob`` the scheme
        ``nucleus``.
    prob_threshold : float
        A pixel is nucleus where its probability is at least this.
    min_area_um2 : float
        Smaller nuclei are dropped.
    min_sink_um2 : float
        A sink needs a pixel in which more than this area ends; 10 pixels at 0.25 µm.
    max_distance_um : float
        How far a pixel is followed; 200 steps at 0.25 µm, as in Cellpose.
    device : str
        Where the flow is followed: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, …

    Returns
    -------
    NucleusMap
        Labels 1, 2, … in reading order of each nucleus's first pixel. The class is the majority of the pixels' most
        probable classes; ``p_<class>`` is the mean of ``type_prob`` over the nucleus.

    Raises
    ------
    NucleusError
        A threshold is out of range, ``classes`` does not fit ``type_prob``, or there is no such device.
    """
    check_shares(prob_threshold=prob_threshold)
    check_sizes(min_area_um2=min_area_um2, min_sink_um2=min_sink_um2, max_distance_um=max_distance_um)
    mask = maps.prob >= prob_threshold
    labels = np.zeros(maps.shape, np.int32)
    if mask.any():
        labels[mask] = _tracked(maps.flow, mask, maps.mpp, min_sink_um2, max_distance_um, device)
        labels = in_reading_order(small_removed(whole(labels), min_area_um2 / maps.mpp**2))
    return NucleusMap.from_labels(labels, mpp=maps.mpp, classes=classes_of(maps, classes), type_prob=maps.type_prob)


def _tracked(
    flow: NDArray[np.float32],
    mask: NDArray[np.bool_],
    mpp: float,
    min_sink_um2: float,
    max_distance_um: float,
    device: str,
) -> NDArray[np.int32]:
    """Number of the sink in which each of the mask's pixels ends, 0 for none; (N,)."""
    import torch  # slow to load

    from napari_nucleus.postprocess.sinks import end_points, sinks

    try:
        inside = torch.from_numpy(mask).to(device)
    except (RuntimeError, AssertionError) as error:
        raise NucleusError(f"Expected a device of this machine, got {device!r}. Use 'cpu'.") from error
    with torch.inference_mode():
        ends = end_points(torch.from_numpy(flow).to(inside.device), inside, math.ceil(max_distance_um / mpp))
        numbers = sinks(
            ends,
            (mask.shape[0], mask.shape[1]),
            apart=max(1, round(0.5 / mpp)),
            reach=max(1, round(1.25 / mpp)),
            least=min_sink_um2 / mpp**2,
            floor=0.125 / mpp**2,
        )
        return numbers.cpu().numpy()
