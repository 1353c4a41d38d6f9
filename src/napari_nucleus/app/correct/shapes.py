"""Edits of where nuclei are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.app.correct.boxes import around, window
from napari_nucleus.app.correct.table import NucleusTable
from napari_nucleus.project import Edit


def deleted(image: int, labels: NDArray[np.int32], table: NucleusTable, ids: Sequence[int]) -> Edit:
    """Nuclei gone, background in their place."""
    box = around(table.box(label) for label in ids)
    before = labels[window(box)].copy()
    after = np.where(np.isin(before, ids), 0, before)
    return Edit(image, "delete", tuple(table[label] for label in ids), (), box, before, after)
