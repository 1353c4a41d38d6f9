"""A large image, put together from blocks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_nucleus.core import ClassScheme, NucleusMap
from napari_nucleus.inference.planes import Planes
from napari_nucleus.inference.tiles import Block


class Canvas:
    """The whole image, to which blocks add the nuclei centred in their cores."""

    def __init__(self, shape: tuple[int, int], scheme: ClassScheme, mpp: float, keep_maps: bool) -> None:
        self._labels = np.zeros(shape, np.int32)
        self._rows: list[pd.DataFrame] = []
        self._next = 1
        self._scheme, self._mpp, self._keep = scheme, mpp, keep_maps
        self._planes: Planes | None = None

    def add(self, block: Block, nuclei: NucleusMap, planes: Planes) -> None:
        """Draw a block's own nuclei."""
        table = nuclei.table
        y, x = table["y_px"] + block.top - block.y, table["x_px"] + block.left - block.x
        own = table[(y >= 0) & (y < block.height) & (x >= 0) & (x < block.width)]
        rename = np.zeros(int(nuclei.labels.max(initial=0)) + 1, np.int32)
        rename[own["label"]] = np.arange(self._next, self._next + len(own))
        added = rename[nuclei.labels]
        onto = self._labels[block.top : block.bottom, block.left : block.right]
        # A nucleus that a neighbouring block has drawn already, its centre a hair on the other side, isn't drawn twice.
        area = np.bincount(added.ravel(), minlength=self._next + len(own))
        taken = np.bincount(added[onto > 0], minlength=self._next + len(own))
        drawn = taken * 2 < area
        np.copyto(onto, added, where=(onto == 0) & drawn[added] & (added > 0))
        own = own.assign(label=rename[own["label"]])
        self._rows.append(own[drawn[own["label"]]])
        self._next += len(own)
        if self._keep:
            self._keep_planes(block, planes)

    def _keep_planes(self, block: Block, planes: Planes) -> None:
        if self._planes is None:
            self._planes = Planes(planes.layout, np.zeros((len(planes.values), *self._labels.shape), np.float32))
        y, x = block.y - block.top, block.x - block.left
        core = planes.values[:, y : y + block.height, x : x + block.width]
        self._planes.values[:, block.y : block.y + block.height, block.x : block.x + block.width] = core

    def finish(self) -> tuple[NucleusMap, Planes | None]:
        """Nuclei of the whole image: positions and areas measured anew, the rest as the blocks decoded it."""
        rows = pd.concat(self._rows, ignore_index=True)
        numbers = rows["class"].map(self._scheme.number_of)
        class_of = dict(zip(rows["label"], numbers, strict=True))
        nuclei = NucleusMap.from_labels(self._labels, mpp=self._mpp, classes=self._scheme, class_of=class_of)
        known = rows.set_index("label").reindex(nuclei.table["label"])
        for name in rows.columns.difference(nuclei.table.columns, sort=False):
            nuclei.table.insert(list(nuclei.table).index("area_um2"), name, known[name].to_numpy())
        return nuclei, self._planes
