"""``napari-nucleus models``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

models = typer.Typer(help="The models that can be used.", no_args_is_help=True)


@models.command("list")
def list_() -> None:
    """List all models: those with weights, and those that have to be trained first."""
    from napari_nucleus.models import list_models

    for info in list_models():
        card = info.card
        state = f"{card.classes}, {card.mpp:g} µm, {card.parameters / 1e6:.2f} M" if card else "needs weights"
        print(f"{info.name:24} {state}")


@models.command()
def info(name: Annotated[str, typer.Argument(help="A model of the list.")]) -> None:
    """Print a model's card."""
    from napari_nucleus.core import NucleusError
    from napari_nucleus.models import find_model

    found = find_model(name)
    if found.card is None:
        raise NucleusError(
            f"Expected a trained model, got {found.name!r}, which needs weights. Train it with a recipe."
        )
    print(json.dumps(asdict(found.card), indent=2, ensure_ascii=False))
