"""Models from files that were made elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from napari_nucleus.core import NucleusError, scheme
from napari_nucleus.models.card import ModelCard, read_card
from napari_nucleus.models.library import add_model
from napari_nucleus.models.public_checkpoint import load_public_hovernet
from napari_nucleus.models.zoo import ModelInfo, count_parameters, find_model, list_models, load_weights
from napari_nucleus.postprocess.thresholds import Thresholds

_HOVERNET = ModelCard(
    name="",
    architecture="hovernet",
    classes="nucleus",
    mpp=0.25,
    description="HoVer-Net as published, from its authors' checkpoint.",
    licence="That of the checkpoint: see where it was downloaded (CC BY-NC-SA 4.0 for most data sets)",
    paper="Graham et al. 2019, HoVer-Net, Medical Image Analysis 58",
)


def import_model(file: str | Path, name: str | None = None, classes: str | None = None) -> ModelInfo:
    """Add a model to the list.

    Parameters
    ----------
    file : path
        ``<name>.safetensors`` with its card ``<name>.json`` beside it; the folder of a training run
        (``model.safetensors``, ``recipe.json``); or a public HoVer-Net checkpoint (``.tar``).
    name : str, optional
        What it shall be called; the file's name by default.
    classes : str, optional
        For a public checkpoint: the data set that it was trained on, or the names of its classes in their order,
        separated by commas.

    Raises
    ------
    NucleusError
        The file is none of those, is broken, doesn't fit its card, or the name is taken.
    """
    path = Path(file).expanduser()
    if not path.exists():
        raise NucleusError(
            f"Expected a model's file or a run's folder, got nothing of that name. Check the path: {path}."
        )
    if path.is_dir():
        return _ours(path / "model.safetensors", _card_of_run(path), name or path.resolve().name)
    if path.suffix == ".safetensors":
        return _ours(path, read_card(path.with_suffix(".json")), name or path.stem)
    return _public(path, name or path.stem, classes)


def _ours(weights: Path, card: ModelCard, name: str) -> ModelInfo:
    card = replace(card, name=name)
    card = replace(card, parameters=count_parameters(load_weights(weights, card).network))  # and it fits
    return _added(weights, card)


def _card_of_run(folder: Path) -> ModelCard:
    """A run's own card, or what its recipe says of it."""
    if (folder / "model.json").exists():
        return read_card(folder / "model.json")
    try:
        recipe = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
        architecture, classes, mpp = recipe["model"], recipe["classes"], float(recipe["mpp"])
    except (OSError, ValueError, KeyError, TypeError):
        raise NucleusError(f"Expected a training run with its recipe.json, got another folder: {folder}.") from None
    return ModelCard(
        "", architecture, classes, mpp, f"Trained with the recipe {recipe.get('name')}.", training={"recipe": recipe}
    )


def _public(path: Path, name: str, classes: str | None) -> ModelInfo:
    order = classes.split(",") if classes and "," in classes else classes
    found = load_public_hovernet(path, order)
    kinds = scheme("nucleus") if found.scheme is None else found.scheme
    card = replace(
        _HOVERNET,
        name=name,
        classes=kinds.name,
        options={"mode": found.mode, "types": found.scheme is not None},
        parameters=count_parameters(found.network),
        thresholds=Thresholds(),
        training={"imported": path.name},
    )
    return _added(found.network.state_dict(), card)


def _added(weights, card: ModelCard) -> ModelInfo:
    if card.name in [info.name for info in list_models()]:
        raise NucleusError(f"Expected a new name, got {card.name}, which is in the list already. Give another name.")
    add_model(weights, card)
    return find_model(card.name)
