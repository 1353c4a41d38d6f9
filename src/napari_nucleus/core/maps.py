"""The two kinds of dense predictions that nuclei are decoded from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core.errors import NucleusError


@dataclass(frozen=True, slots=True, eq=False)
class HoverMaps:
    """NP, HV and type maps of one image (Graham et al. 2019).

    Attributes
    ----------
    np_prob : (H, W) float32
        Probability of "nucleus", in [0, 1].
    hv : (2, H, W) float32
        Horizontal, then vertical distance to the nucleus's centre, in [-1, 1].
    type_prob : (1 + C, H, W) float32 or None
        Class probabilities, background first; they sum to 1.
    boundary : (H, W) float32 or None
        Probability of "edge of a nucleus", where a network gives it.
    mpp : float
        Pixel size in µm.

    Raises
    ------
    NucleusError
        Shapes don't fit together, or a map holds NaN or infinity.
    """

    np_prob: NDArray[np.float32]
    hv: NDArray[np.float32]
    type_prob: NDArray[np.float32] | None = None
    boundary: NDArray[np.float32] | None = None
    mpp: float = 0.25

    def __post_init__(self) -> None:
        shape = self.np_prob.shape
        _check_maps(self, {"np_prob": shape, "hv": (2, *shape), "boundary": shape})

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.np_prob.shape[0], self.np_prob.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class FlowMaps:
    """Flow, probability and type maps of one image (Stringer et al. 2021).

    Attributes
    ----------
    flow : (2, H, W) float32
        y, then x, of unit length inside nuclei.
    prob : (H, W) float32
        Probability of "nucleus", in [0, 1].
    type_prob : (1 + C, H, W) float32 or None
        Class probabilities, background first; they sum to 1.
    mpp : float
        Pixel size in µm.

    Raises
    ------
    NucleusError
        Shapes don't fit together, or a map holds NaN or infinity.
    """

    flow: NDArray[np.float32]
    prob: NDArray[np.float32]
    type_prob: NDArray[np.float32] | None = None
    mpp: float = 0.25

    def __post_init__(self) -> None:
        shape = self.prob.shape
        _check_maps(self, {"prob": shape, "flow": (2, *shape)})

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.prob.shape[0], self.prob.shape[1]


def _check_maps(maps: Any, expected: dict[str, tuple[int, ...]]) -> None:
    for field in fields(maps):
        value = getattr(maps, field.name)
        if field.name == "mpp" or value is None:
            continue
        value = np.asarray(value, np.float32)
        object.__setattr__(maps, field.name, value)
        plane = next(iter(expected.values()))
        wanted = expected.get(field.name, (value.shape[0] if value.ndim else 0, *plane))
        if value.shape != wanted or len(plane) != 2:
            raise NucleusError(
                f"Expected {field.name} of shape {wanted}, got {value.shape}. Give all maps the height and width of "
                "one image."
            )
        if not np.isfinite(value).all():
            raise NucleusError(f"Expected finite numbers in {field.name}, got NaN or infinity. Check the model.")
    if not maps.mpp > 0:
        raise NucleusError(f"Expected mpp above 0 µm, got {maps.mpp}. Give the pixel size in µm.")
