"""The eight symmetries of the square, for images, maps and fields of vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Symmetry:
    """Mirrored left to right, then top to bottom, then along the diagonal, or some of that."""

    left_to_right: bool
    top_to_bottom: bool
    diagonal: bool

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Symmetry:
        """Any of the eight, all as likely."""
        return cls(*(bool(rng.random() < 0.5) for _ in range(3)))

    def turn(self, array: NDArray[Scalar]) -> NDArray[Scalar]:
        """An image or map (H, W, …), turned; it may be a view."""
        if self.left_to_right:
            array = array[:, ::-1]
        if self.top_to_bottom:
            array = array[::-1]
        return array.swapaxes(0, 1) if self.diagonal else array

    def turn_vectors(self, field: NDArray[np.float32], x: int) -> NDArray[np.float32]:
        """A field of vectors (H, W, 2), turned as the image under it; ``x`` is the channel that points right."""
        signs = np.ones(2, np.float32)
        signs[x] = -1 if self.left_to_right else 1
        signs[1 - x] = -1 if self.top_to_bottom else 1
        field = self.turn(field) * signs
        return field[..., ::-1] if self.diagonal else field
