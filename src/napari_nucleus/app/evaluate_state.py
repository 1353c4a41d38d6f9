"""What the panel Evaluate shows, and the frozen orders made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import SignalGroupDescriptor

from napari_nucleus.app.features import nuclei_of
from napari_nucleus.core import ClassScheme, NucleusError, NucleusMap

UNCLASSED = "nucleus"
"""The scheme of layers that know no classes."""


def classes_in(features: Any) -> dict[int, str]:
    """Class of each nucleus by its label, by name, as far as the features of a layer tell."""
    if "index" not in features or "class" not in features:
        return {}
    return dict(zip(np.asarray(features["index"]).tolist(), np.asarray(features["class"]).tolist(), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class LayerSource:
    """A Labels layer as the view hands it over.

    Attributes
    ----------
    name : str
    labels : (H, W) integers
        A copy: painting goes on while a thread looks at it.
    features : pandas.DataFrame or mapping
    scheme : ClassScheme or None
        None where the layer knows no classes.
    mpp : float
        Pixel size in µm.
    """

    name: str
    labels: NDArray[Any]
    features: Any
    scheme: ClassScheme | None
    mpp: float

    def nuclei(self) -> NucleusMap:
        """The layer's nuclei.

        Raises
        ------
        NucleusError
            Its labels aren't those of nuclei.
        """
        try:
            if self.scheme is None:
                return NucleusMap.from_labels(self.labels, mpp=self.mpp, classes=UNCLASSED)
            return nuclei_of(self.labels, self.features, self.scheme, self.mpp)
        except NucleusError as error:
            raise NucleusError(f"{self.name}: {error}") from error


@dataclass(frozen=True, slots=True, eq=False)
class CompareRequest:
    """One order: two layers to compare. Only the newest counts."""

    number: int
    truth: LayerSource
    prediction: LayerSource


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The numbers that are shown.

    Attributes
    ----------
    scheme : ClassScheme
    table : pandas.DataFrame
        ``metric``, ``class``, ``value``, ``low``, ``high``.
    settled : bool
        The intervals belong to the values; otherwise they are those from before the last corrections.
    confusion : pandas.DataFrame
        Counts by true (rows) and predicted class (columns), as `confusion_table` gives them.
    outcomes : mapping
        Nuclei by what became of them: a number of `error_map.Outcome` to a count.
    """

    scheme: ClassScheme
    table: pd.DataFrame
    settled: bool
    confusion: pd.DataFrame
    outcomes: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """A nucleus to look at: its labels (0 where there is none), and its centroid in pixels."""

    true: int
    pred: int
    y: float
    x: float


@dataclass(frozen=True, slots=True)
class Pick:
    """The nuclei of one cell of the confusion matrix, and which of them is looked at.

    Attributes
    ----------
    cell : (str, str)
        Its row and its column.
    places : tuple of Place
    at : int
    """

    cell: tuple[str, str]
    places: tuple[Place, ...]
    at: int = 0

    @property
    def place(self) -> Place:
        """The nucleus that is looked at."""
        return self.places[self.at]


@dataclass
class EvaluateState:
    """The panel's state; each field emits ``events.<field>`` when it changes.

    Attributes
    ----------
    running : bool
        Two layers are being compared.
    shown : Comparison or None
        The numbers; None before the first comparison, and when its layers are gone.
    pick : Pick or None
        What was clicked in the confusion matrix.
    message : str
        The last thing to tell the user.
    """

    running: bool = False
    shown: Comparison | None = None
    pick: Pick | None = None
    message: str = ""
    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()
