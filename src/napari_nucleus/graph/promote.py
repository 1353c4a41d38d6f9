"""From typed names to a trained classifier, as soon as some nuclei have been clicked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.graph.ask import class_prompt
from napari_nucleus.graph.text import TextEncoder
from napari_nucleus.models.nucleus_fit import FittedHead, LinearStart, fit_nucleus_head


def promote(
    names: Sequence[str],
    rows: NDArray[np.integer],
    classes: NDArray[np.integer],
    embeddings: NDArray[np.floating],
    encoder: TextEncoder,
) -> FittedHead:
    """Teach a classifier that begins as `zero_shot` and learns from nuclei that were clicked.

    Parameters
    ----------
    names : sequence of str
        Of the classes, as typed.
    rows : (M,) integers
        Rows of ``embeddings`` that were clicked.
    classes : (M,) integers
        Of each, from 1.
    embeddings : (N, D) float
        `image_embeddings`.
    encoder : TextEncoder
        Of the same CLIP.

    Returns
    -------
    FittedHead
        ``head.probabilities(embeddings)`` is (N, C).

    Raises
    ------
    NucleusError
        Nothing was clicked, a class is out of range, or arrays don't fit together.
    """
    if not len(rows):
        raise NucleusError("Expected nuclei that were clicked, got none. Click some of each class.")
    words = encoder.scale * encoder.encode([class_prompt(name) for name in names])
    start = LinearStart(torch.from_numpy(words), torch.zeros(len(names)))
    return fit_nucleus_head(embeddings[rows], np.asarray(classes), len(names), start=start)
