"""Turning images, maps and fields of vectors: the eight symmetries of the square, and free angles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Symmetry:
    """Mirrored left to right, then top to bottom, then along the diagonal, or some of that."""

    left_to_right: bool = False
    top_to_bottom: bool = False
    diagonal: bool = False

    @classmethod
    def drawn(
        cls, rng: np.random.Generator, *, flip: float = 0.5, quarter_turn: float = 0.0, transpose: float = 0.5
    ) -> Symmetry:
        """A symmetry by chance; with the defaults any of the eight, all as likely.

        Parameters
        ----------
        rng : numpy.random.Generator
        flip : float
            Chance of a flip left to right, and of one top to bottom.
        quarter_turn : float
            Chance of a turn by 90°, 180° or 270°, each as likely.
        transpose : float
            Chance of a reflection in the diagonal.
        """
        left_to_right, top_to_bottom, diagonal, turned = (
            bool(rng.random() < chance) for chance in (flip, flip, transpose, quarter_turn)
        )
        symmetry = cls(left_to_right, top_to_bottom, diagonal)
        return symmetry.then(_QUARTER_TURNS[rng.integers(3)]) if turned else symmetry

    def then(self, other: Symmetry) -> Symmetry:
        """One symmetry that does what this one and then another do."""
        flips = other.left_to_right, other.top_to_bottom
        # Flipping after the diagonal is flipping the other way before it.
        sideways, upside = flips[::-1] if self.diagonal else flips
        return Symmetry(self.left_to_right ^ sideways, self.top_to_bottom ^ upside, self.diagonal ^ other.diagonal)

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


_QUARTER_TURNS = (Symmetry(True, False, True), Symmetry(True, True, False), Symmetry(False, True, True))


def turn_vectors(field: NDArray[np.float32], angle: float, x: int) -> NDArray[np.float32]:
    """Vectors (H, W, 2) turned where they stand, by an angle in degrees, counter-clockwise as it is seen.

    ``x`` is the channel that points right; the other one points down.
    """
    c, s = np.float32(np.cos(np.deg2rad(angle))), np.float32(np.sin(np.deg2rad(angle)))
    turned = np.empty_like(field)
    turned[..., x] = c * field[..., x] + s * field[..., 1 - x]
    turned[..., 1 - x] = c * field[..., 1 - x] - s * field[..., x]
    return turned
