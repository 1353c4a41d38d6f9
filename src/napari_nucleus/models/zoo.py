"""The models that can be used: cards, and weights where there are some."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from napari_nucleus.core import NucleusError
from napari_nucleus.models.card import ModelCard, read_card
from napari_nucleus.models.registry import architectures, create_model

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
    """

    name: str
    card: ModelCard | None = None
    weights: Path | None = None

    @property
    def has_weights(self) -> bool:
        """Whether the model can segment."""
        return self.weights is not None


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A network with its trained weights, and its card."""

    network: nn.Module
    card: ModelCard


def list_models() -> list[ModelInfo]:
    """Every model, the default first; architectures without trained weights are listed, too."""
    trained = {info.name: info for info in map(_info, sorted(_SHIPPED.glob("*.json")))}
    listed = trained | {name: ModelInfo(name) for name in architectures() if name not in trained}
    return sorted(listed.values(), key=lambda info: (info.name != DEFAULT, info.name))


def _info(card_file: Path) -> ModelInfo:
    weights = card_file.with_suffix(".safetensors")
    card = read_card(card_file)
    return ModelInfo(card.name, card, weights if weights.exists() else None)


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
    if info.weights is None or info.card is None:
        raise NucleusError(
            f"Expected a model with trained weights, got {info.name!r}, which needs weights. Train it with a recipe "
            f"(napari-nucleus train) or choose {DEFAULT}."
        )
    return load_weights(info.weights, info.card)


def load_weights(weights: Path, card: ModelCard) -> LoadedModel:
    """A network with weights from a safetensors file; half precision on disk becomes float32.

    Raises
    ------
    NucleusError
        The file is broken or belongs to another network.
    """
    network = create_model(card.architecture, classes=card.classes)
    try:
        state = load_file(weights)
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise NucleusError(
            f"Expected weights of {card.architecture} in {weights}, got: {first}. Fetch them again."
        ) from None
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return LoadedModel(network.eval(), card)


def count_parameters(network: nn.Module) -> int:
    """Number of trainable and frozen parameters."""
    return sum(torch.numel(p) for p in network.parameters())
