"""Parts of an image at the pixel size that a model works at."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import Image
from napari_nucleus.inference.tiles import Block, blocks

# Pixels of the model's size that are decoded at once, and a halo that no nucleus reaches across.
_BLOCK = 4096
_HALO = 160


class Reader:
    """Reads an image block by block, resampled to a model's pixel size.

    Parameters
    ----------
    image : Image
        With a pixel size.
    mpp : float
        The model's, in µm.
    """

    def __init__(self, image: Image, mpp: float) -> None:
        assert image.mpp is not None
        self.image = image
        # Differences of 2 % are within what two scanners of one magnification differ.
        zoom = image.mpp / mpp
        self.zoom = 1.0 if abs(zoom - 1) < 0.02 else zoom

    def blocks(self) -> list[Block]:
        """The blocks of the image, in its own pixels."""
        return list(blocks(self.image.shape, max(16, int(_BLOCK / self.zoom)), max(16, int(_HALO / self.zoom))))

    def size(self, block: Block) -> tuple[int, int]:
        """Height and width of a block at the model's pixel size."""
        height, width = block.bottom - block.top, block.right - block.left
        return max(1, round(height * self.zoom)), max(1, round(width * self.zoom))

    def pixels(self, block: Block) -> NDArray[np.uint8]:
        """A block with its halo, (height, width, 3) of `size`."""
        height, width = block.bottom - block.top, block.right - block.left
        pixels = np.ascontiguousarray(self.image.region(block.top, block.left, height, width))
        if self.zoom == 1.0:
            return pixels
        how = cv2.INTER_AREA if self.zoom < 1 else cv2.INTER_CUBIC
        return cv2.resize(pixels, self.size(block)[::-1], interpolation=how).astype(np.uint8)
