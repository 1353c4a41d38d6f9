"""What a network can be taught for each pixel beside nucleus and type, by name: ``hv``, ``flow``, ``boundary``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.training.flow_targets import flow_targets
from napari_nucleus.training.symmetry import Symmetry
from napari_nucleus.training.targets import boundary_targets, hv_targets


@dataclass(frozen=True, slots=True)
class DenseTarget:
    """How a target comes from labels, and how it turns.

    Attributes
    ----------
    make : callable
        Labels (H, W) to (C, H, W) float32.
    x : int or None
        Of vectors, the channel that points right; None where the channels are no vectors.
    """

    make: Callable[[NDArray[np.integer]], NDArray[np.float32]]
    x: int | None = None

    def turn(self, target: NDArray[np.float32], symmetry: Symmetry) -> NDArray[np.float32]:
        """The target (H, W, C) of the turned image."""
        return symmetry.turn(target) if self.x is None else symmetry.turn_vectors(target, self.x)


DENSE_TARGETS = {
    "hv": DenseTarget(hv_targets, x=0),
    "flow": DenseTarget(flow_targets, x=1),
    "boundary": DenseTarget(boundary_targets),
}


def dense_targets(labels: NDArray[np.integer], names: Iterable[str]) -> dict[str, NDArray[np.float32]]:
    """The named targets of labels (H, W), each (C, H, W) float32."""
    return {name: DENSE_TARGETS[name].make(labels) for name in names}
