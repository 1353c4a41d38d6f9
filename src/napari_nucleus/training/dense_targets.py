"""What a network can be taught for each pixel beside nucleus and type, by name, and how that turns with the image."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.training.flow_targets import flow_targets
from napari_nucleus.training.symmetry import Symmetry
from napari_nucleus.training.targets import boundary_targets, hv_targets


@dataclass(frozen=True, slots=True)
class DenseTarget:
    """How a target comes from labels, and what becomes of it where the image is turned or zoomed.

    Attributes
    ----------
    make : callable or None
        Labels (H, W) to (C, H, W) float32; None for what isn't made from labels, such as a teacher's maps.
    x : int or None
        Of vectors, the channel that points right; None where the channels are no vectors.
    rotates : bool
        Whether the target of an image turned by any angle is the turned target; else it is made anew.
    zooms : bool
        Whether the target of a zoomed image is the zoomed target; else it is made anew.
    """

    make: Callable[[NDArray[np.integer]], NDArray[np.float32]] | None = None
    x: int | None = None
    rotates: bool = True
    zooms: bool = True

    def turn(self, target: NDArray[np.float32], symmetry: Symmetry) -> NDArray[np.float32]:
        """The target (H, W, C) of the turned image."""
        return symmetry.turn(target) if self.x is None else symmetry.turn_vectors(target, self.x)


LABEL_TARGETS = {
    # H and V are scaled by the nucleus's own extent along x and y, which an angle changes and a zoom doesn't.
    "hv": DenseTarget(hv_targets, x=0, rotates=False),
    "flow": DenseTarget(flow_targets, x=1),
    # Two pixels wide at any zoom.
    "boundary": DenseTarget(boundary_targets, rotates=False, zooms=False),
}
"""What labels give."""

DENSE_TARGETS = {
    **LABEL_TARGETS,
    # A teacher's answers (`distill.planes`), who isn't asked again how he sees a turned image.
    "told_np": DenseTarget(),
    "told_hv": DenseTarget(x=0, rotates=False),
    "told_flow": DenseTarget(x=1),
    "told_type": DenseTarget(),
    "told_source": DenseTarget(),
    "told_token": DenseTarget(),
}
"""All planes that are cut, zoomed and turned with an image."""


def dense_targets(labels: NDArray[np.integer], names: Iterable[str]) -> dict[str, NDArray[np.float32]]:
    """The named `LABEL_TARGETS` of labels (H, W), each (C, H, W) float32.

    Raises
    ------
    NucleusError
        A target isn't made from labels.
    """
    made = {}
    for name in names:
        make = LABEL_TARGETS[name].make if name in LABEL_TARGETS else None
        if make is None:
            raise NucleusError(f"Expected targets of {', '.join(LABEL_TARGETS)}, got {name!r}. Name one of those.")
        made[name] = make(labels)
    return made
