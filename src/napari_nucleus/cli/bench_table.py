"""The table of ``napari-nucleus models list --bench``: readable as it is, and Markdown."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_nucleus.inference.bench import Figures, Speed
    from napari_nucleus.models import ModelInfo

_NONE = "–"


def print_bench(models: Sequence[ModelInfo]) -> None:
    """Measure models one after another, and print a row of each."""
    import torch

    from napari_nucleus.inference.bench import GPU_BATCHES, bench
    from napari_nucleus.inference.device import precision

    batches = GPU_BATCHES if torch.cuda.is_available() else ()
    name = max([5, *(len(model.name) for model in models)])
    columns = {"model": name, "patch": 5, "parameters": 13, "GMAC": 7, "MB": 8, "CPU s": 7}
    columns |= {f"GPU, batch of {batch}": 18 for batch in batches} | {"published": 0}
    widths = list(columns.values())
    print(f"One patch on one CPU thread in {precision('cpu')}; MB: weights in half precision.\n")
    _print_row(list(columns), widths)
    _print_row(["-" * max(width, 3) for width in widths], widths)
    for model in models:
        print(f"measuring {model.name} …", file=sys.stderr)
        _print_row(_row(bench(model), batches), widths)


def _row(found: Figures, batches: Sequence[int]) -> list[str]:
    return [
        found.name,
        f"{found.side}²",
        f"{found.parameters:,}",
        f"{found.macs / 1e9:.2f}",
        f"{found.file_bytes / 1e6:,.1f}",
        "no room" if found.cpu_s is None else f"{found.cpu_s:.2f}",
        *(_speed(found.gpu.get(batch)) for batch in batches),
        found.published or _NONE,
    ]


def _speed(speed: Speed | None) -> str:
    return "no room" if speed is None else f"{speed.ms:.1f} ms, {speed.peak_gb:.1f} GB"


def _print_row(cells: Sequence[str], widths: Sequence[int]) -> None:
    first, *middle, last = (
        cell.ljust(width) if i in (0, len(cells) - 1) else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    print("|", " | ".join([first, *middle, last]), "|", flush=True)
