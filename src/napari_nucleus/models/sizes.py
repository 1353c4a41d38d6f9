"""Which images a network can take."""

from __future__ import annotations

from torch import Tensor

from napari_nucleus.core import NucleusError


def require_multiple(image: Tensor, multiple: int) -> None:
    """Refuse images (…, H, W) whose sides the network's strides don't divide.

    Raises
    ------
    NucleusError
        H or W is no multiple; the message gives the size to pad to.
    """
    height, width = image.shape[-2:]
    if height % multiple or width % multiple:
        above = [-(-side // multiple) * multiple for side in (height, width)]
        raise NucleusError(
            f"Expected an image whose sides are multiples of {multiple} pixels, got {height}×{width}. "
            f"Pad it to {above[0]}×{above[1]}."
        )
