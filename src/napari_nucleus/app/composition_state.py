"""What the panel Composition shows, and the frozen orders made from layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import SignalGroupDescriptor
from scipy.ndimage import affine_transform

from napari_nucleus.app.evaluate_state import LayerSource
from napari_nucleus.core import ClassScheme, NucleusError

MEASURES: dict[str, str] = {"fraction": "fraction", "per_mm2": "density, per mm²", "n": "count"}
"""What can be shown of each class: the first part of the table's columns, and its name."""


@dataclass(frozen=True, slots=True, eq=False)
class PaintedRegions:
    """Regions as a Labels layer that need not lie like the nuclei.

    Attributes
    ----------
    labels : (h, w) integers
        A copy; 0 = no region.
    matrix : (2, 3) float
        From their pixels to those of the nuclei: y and x of a step down, of a step across, and of the first pixel.
    """

    labels: NDArray[np.integer]
    matrix: NDArray[np.float64]

    def on(self, shape: tuple[int, ...]) -> NDArray[np.integer]:
        """The region of each pixel of the nuclei's image, (H, W).

        Raises
        ------
        NucleusError
            The labels aren't one plane.
        """
        if self.labels.ndim != 2:
            raise NucleusError(f"Expected regions in one plane, got shape {self.labels.shape}. Split off a plane.")
        if self.labels.shape == shape and np.allclose(self.matrix, np.eye(2, 3)):
            return self.labels
        back = np.linalg.inv(self.matrix[:, :2])
        offset = -back @ self.matrix[:, 2]
        placed: NDArray[np.integer] = affine_transform(
            self.labels, back, offset, shape, order=0, mode="grid-constant", prefilter=False
        )
        return placed


@dataclass(frozen=True, slots=True, eq=False)
class CompositionRequest:
    """One order; only the newest counts.

    Attributes
    ----------
    number : int
    nuclei : LayerSource
    mpp_source : str
        Where the pixel size comes from, as `napari_nucleus.gui.layers.place.read_mpp` says.
    regions : PaintedRegions, mapping or None
        A mapping holds rings (N, 2) by name, in pixels of the nuclei.
    """

    number: int
    nuclei: LayerSource
    mpp_source: str = "file"
    regions: PaintedRegions | Mapping[str, Sequence[NDArray[np.float64]]] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """What came of a request: a table of `composition` with its classes, or an error."""

    request: CompositionRequest
    table: pd.DataFrame | None = None
    scheme: ClassScheme | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """The numbers that are shown.

    Attributes
    ----------
    table : pandas.DataFrame
        Of `napari_nucleus.evaluation.composition`; the whole image first.
    scheme : ClassScheme
    mpp : float
        Pixel size in µm.
    mpp_source : str
    """

    table: pd.DataFrame
    scheme: ClassScheme
    mpp: float
    mpp_source: str

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of the table, ``unknown`` last where there are any."""
        return tuple(name[2:] for name in map(str, self.table) if name.startswith("n_"))


@dataclass
class CompositionState:
    """The panel's state; each field emits ``events.<field>`` when it changes.

    Attributes
    ----------
    shown : Shown or None
    measure : str
        A key of `MEASURES`.
    row : int
        Of the table, whose fractions are told in words.
    message : str
        Why nothing is shown; empty where something is.
    """

    shown: Shown | None = None
    measure: str = "fraction"
    row: int = 0
    message: str = ""
    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()
