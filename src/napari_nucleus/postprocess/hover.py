"""NP, HV and type maps to nuclei, as HoVer-Net does it (Graham et al. 2019, §3.3)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, HoverMaps, NucleusMap
from napari_nucleus.postprocess.checks import check_shares, check_sizes, classes_of
from napari_nucleus.postprocess.flood import flood
from napari_nucleus.postprocess.regions import components, in_reading_order, small_removed

# Edge of flat ground, a little below the usual marker threshold: a seed may fall by 2 % of a jump, as noise does.
_FLAT = 0.38


def decode_hover(
    maps: HoverMaps,
    *,
    classes: str | ClassScheme | None = None,
    np_threshold: float = 0.5,
    marker_threshold: float = 0.4,
    min_area_um2: float = 1.5,
    smoothing_um: float = 0.4,
    min_marker_um2: float = 0.625,
    max_hole_um2: float = 4.0,
) -> NucleusMap:
    """Nuclei of NP, HV and type maps, by a marker-controlled watershed.

    Pixels above the NP threshold are nucleus. H rises from -1 to 1 across a nucleus from left to right, V from top to
    bottom, and both fall where the next nucleus begins, so their falling slope is the edge map. Nucleus pixels without
    edge, holes filled and opened by a disc of 1.25 µm, are the markers from which the nuclei are flooded.

    The published code stretches H, V and their slopes to [0, 1] by the least and the largest value of the whole
    image, so that one pixel changes every nucleus. Here the scale is fixed, each nucleus depends on its surroundings
    alone, and a tile gives what the whole image gives. A slope is measured with a Gaussian derivative, in jumps: the
    steepest fall there can be, from 1 to -1 where two nuclei touch, is -1, whatever the smoothing and the pixel size.
    Then ``edge = 0.38 - slope``, cut to [0, 1], the smaller slope of H and V taken. In the published code, too, the
    slopes of real maps, which reach from -0.6 to 0.4 jumps, become ``edge = 0.4 - slope``: the thresholds mean the
    same. A seed is, in short, where both H and V rise.

    Parameters
    ----------
    maps : HoverMaps
    classes : str or ClassScheme, optional
        Names of the classes of ``type_prob``. Default: ``class_1``, ``class_2``, …; without ``type_prob`` the scheme
        ``nucleus``.
    np_threshold : float
        A pixel is nucleus where its NP probability is at least this.
    marker_threshold : float
        A pixel may seed a nucleus where its edge is below this. Higher: fewer splits.
    min_area_um2 : float
        Smaller nuclei are dropped.
    smoothing_um : float
        Standard deviation of the Gaussian. The published Sobel filter of 21 pixels at 0.25 µm has 0.56; n pixels have
        ``0.25 / 2 * (n - 1) ** 0.5``.
    min_marker_um2 : float
        Smaller markers are dropped; 10 pixels at 0.25 µm.
    max_hole_um2 : float
        Smaller holes in a marker are filled. Without a limit, a ring of nuclei would become one.

    Returns
    -------
    NucleusMap
        Labels 1, 2, … in reading order of each nucleus's first pixel. The class is the majority of the pixels' most
        probable classes; ``p_<class>`` is the mean of ``type_prob`` over the nucleus.

    Raises
    ------
    NucleusError
        A threshold is out of range, or ``classes`` does not fit ``type_prob``.
    """
    check_shares(np_threshold=np_threshold, marker_threshold=marker_threshold)
    check_sizes(
        min_area_um2=min_area_um2, min_marker_um2=min_marker_um2, max_hole_um2=max_hole_um2, smoothing_um=smoothing_um
    )
    mask = (maps.np_prob >= np_threshold).astype(np.uint8)
    if mask.any():
        edge = edge_map(maps.hv, mask, smoothing_um / maps.mpp)
        markers = _markers(mask, edge, marker_threshold, maps.mpp, min_marker_um2, max_hole_um2)
        energy = np.asarray(cv2.GaussianBlur((edge - 1) * mask, (3, 3), 0), np.float32)
        labels = in_reading_order(small_removed(flood(energy, markers, mask), min_area_um2 / maps.mpp**2))
    else:
        labels = np.zeros(maps.shape, np.int32)
    return NucleusMap.from_labels(labels, mpp=maps.mpp, classes=classes_of(maps, classes), type_prob=maps.type_prob)


def edge_map(hv: NDArray[np.float32], mask: NDArray[np.uint8], sigma_px: float) -> NDArray[np.float32]:
    """How steeply H falls to the right or V to the bottom: (H, W) float32 in [0, 1], 0 outside the mask."""
    smooth, slope = _slope_kernels(sigma_px)
    steepest = np.minimum(cv2.sepFilter2D(hv[0], -1, slope, smooth), cv2.sepFilter2D(hv[1], -1, smooth, slope))
    return np.asarray(np.clip(_FLAT - steepest, 0, 1) * mask, np.float32)


def _slope_kernels(sigma_px: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A Gaussian, and its derivative scaled so that a jump from 1 to -1 gives -1."""
    sigma = max(sigma_px, 0.5)
    reach = int(np.ceil(3.5 * sigma))
    x = np.arange(-reach, reach + 1)
    smooth = np.exp(-0.5 * (x / sigma) ** 2)
    slope = x * smooth
    return (smooth / smooth.sum()).astype(np.float32), (slope / np.abs(slope).sum()).astype(np.float32)


def _markers(
    mask: NDArray[np.uint8],
    edge: NDArray[np.float32],
    threshold: float,
    mpp: float,
    min_marker_um2: float,
    max_hole_um2: float,
) -> NDArray[np.int32]:
    """Numbered markers, (H, W) int32."""
    inner = mask & (edge < threshold).astype(np.uint8)
    holes = small_removed(components(1 - inner), max_hole_um2 / mpp**2)
    inner[holes == 0] = 1
    inner &= mask
    side = 2 * round(0.5 / mpp) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    opened = np.asarray(cv2.morphologyEx(inner, cv2.MORPH_OPEN, disc), np.uint8)
    return small_removed(components(opened), min_marker_um2 / mpp**2)
