"""The user's own models: a folder of weights, each with its card, and of encoders that were downloaded elsewhere."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import torch
from platformdirs import user_data_path
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from napari_nucleus.core import NucleusError
from napari_nucleus.models.card import ModelCard, write_card

_VARIABLE = "NAPARI_NUCLEUS_MODELS"
_NAME = re.compile(r"\w[\w.+-]*")
_NOT_IN_FILE_NAMES = re.compile(r"[^\w.+-]+")


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
        raise NucleusError(
            f"Expected a name of letters and digits (then also . _ + -), got {card.name!r}. Choose another."
        )
    folder = models_folder()
    place = folder / f"{card.name}.safetensors"
    if place.exists():
        raise NucleusError(f"Expected a new name, got {card.name}, which is in {folder} already. Choose another.")
    _place(weights, place)
    try:
        write_card(place.with_suffix(".json"), card)
    except OSError as error:
        place.unlink(missing_ok=True)
        place.with_suffix(".json").unlink(missing_ok=True)
        raise _no_room(folder, error) from None
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
        As timm, open_clip or the hub calls the encoder; weights that were kept under it are replaced.

    Returns
    -------
    Path
        The weights' new place.

    Raises
    ------
    NucleusError
        The file holds something else, or the folder can't be written.
    """
    place = _encoder_place(name)
    if file.suffix == ".safetensors":
        _check_safetensors(file)
        _place(file, place)
    else:
        _place(read_tensors(file), place)
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


def _check_safetensors(file: Path) -> None:
    try:
        with safe_open(file, "pt") as content:
            names = content.keys()
    except (OSError, SafetensorError) as error:
        raise NucleusError(
            f"Expected weights (safetensors) in {file}, got: {_reason(error)}. Download it again."
        ) from None
    if not names:
        raise NucleusError(f"Expected weights in {file}, got an empty file. Download it again.")


def _encoder_place(name: str) -> Path:
    return models_folder() / "encoders" / f"{_NOT_IN_FILE_NAMES.sub('--', name)}.safetensors"


def _place(weights: Path | Mapping[str, Tensor], place: Path) -> None:
    """Whole or not at all."""
    part = place.with_suffix(".part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(weights, Path):
            shutil.copyfile(weights, part)
        else:
            save_file(_apart(weights), part)
        part.replace(place)
    except (OSError, SafetensorError) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise _no_room(place.parent, error) from None


def _apart(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Each tensor with memory of its own, which safetensors wants; where two share it, the second is copied."""
    taken: set[int] = set()
    own = {}
    for name, tensor in weights.items():
        whole = tensor.detach().cpu().contiguous()
        own[name] = whole.clone() if whole.untyped_storage().data_ptr() in taken else whole
        taken.add(whole.untyped_storage().data_ptr())
    return own


def _no_room(folder: Path, error: Exception) -> NucleusError:
    return NucleusError(f"Expected room and the right to write in {folder}, got: {_reason(error)}.")


def _reason(error: Exception) -> str:
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error).splitlines()[0].rstrip(".")
