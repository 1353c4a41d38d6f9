"""The user's own models: a folder of weights, each with its card, and of encoders that were downloaded elsewhere."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from platformdirs import user_data_path
from safetensors.torch import save_file
from torch import Tensor

from napari_nucleus.core import NucleusError
from napari_nucleus.models.card import ModelCard, write_card

_VARIABLE = "NAPARI_NUCLEUS_MODELS"
_NAME = re.compile(r"[\w.+-]+")


def models_folder() -> Path:
    """Where imported and trained models lie; the environment variable ``NAPARI_NUCLEUS_MODELS`` names another place."""
    named = os.environ.get(_VARIABLE)
    return Path(named).expanduser() if named else user_data_path("napari-nucleus", appauthor=False) / "models"


def add_model(weights: Path | Mapping[str, Tensor], card: ModelCard) -> Path:
    """Put a model into the user's folder, from where `list_models` lists it.

    Parameters
    ----------
    weights : Path or mapping
        A safetensors file, or the network's state.
    card : ModelCard
        Its name becomes the files' name.

    Returns
    -------
    Path
        The weights' new place; the card lies beside them.

    Raises
    ------
    NucleusError
        A model of that name is there already, the name can't be a file's, or the folder can't be written.
    """
    if not _NAME.fullmatch(card.name):
        raise NucleusError(f"Expected a name of letters, digits, . _ + and -, got {card.name!r}. Choose another.")
    folder = models_folder()
    place = folder / f"{card.name}.safetensors"
    if place.exists():
        raise NucleusError(f"Expected a new name, got {card.name}, which is in {folder} already. Choose another.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _place(weights, place)
        write_card(place.with_suffix(".json"), card)
    except OSError as error:
        place.unlink(missing_ok=True)
        raise NucleusError(f"Expected room and the right to write in {folder}, got: {error.strerror}.") from None
    return place


def encoder_file(name: str) -> Path | None:
    """Weights of an encoder that were imported under its name; None where there are none."""
    place = _encoder_place(name)
    return place if place.exists() else None


def add_encoder(file: Path, name: str) -> Path:
    """Keep a downloaded file as the weights of an encoder, so that ``pretrained=True`` finds them offline.

    Parameters
    ----------
    file : Path
        Safetensors, or a ``.pt``, ``.pth`` or ``.bin`` of tensors alone.
    name : str
        As timm, open_clip or the hub calls the encoder.

    Raises
    ------
    NucleusError
        The file holds something else, or the folder can't be written.
    """
    place = _encoder_place(name)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _place(file if file.suffix == ".safetensors" else read_tensors(file), place)
    except OSError as error:
        raise NucleusError(f"Expected room and the right to write at {place}, got: {error.strerror}.") from None
    return place


def read_tensors(file: Path) -> dict[str, Tensor]:
    """The tensors of a PyTorch file; nothing that is in it is run.

    Raises
    ------
    NucleusError
        It is no such file, or holds more than tensors.
    """
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise NucleusError(f"Expected a file of weights, got no such file. Check the path: {file}") from None
    except Exception:  # a broken or hostile pickle can end in nearly any error
        raise NucleusError(f"Expected weights alone in {file}, got something else. Download it again.") from None
    for key in ("state_dict", "model", "teacher"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not content or not all(isinstance(t, Tensor) for t in content.values()):
        raise NucleusError(f"Expected named tensors in {file}, got something else. Download the weights again.")
    return {str(name): tensor for name, tensor in content.items()}


def _encoder_place(name: str) -> Path:
    return models_folder() / "encoders" / f"{name.replace('/', '--')}.safetensors"


def _place(weights: Path | Mapping[str, Tensor], place: Path) -> None:
    """Whole or not at all."""
    part = place.with_suffix(".part")
    try:
        if isinstance(weights, Path):
            shutil.copyfile(weights, part)
        else:
            save_file({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}, part)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
