"""The models that can be used: cards, and weights where there are some."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from napari_nucleus.core import NucleusError, scheme
from napari_nucleus.models.card import ModelCard, read_card
from napari_nucleus.models.library import models_folder
from napari_nucleus.models.nucleus_head import NucleusHead, split_state
from napari_nucleus.models.registry import architectures, create_model, documented, is_dense

DEFAULT = "nucleus_small"
_SHIPPED = Path(__file__).parent / "weights"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One entry of the model list.

    Attributes
    ----------
    name : str
    card : ModelCard or None
        None for an architecture that nobody has trained yet.
    weights : Path or None
    problem : str
        Why a model of the user's folder can't be used; empty where it can.
    """

    name: str
    card: ModelCard | None = None
    weights: Path | None = None
    problem: str = ""

    @property
    def has_weights(self) -> bool:
        """Whether the model can segment."""
        return self.weights is not None


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A network with its trained weights, its card, and its classifier of nuclei where it has one."""

    network: nn.Module
    card: ModelCard
    classifier: NucleusHead | None = None


def list_models(pattern: str = "") -> list[ModelInfo]:
    """Every model, the default first, then what segments: shipped, the user's own, and architectures without weights.

    Parameters
    ----------
    pattern : str
        Part of the name, or a pattern with ``*``; everything by default.
    """
    cards = [*sorted(models_folder().glob("*.json")), *sorted(_SHIPPED.glob("*.json"))]
    trained = {info.name: info for info in map(_info, cards)}
    listed = trained | {name: ModelInfo(name) for name in architectures() if name not in trained}
    kept = (info for info in listed.values() if fnmatch(info.name, pattern if "*" in pattern else f"*{pattern}*"))
    return sorted(kept, key=lambda info: (info.name != DEFAULT, not info.has_weights, not _segments(info), info.name))


def _segments(info: ModelInfo) -> bool:
    return is_dense(info.card.architecture if info.card else info.name)


def _info(card_file: Path) -> ModelInfo:
    weights = card_file.with_suffix(".safetensors")
    try:
        card = read_card(card_file)
        _check_known(card)
    except NucleusError as error:  # one spoilt card must not hide the other models
        return ModelInfo(card_file.stem, problem=str(error))
    return ModelInfo(card_file.stem, card, weights if weights.exists() else None)


def _check_known(card: ModelCard) -> None:
    """Refuse a card whose class scheme or architecture this version doesn't know."""
    if card.own_classes is None:
        scheme(card.classes)
    if card.architecture not in architectures():
        raise NucleusError(
            f"Expected an architecture of this version, got {card.architecture!r} for {card.name}. Update "
            "napari-nucleus."
        )


def describe_architecture(name: str) -> ModelCard:
    """What is known of an architecture before it is trained; built without memory for its weights."""
    with torch.device("meta"):
        network = create_model(name)
    about, origin = documented(name)
    return ModelCard(
        name,
        name,
        classes="any scheme",
        mpp=0.25,
        description=about,
        licence="BSD-3-Clause (this code); weights of an encoder keep their own licence",
        paper=origin,
        parameters=count_parameters(network),
    )


def find_model(name: str) -> ModelInfo:
    """The entry of a model; ``"default"`` is the one that ships.

    Raises
    ------
    NucleusError
        There is no such model; the message names those that exist.
    """
    models = {info.name: info for info in list_models()}
    name = DEFAULT if name == "default" else name
    if name not in models:
        raise NucleusError(f"Expected a model ({', '.join(['default', *models])}), got {name!r}. Choose one of those.")
    return models[name]


def load_model(name: str = "default") -> LoadedModel:
    """A trained model, ready to predict.

    Raises
    ------
    NucleusError
        There is no such model, it has no trained weights, or its file is broken. Random weights never draw nuclei.
    """
    info = find_model(name)
    if info.problem:
        raise NucleusError(info.problem)
    if info.weights is None or info.card is None:
        raise NucleusError(
            f"Expected a model with trained weights, got {info.name!r}, which needs weights. Train it with a recipe "
            f"(napari-nucleus train), import some (napari-nucleus models import FILE), or choose {DEFAULT}."
        )
    return load_weights(info.weights, info.card)


def load_segmenter(name: str = "default") -> LoadedModel:
    """As `load_model`, for a model that segments.

    Raises
    ------
    NucleusError
        It can't be loaded, or answers crops of single nuclei with their class.
    """
    info = find_model(name)
    if not _segments(info):
        raise NucleusError(
            f"Expected a model that segments, got {info.name}, which only classifies single nuclei. Choose {DEFAULT}."
        )
    return load_model(name)


def load_weights(weights: Path, card: ModelCard) -> LoadedModel:
    """A network with weights from a safetensors file; half precision on disk becomes float32.

    Raises
    ------
    NucleusError
        The file is broken or belongs to another network.
    """
    network = build_network(card)
    try:
        state, classifier = split_state(load_file(weights))
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
        if classifier is not None and classifier.out.out_features != len(card.scheme):
            raise RuntimeError(f"a classifier of {classifier.out.out_features} classes")
    except (OSError, SafetensorError, RuntimeError, KeyError) as error:
        first = str(error).splitlines()[0]
        raise NucleusError(
            f"Expected weights of {card.architecture} in {weights}, got: {first}. Fetch them again."
        ) from None
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return LoadedModel(network.eval(), card, classifier)


def build_network(card: ModelCard) -> nn.Module:
    """The network of a card, with fresh random weights.

    Raises
    ------
    NucleusError
        The card holds options that the architecture doesn't take.
    """
    options = {name: value for name, value in card.options.items() if name != "pretrained"}  # nothing to fetch
    return create_model(card.architecture, classes=card.scheme, **options)


def count_parameters(network: nn.Module) -> int:
    """Number of trainable and frozen parameters."""
    return sum(torch.numel(p) for p in network.parameters())
