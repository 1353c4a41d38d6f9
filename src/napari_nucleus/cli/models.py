"""``napari-nucleus models``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_nucleus.cli.bench_table import print_bench

if TYPE_CHECKING:
    from napari_nucleus.models import ModelInfo

models = typer.Typer(help="The models that can be used.", no_args_is_help=True)


@models.command("list")
def list_(
    pattern: Annotated[str, typer.Argument(help="Part of a name, or a pattern with *.")] = "",
    bench: Annotated[bool, typer.Option("--bench", help="Measure size and speed of each here; takes minutes.")] = False,
) -> None:
    """List all models: those with weights, and those that have to be trained or imported first."""
    from napari_nucleus.models import list_models

    listed = list_models(pattern)
    if bench:
        print_bench([info for info in listed if not info.problem])
        return
    for info in listed:
        print(f"{info.name:24} {_state(info)}")


def _state(info: ModelInfo) -> str:
    card = info.card
    if info.problem:
        return f"broken: {info.problem}"
    return f"{card.classes}, {card.mpp:g} µm, {card.parameters / 1e6:.2f} M" if card else "needs weights"


@models.command()
def info(name: Annotated[str, typer.Argument(metavar="MODEL", help="A model of the list.")]) -> None:
    """Print a model's card; that of its architecture where it has no weights yet."""
    from napari_nucleus.core import NucleusError
    from napari_nucleus.models import describe_architecture, find_model

    found = find_model(name)
    if found.problem:
        raise NucleusError(found.problem)
    known = describe_architecture(name) if found.card is None else found.card
    card = asdict(known) | {"memory_mb": known.memory_mb}
    if found.card is None:
        card = {k: v for k, v in card.items() if v} | {"weights": "none: train it with a recipe, or import some"}
    print(json.dumps(card, indent=2, ensure_ascii=False))


@models.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A model, a run's folder, or a HoVer-Net checkpoint.")],
    name: Annotated[str | None, typer.Option(help="What it shall be called.")] = None,
    classes: Annotated[
        str | None, typer.Option(help="For a checkpoint: its data set, or its class names in order (a,b,c).")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option(help="FILE holds an encoder's weights: its name at timm, open_clip or the hub.")
    ] = None,
) -> None:
    """Add a model that was made elsewhere to the list, or keep downloaded weights of an encoder."""
    from napari_nucleus.models import import_encoder, import_model

    if encoder is not None:
        print(f"{encoder}: kept as {import_encoder(file, encoder)}")
        return
    added = import_model(file, name, classes)
    print(f"{added.name:24} {_state(added)}")


@models.command()
def export(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="A model with weights.")],
    onnx: Annotated[Path, typer.Option("--onnx", metavar="FILE", help="The file to write.")],
    size: Annotated[int, typer.Option(min=16, help="Side of the images that it will take, in pixels.")] = 256,
) -> None:
    """Write a model for other programs (ONNX), and compare its answer there with its answer here."""
    from napari_nucleus.models import load_segmenter
    from napari_nucleus.models.export import export_onnx

    written = export_onnx(load_segmenter(name).network, onnx, size)
    print(f"{onnx}: image (batch, 3, {size}, {size}) -> {', '.join(written.outputs)}")
    if written.difference is None:
        print("  not compared: ONNX Runtime is not installed (pip install onnxruntime)")
    else:
        print(f"  ONNX Runtime's maps differ by at most {written.difference:.1e} of a map's largest value")
