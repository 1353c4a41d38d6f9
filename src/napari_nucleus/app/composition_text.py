"""Composition as columns of text, and its headline in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from napari_nucleus.app.composition_state import Shown
from napari_nucleus.evaluation.composition import WHOLE, classes_as

_HEADLINES = {"tumor_burden": "tumour burden", "til_fraction": "TIL fraction", "etils": "eTILs"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table on the screen.

    Attributes
    ----------
    title : str
    values : tuple
        What it is sorted by.
    texts : tuple of str
    class_name : str
        The class that it tells of; empty where it tells of all nuclei.
    """

    title: str
    values: tuple[str | float, ...]
    texts: tuple[str, ...]
    class_name: str = ""


def columns_of(shown: Shown, measure: str) -> list[Column]:
    """The columns of a measure: the region, its size, for fractions the headline values, and each class."""
    names = tuple(shown.table["region"])
    sizes = {
        "fraction": {"nuclei": "nuclei"},
        "per_mm2": {"area_mm2": "mm²", "per_mm2": "all"},
        "n": {"area_mm2": "mm²", "nuclei": "all"},
    }
    columns = [Column("region", names, names), *(_column(shown, *size) for size in sizes[measure].items())]
    if measure == "fraction":
        columns += [_column(shown, *told) for told in _HEADLINES.items()]
    return columns + [_column(shown, f"{measure}_{name}", name, name) for name in shown.classes]


def headline(shown: Shown, row: int) -> list[tuple[str, str]]:
    """The headline values of a row of the table, each with what it means."""
    told = shown.table.iloc[row]
    where = "Whole image" if told["region"] == WHOLE else told["region"]
    lines = [
        (where, f"{_nuclei(told['nuclei'])} on {text('area_mm2', told['area_mm2'])} mm²"),
        _share(shown, row, "tumor", "tumour", "Tumour burden", "tumor_burden"),
        _share(shown, row, "immune", "immune", "TIL fraction", "til_fraction"),
    ]
    if not math.isnan(told["etils"]):
        lines.append((f"eTILs {text('etils', told['etils'])}", "immune among immune and tumour nuclei"))
    if told.get("n_unknown", 0):
        lines.append((f"{told['n_unknown']:,} of unknown class", "count among all nuclei"))
    return lines


def text(key: str, value: float) -> str:
    """A number of a column of `composition`; a dash for nan."""
    if math.isnan(value):
        return "–"
    if key in _HEADLINES or key.startswith("fraction_"):
        return f"{100 * value:.1f} %"
    return f"{value:.4g}" if key == "area_mm2" else f"{value:,.0f}"


def _column(shown: Shown, key: str, title: str, class_name: str = "") -> Column:
    values = tuple(map(float, shown.table[key]))
    return Column(title, values, tuple(text(key, value) for value in values), class_name)


def _share(shown: Shown, row: int, role: str, word: str, title: str, key: str) -> tuple[str, str]:
    names = classes_as(shown.scheme, role)
    if not names:
        return f"{title} –", f"the classes of {shown.scheme.name} don't tell {word} nuclei"
    told = shown.table.iloc[row]
    found = sum(int(told[f"n_{name}"]) for name in names)
    return f"{title} {text(key, told[key])}", f"{_nuclei(found, word + ' ')} ({', '.join(names)})"


def _nuclei(n: int, kind: str = "") -> str:
    return f"{n:,} {kind}{'nucleus' if n == 1 else 'nuclei'}"
