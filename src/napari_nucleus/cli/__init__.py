"""The command line: one file a command, assembled here.

A file holds one function named like its command, with typer's annotations and a one-paragraph docstring, the help text.
It imports torch, napari and the like inside the function, so that ``--help`` is quick. Mistakes of the user are
`NucleusError`; `main` prints them.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from napari_nucleus import __version__
from napari_nucleus.cli import (
    ask,
    composition,
    court,
    demo,
    distill,
    doctor,
    evaluate,
    fine_tune,
    graph,
    graph_ablation,
    jobs,
    models,
    project,
    relabel,
    segment,
    tiles,
    train,
    train_clip,
    train_graph,
)

app = typer.Typer(
    name="napari-nucleus",
    help="Segment, classify and connect nuclei in H&E histopathology.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(demo.demo)
app.command()(segment.segment)
app.command()(ask.ask)
app.command()(evaluate.evaluate)
app.command()(composition.composition)
app.command()(train.train)
app.command()(graph.graph)
app.command()(graph_ablation.graph_ablation)
app.command()(train_graph.train_graph)
app.command()(distill.distill)
app.command()(fine_tune.fine_tune)
app.command()(train_clip.train_clip)
app.command()(relabel.relabel)
app.command()(court.court)
app.command()(tiles.tiles)
app.add_typer(jobs.jobs, name="jobs")
app.add_typer(models.models, name="models")
app.add_typer(project.project, name="project")
app.command()(doctor.doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"napari-nucleus {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Segment, classify and connect nuclei in H&E histopathology."""


def main() -> None:
    """Run the command line and exit: 0 done, 1 something that the user can mend, 2 usage, 130 interrupted."""
    try:
        app(prog_name="napari-nucleus")
    except SystemExit as stop:
        if stop.code == 130:
            _print_error("interrupted.")
        raise
    except Exception as error:
        _print_error(_for_the_user(error))
        raise SystemExit(1) from None
    finally:
        _flush()


def _for_the_user(error: Exception) -> str:
    """What the user can mend, in words; any other error is ours and goes on with its traceback."""
    from napari_nucleus.core import NucleusError  # here, so that --help doesn't load pandas

    if isinstance(error, MemoryError):
        return "Expected more free memory. Close other programs, or give a smaller image."
    if isinstance(error, OSError):
        return f"{error.strerror}: {error.filename}" if error.filename else str(error)
    if isinstance(error, NucleusError):
        return str(error)
    raise error


def _print_error(message: str) -> None:
    print("napari-nucleus:", " ".join(message.split()), file=sys.stderr)


def _flush() -> None:
    """Write what is left; quiet where the reader (``| head``) has gone."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
