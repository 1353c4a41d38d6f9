"""Findings as text: numbers with their intervals, tables for a terminal, and the answer in a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from napari_nucleus.evaluation.findings import Findings
from napari_nucleus.evaluation.scoring import BY_CLASS, TITLES

BY_TISSUE = ("pq", "mpq", "f_d")
_ACROSS = 3  # scores beside one another: what 80 columns hold


def number(value: float) -> str:
    """A score: three decimals, less for large ones (R² falls without bounds), a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"


def interval(low: float, high: float) -> str:
    """An interval in brackets; nothing where there is none."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"({number(low)}{' to ' if low < 0 else '–'}{number(high)})"


def probability(p: float) -> str:
    """A p value; a dash where there is none."""
    if not math.isfinite(p):
        return "–"
    return "< 0.01" if p < 0.01 else f"{p:.2f}"


def answer(findings: Findings) -> str:
    """The answer in a sentence."""
    tp, fp, fn = findings.evaluation.tallies.panoptic.sum(0)[:3].astype(int).tolist()
    share = f" ({100 * tp / (tp + fn):.0f} %)" if tp + fn else ""
    found = f"{tp:,} of {tp + fn:,} annotated nuclei were found{share}, {fn:,} were missed"
    return f"PQ {_cell(findings.rows(), 'pq')}: {found}, {fp:,} of {tp + fp:,} predictions are extra."


def difference(findings: Findings) -> str:
    """The comparison in a sentence; empty where there is none."""
    if findings.comparison is None:
        return ""
    row = findings.comparison.query("metric == 'pq' and `class` == ''").iloc[0]
    first, other = findings.short_names
    if not math.isfinite(row["difference"]):
        return f"PQ of {other} and {first} can't be compared: one has none."
    size = f"{'+' if row['difference'] > 0 else ''}{number(row['difference'])}"
    told = f"{size} {interval(row['low'], row['high'])}, p {_equals(row['p'])}" if math.isfinite(row["low"]) else size
    if row["difference"] == 0 or row["low"] <= 0 <= row["high"]:
        return f"PQ doesn't tell {other} from {first} on these images: {told}."
    return f"PQ of {other} is {'higher' if row['difference'] > 0 else 'lower'} than that of {first}: {told}."


def summary(findings: Findings) -> str:
    """All tables for a terminal, without colours: overall, by class, by tissue, and the comparison."""
    evaluation = findings.evaluation
    images = len(evaluation.names)
    head = f"{findings.prediction} against {findings.truth}: {images} image{'s' * (images != 1)}, "
    head += findings.classes
    parts = [head + "\n" + answer(findings), _overall(findings)]
    if evaluation.has_classes:
        parts += _blocks("class", {name: findings.rows(name) for name in evaluation.scheme.classes}, BY_CLASS)
    parts += _blocks("tissue", {name: findings.rows(tissue=name) for name in findings.tissues}, BY_TISSUE)
    if findings.comparison is not None:
        parts += [
            "{1} (other) beside {0} (first)\n".format(*findings.short_names) + difference(findings),
            _compared(findings.comparison),
        ]
    return "\n\n".join(parts)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as columns; the first row is the heading, the first column stands left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]])


def _overall(findings: Findings) -> str:
    rows = findings.rows()
    lines = [
        (TITLES[key], number(value), interval(low, high))
        for key, (value, low, high) in zip(rows.index, rows.to_numpy(float).tolist(), strict=True)
    ]
    with_interval = findings.table["low"].notna().any()
    return columns([line[: 2 + with_interval] for line in (("score", "value", "95 % interval"), *lines)])


def _blocks(what: str, parts: dict[str, pd.DataFrame], keys: Sequence[str]) -> list[str]:
    """Scores by class or tissue, a few of them beside one another."""
    keys = [key for key in keys if any(key in rows.index for rows in parts.values())]
    return [
        columns(
            [
                (what, *(TITLES[key] for key in chosen)),
                *((name, *(_cell(rows, key) for key in chosen)) for name, rows in parts.items()),
            ]
        )
        for chosen in (keys[i : i + _ACROSS] for i in range(0, len(keys), _ACROSS))
        if parts
    ]


def _compared(comparison: pd.DataFrame) -> str:
    overall = comparison[comparison["class"] == ""]
    values = overall[["a", "b", "difference", "low", "high", "p"]].to_numpy(float).tolist()
    lines = [
        (TITLES[key], number(a), number(b), f"{number(change)} {interval(low, high)}", probability(p))
        for key, (a, b, change, low, high, p) in zip(overall["metric"], values, strict=True)
    ]
    return columns([("score", "first", "other", "difference (95 % interval)", "p"), *lines])


def _cell(rows: pd.DataFrame, key: str) -> str:
    value, low, high = rows.loc[[key]].to_numpy(float)[0].tolist()
    return f"{number(value)} {interval(low, high)}".strip()


def _equals(p: float) -> str:
    return probability(p) if p < 0.01 else f"= {probability(p)}"
