"""Edits of what is said of nuclei: their class, and what a person thinks of them."""

from __future__ import annotations

from collections.abc import Iterable

from napari_nucleus.project import Edit, Row


def said(image: int, action: str, rows: Iterable[Row], **values: object) -> Edit:
    """The same said of each nucleus; ``values`` are fields of `Row`."""
    before = tuple(rows)
    return Edit(image, action, before, tuple(row._replace(**values) for row in before))
