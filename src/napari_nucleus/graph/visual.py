"""Nuclei to numbers that can be compared with words: the image encoder of a CLIP."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import Image, NucleusMap
from napari_nucleus.models.clip_loading import EMBEDDED, LoadedClip, load_clip
from napari_nucleus.models.nucleus_windows import nucleus_windows

_BATCH = 256


def image_embeddings(
    image: Image | NDArray[np.uint8], nuclei: NucleusMap, name: str = EMBEDDED, device: str = "cpu"
) -> NDArray[np.float32]:
    """Each nucleus as a CLIP's image encoder sees it.

    Parameters
    ----------
    image : Image or (H, W, 3) uint8
    nuclei : NucleusMap
        Of that image.
    name, device : str
        As in `text_encoder`; texts and images are comparable within one CLIP alone.

    Returns
    -------
    (N, D) float32
        Rows of unit length, in the order of the nuclei's table.

    Raises
    ------
    NucleusError
        There is no such CLIP, its weights can't be fetched, or the image is of another size.
    """
    return embed_windows(nucleus_windows(image, nuclei), load_clip(name, device))


def embed_windows(windows: NDArray[np.uint8], clip: LoadedClip) -> NDArray[np.float32]:
    """Embeddings (N, D) float32 of windows (N, side, side, 3), batch by batch."""
    if not len(windows):
        return np.zeros((0, clip.text([""]).shape[1]), np.float32)
    batches = [clip.images(windows[first : first + _BATCH]).cpu().numpy() for first in range(0, len(windows), _BATCH)]
    return np.concatenate(batches)
