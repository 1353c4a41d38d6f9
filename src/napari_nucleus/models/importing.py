"""Models from files that were made elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from napari_nucleus.core import NucleusError, scheme
from napari_nucleus.models.card import ModelCard, read_card
from napari_nucleus.models.foundation_encoder import FOUNDATION_MODELS
from napari_nucleus.models.library import add_encoder, add_model
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


def import_encoder(file: str | Path, name: str) -> Path:
    """Keep a downloaded file as the weights of an encoder, so that ``pretrained=True`` finds them offline.

    Parameters
    ----------
    file : path
        Safetensors, or a ``.pt``, ``.pth`` or ``.bin`` of tensors alone.
    name : str
        As timm or open_clip calls the encoder, or one of `FOUNDATION_MODELS`, or where that lies on the hub.

    Returns
    -------
    Path
        The weights' new place.

    Raises
    ------
    NucleusError
        There is no such encoder, the file holds something else, or the folder can't be written.
    """
    import open_clip  # both take seconds
    import timm

    model = FOUNDATION_MODELS.get(name)
    kept_as = name if model is None else model.hub or model.architecture
    hubs = [model.hub for model in FOUNDATION_MODELS.values()]
    if not (kept_as in hubs or timm.is_model(kept_as) or kept_as in open_clip.list_models() or ":" in kept_as):
        raise NucleusError(
            f"Expected an encoder of timm or open_clip or a foundation model ({', '.join(FOUNDATION_MODELS)}), got "
            f"{name!r}. Give the name that the message about missing weights named."
        )
    return add_encoder(Path(file).expanduser(), kept_as)


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
        return ModelCard(
            name="",
            architecture=recipe["model"],
            classes=recipe["classes"],
            mpp=float(recipe["mpp"]),
            description=f"Trained with the recipe {recipe['name']}.",
            options=dict(recipe.get("options", {})),
            training={"recipe": recipe},
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise NucleusError(
            f"Expected the folder of a training run, with recipe.json, got another: {folder}. Give a run's folder."
        ) from None


def _public(path: Path, name: str, classes: str | None) -> ModelInfo:
    order = classes.split(",") if classes and "," in classes else classes
    found = load_public_hovernet(path, order)
    kinds = scheme("nucleus") if found.scheme is None else found.scheme
    card = replace(
        _HOVERNET,
        name=name,
        classes=kinds.name,
        options={
            "mode": found.mode,
            "types": found.scheme is not None,
            "width": found.network.stem.out_channels,
        },
        parameters=count_parameters(found.network),
        thresholds=Thresholds(),
        training={"imported": path.name},
    )
    return _added(found.network.state_dict(), card)


def _added(weights: Path | Mapping[str, Tensor], card: ModelCard) -> ModelInfo:
    if card.name in ["default", *(info.name for info in list_models())]:
        raise NucleusError(f"Expected a new name, got {card.name}, which is in the list already. Give another name.")
    add_model(weights, card)
    return find_model(card.name)
