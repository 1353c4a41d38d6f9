"""One correction: what was there, and what is there instead."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.project.chunks import Box
from napari_nucleus.project.classes import ProjectClass
from napari_nucleus.project.nuclei import Row


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """A correction of an image's nuclei: geometry, class and all that is known of them, together.

    Attributes
    ----------
    image : int
    action : str
        What it is called, such as ``set class`` or ``merge``.
    rows_before, rows_after : tuple of Row
        The nuclei that it changes; one that is only before is deleted, one that is only after is new.
    box : (y0, x0, y1, x1) or None
        Where pixels change.
    pixels_before, pixels_after : (height, width) int32 or None
        Labels in the box. What is equal in both is none of its business.
    """

    image: int
    action: str
    rows_before: tuple[Row, ...] = ()
    rows_after: tuple[Row, ...] = ()
    box: Box | None = None
    pixels_before: NDArray[np.int32] | None = None
    pixels_after: NDArray[np.int32] | None = None

    def undone(self) -> Edit:
        """The edit that takes it back."""
        return replace(
            self,
            action=_taken_back(self.action),
            rows_before=self.rows_after,
            rows_after=self.rows_before,
            pixels_before=self.pixels_after,
            pixels_after=self.pixels_before,
        )


@dataclass(frozen=True, slots=True)
class SchemeEdit:
    """A change of the project's classes: all of them as they were, and as they are then."""

    action: str
    before: tuple[ProjectClass, ...]
    after: tuple[ProjectClass, ...]

    def undone(self) -> SchemeEdit:
        """The edit that takes it back."""
        return SchemeEdit(_taken_back(self.action), self.after, self.before)


def _taken_back(action: str) -> str:
    """What taking it back is called: undo, and of an undo, redo."""
    word, _, rest = action.partition(" ")
    if word == "undo":
        return f"redo {rest}"
    return f"undo {rest}" if word == "redo" else f"undo {action}"
