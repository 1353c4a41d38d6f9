"""Where data come from, what may be done with them, and whom to cite: for the card of a model trained on them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_SOURCE = "SOURCE.md"
_TITLE = re.compile(r"^#+\s*(.+?)\s*$", re.MULTILINE)
_CITATION = re.compile(r"\bcitation:\s*(.+?)\s*(?=\blicen[cs]e:|\n|$)", re.IGNORECASE)
_LICENCE = re.compile(r"\blicen[cs]e:\s*(.+?)\s*(?=\bcitation:|\n|$)", re.IGNORECASE)

Credit = dict[str, Any]


def credit(folder: Path, data: Path, training: int, held_out: int, *, typed: bool) -> Credit:
    """``name``, ``images``, ``licence`` and ``citation`` of a data set.

    The latter two, and a better name, are read from lines ``Licence: …`` and ``Citation: …`` and the title of a file
    ``SOURCE.md`` in its folder, or in the next one above within the data folder; they are empty without one.

    Parameters
    ----------
    folder : Path
        Of the data set.
    data : Path
        Of all data.
    training, held_out : int
        Its images on each side of the split.
    typed : bool
        Whether its classes are learnt.
    """
    text = next((p.read_text(encoding="utf-8") for p in _places(folder, data) if p.exists()), "")
    name, citation, licence = (_found(pattern, text) for pattern in (_TITLE, _CITATION, _LICENCE))
    images = f"{training} to train on, {held_out} held out" + ("" if typed else "; without their classes")
    return {"name": name or folder.name, "images": images, "licence": licence, "citation": citation}


def _places(folder: Path, data: Path) -> list[Path]:
    inside = [folder, *(parent for parent in folder.parents if data in parent.parents)]
    return [place / _SOURCE for place in inside]


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1].rstrip(".") if found else ""
