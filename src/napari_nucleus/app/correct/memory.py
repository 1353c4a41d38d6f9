"""The nuclei of an image in memory, which follow edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.app.correct.boxes import around, boxes_of, owners, window
from napari_nucleus.app.correct.table import NucleusTable
from napari_nucleus.project import Edit, Project, Row
from napari_nucleus.project.chunks import Box
from napari_nucleus.project.classes import numbers_of

UNKNOWN = 255
"""In the class map: a nucleus without class."""


class ImageMemory:
    """Labels, classes and table of an image; each edit costs what it changes.

    Attributes
    ----------
    labels : (H, W) int32
    classes : (H, W) uint8
        Class number of each pixel: 0 background, `UNKNOWN` a nucleus without class.
    table : NucleusTable
    """

    def __init__(
        self, labels: NDArray[np.int32], rows: Sequence[Row], numbers: Mapping[int, int], features: Sequence[str]
    ) -> None:
        self.labels = labels
        self.classes = np.zeros(labels.shape, np.uint8)
        boxes = boxes_of(labels, np.array([row.label for row in rows], np.int32))
        self.table = NucleusTable(rows, boxes, numbers, features)
        self._draw_classes()

    @classmethod
    def read(cls, project: Project, image: int) -> ImageMemory:
        """An image of a project, as it is now."""
        features, numbers = project.image(image).features, numbers_of(project.classes)
        return cls(project.labels(image), project.rows(image), numbers, features)

    def take_in(self, edit: Edit) -> tuple[tuple[int, ...], Box]:
        """Follow an edit.

        Returns
        -------
        tuple of int
            Nuclei that changed, came or went.
        (y0, x0, y1, x1)
            A box around everything that changed.
        """
        rows = {row.label: row for row in (*edit.rows_before, *edit.rows_after)}
        places = [self.table.box(label) for label in rows if label in self.table]
        boxes: Mapping[int, Box] = {}
        if edit.box is not None:
            places.append(edit.box)
            boxes = self._paint(edit)
        self.table.replace(edit.rows_before, edit.rows_after, boxes)
        for row in edit.rows_after:
            place = window(self.table.box(row.label))
            self.classes[place][self.labels[place] == row.label] = self.table.number(row.label) or UNKNOWN
        return tuple(rows), around(places)

    def number_anew(self, numbers: Mapping[int, int]) -> None:
        """Other classes."""
        rows = self.table.rows()
        boxes = np.array([self.table.box(row.label) for row in rows], np.int32).reshape(-1, 4)
        self.table = NucleusTable(rows, boxes, numbers, self.table.features)
        self._draw_classes()

    def _draw_classes(self) -> None:
        """Its columns must be in the order of the labels."""
        columns = self.table.columns
        numbers = np.concatenate([[0], np.where(columns["number"], columns["number"], UNKNOWN)]).astype(np.uint8)
        self.classes[...] = numbers[owners(self.labels, columns["label"])]

    def _paint(self, edit: Edit) -> dict[int, Box]:
        """Change labels; the new boxes of the nuclei that are there then."""
        assert edit.box is not None
        assert edit.pixels_before is not None
        assert edit.pixels_after is not None
        place = window(edit.box)
        changed = edit.pixels_before != edit.pixels_after
        self.labels[place][changed] = edit.pixels_after[changed]
        self.classes[place][changed & (edit.pixels_after == 0)] = 0
        ids = sorted(row.label for row in edit.rows_after)
        within = around([edit.box, *(self.table.box(label) for label in ids if label in self.table)])
        there = self.labels[window(within)]
        boxes = boxes_of(np.where(np.isin(there, ids), there, 0), np.array(ids, np.int32)) + np.array(within[:2] * 2)
        return {label: (y0, x0, y1, x1) for label, (y0, x0, y1, x1) in zip(ids, boxes.tolist(), strict=True)}
