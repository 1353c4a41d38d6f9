"""``napari-nucleus demo``: the main job on real tissue, in a window or, where there is none, as files."""

from __future__ import annotations

import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from napari_nucleus.app.demo import Demo


def demo(
    out: Annotated[
        Path | None,
        typer.Option(help="Write pictures and tables there; without a display: napari-nucleus-demo by default."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
) -> None:
    """Segment bundled tissue and show it in napari; without a display, write pictures and tables instead."""
    from napari_nucleus.app.demo import demo_steps, write_demo
    from napari_nucleus.app.doctor import has_display
    from napari_nucleus.core import drain

    window = has_display() and find_spec("napari") is not None
    if out is None and not window:
        out = Path("napari-nucleus-demo")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)  # what can't be written fails before the work

    start = time.perf_counter()
    done = drain(demo_steps(device))
    _summarise(done, time.perf_counter() - start)
    if out is not None:
        written = write_demo(done, out)
        print(f"\nWritten to {out.resolve()}:")
        for what, path in written.items():
            print(f"  {path.name:32} {what}")
    if window:
        from napari_nucleus.gui.demo import show_demo

        show_demo(done)


def _summarise(done: Demo, seconds: float) -> None:
    height, width = done.image.shape
    nuclei = done.result.nuclei
    print(f"{done.image.name}: {width}×{height} px at {nuclei.mpp:g} µm, colorectal tissue (CoNSeP)")
    print(f"{len(nuclei)} nuclei and {done.graph.edges.shape[1]} edges between neighbours, {seconds:.1f} s in all\n")
    print(done.counts().to_string(index=False))
    pq, aji, f_d = (done.evaluation.value(metric) for metric in ("pq", "aji", "f_d"))
    print(f"\nAgainst the annotation: PQ {pq:.3f}, AJI {aji:.3f}, F_d {f_d:.3f}")
    for note in done.result.notes:
        print(note)
