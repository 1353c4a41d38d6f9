"""Networks: architectures, trained weights and their cards."""

import napari_nucleus.models.triton_apart  # noqa: F401

# isort: split
from napari_nucleus.models.card import ModelCard, read_card, write_card
from napari_nucleus.models.importing import import_encoder, import_model
from napari_nucleus.models.library import add_model, models_folder
from napari_nucleus.models.registry import architectures, create_model, register_model
from napari_nucleus.models.zoo import (
    DEFAULT,
    LoadedModel,
    ModelInfo,
    describe_architecture,
    find_model,
    list_models,
    load_model,
    load_segmenter,
    load_weights,
)

__all__ = [
    "DEFAULT",
    "LoadedModel",
    "ModelCard",
    "ModelInfo",
    "add_model",
    "architectures",
    "create_model",
    "describe_architecture",
    "find_model",
    "import_encoder",
    "import_model",
    "list_models",
    "load_model",
    "load_segmenter",
    "load_weights",
    "models_folder",
    "read_card",
    "register_model",
    "write_card",
]
