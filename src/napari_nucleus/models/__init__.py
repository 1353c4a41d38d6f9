"""Networks: architectures, trained weights and their cards."""

import napari_nucleus.models.triton_apart  # noqa: F401

# isort: split
from napari_nucleus.models.card import ModelCard, read_card, write_card
from napari_nucleus.models.registry import architectures, create_model, register_model
from napari_nucleus.models.zoo import DEFAULT, LoadedModel, ModelInfo, find_model, list_models, load_model, load_weights

__all__ = [
    "DEFAULT",
    "LoadedModel",
    "ModelCard",
    "ModelInfo",
    "architectures",
    "create_model",
    "find_model",
    "list_models",
    "load_model",
    "load_weights",
    "read_card",
    "register_model",
    "write_card",
]
