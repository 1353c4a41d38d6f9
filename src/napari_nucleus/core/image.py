"""An image with its pixel size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core.errors import NucleusError


class Pixels(Protocol):
    """What a level of an image must offer; numpy, dask and zarr arrays do."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and 3."""

    @property
    def dtype(self) -> np.dtype:
        """Of uint8."""

    def __getitem__(self, key: Any) -> Any: ...


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """An RGB image, in memory or lazy, with its pixel size.

    Attributes
    ----------
    levels : tuple of (H, W, 3) uint8 arrays
        Full resolution first; one for a plain image, several for a slide. Lazy levels are read by slicing.
    mpp : float or None
        Pixel size of the full resolution in µm; None where neither the file nor the user says it.
    name : str
        For titles and file names.
    path : Path or None
        Where it was read from.

    Raises
    ------
    NucleusError
        A level is not (H, W, 3) uint8, has no pixels, or ``mpp`` is not above 0.
    """

    levels: tuple[Pixels, ...]
    mpp: float | None = None
    name: str = "image"
    path: Path | None = None

    def __post_init__(self) -> None:
        for level in self.levels:
            if len(level.shape) != 3 or level.shape[2] != 3 or level.dtype != np.uint8 or 0 in level.shape:
                raise NucleusError(
                    f"Expected an RGB image (H, W, 3) of uint8, got {level.shape} of {level.dtype}. "
                    "Read it with read_image, or convert it with as_rgb."
                )
        if self.mpp is not None:
            check_mpp(self.mpp)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the full resolution in pixels."""
        return self.levels[0].shape[0], self.levels[0].shape[1]

    @property
    def array(self) -> NDArray[np.uint8]:
        """The full resolution as a numpy array (H, W, 3); a lazy image is read whole."""
        return np.asarray(self.levels[0])

    def region(self, y: int, x: int, height: int, width: int) -> NDArray[np.uint8]:
        """A window of the full resolution, read now; (height, width, 3), cut at the image's border."""
        return np.asarray(self.levels[0][y : y + height, x : x + width])

    def with_mpp(self, mpp: float | None) -> Image:
        """The same image with another pixel size; None changes nothing."""
        return self if mpp is None else replace(self, mpp=mpp)


def check_mpp(mpp: float) -> float:
    """The pixel size as it is, if it can be one.

    Raises
    ------
    NucleusError
        It is not a number between 0.01 and 100 µm.
    """
    if not 0.01 <= mpp <= 100:
        raise NucleusError(
            f"Expected a pixel size (mpp) between 0.01 and 100 µm, got {mpp}. "
            "Give it in µm per pixel: 0.25 for 40×, 0.5 for 20×."
        )
    return float(mpp)
