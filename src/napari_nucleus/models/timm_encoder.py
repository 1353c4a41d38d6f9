"""Encoders of timm: any of them by name, with weights from its hub when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn

from napari_nucleus.core import NucleusError
from napari_nucleus.models.hub import without_waiting
from napari_nucleus.models.library import encoder_file


class TimmEncoder(nn.Module):
    """Features of images in [0, 1] at several strides, normalised as the encoder was trained.

    Parameters
    ----------
    name : str
        Any timm network that gives features at these strides.
    strides : sequence of int
    pretrained : bool
        Start from timm's weights (from its hub).

    Attributes
    ----------
    channels : list of int
        Of the features at each stride.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, name: str, strides: Sequence[int] = (2, 4, 8, 16, 32), pretrained: bool = False) -> None:
        super().__init__()
        self.body, self.channels = timm_features(name, strides, pretrained)
        settings: Any = self.body.pretrained_cfg
        self.register_buffer("mean", torch.tensor(settings["mean"]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(settings["std"]).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Features of images (B, 3, H, W), a (B, channels[i], H / strides[i], W / strides[i]) each."""
        features: list[Tensor] = self.body((image - self.mean) / self.std)
        return features


def timm_features(name: str, strides: Sequence[int], pretrained: bool) -> tuple[nn.Module, list[int]]:
    """A timm network that returns features at these strides, and their channels.

    Raises
    ------
    NucleusError
        timm has no such network, it has other strides, or its weights can't be fetched.
    """
    encoder: Any = None
    with suppress(AssertionError, IndexError):  # what timm raises where there are fewer strides
        encoder = create_timm(name, pretrained, features_only=True, out_indices=tuple(range(len(strides))))
    found = [] if encoder is None else encoder.feature_info.reduction()
    if found != list(strides):
        wanted = f"{', '.join(map(str, strides[:-1]))} and {strides[-1]}"
        raise NucleusError(
            f"Expected an encoder with features at strides {wanted}, got {name} with {found or 'fewer'}. "
            "Choose another, such as resnet18."
        )
    return encoder, encoder.feature_info.channels()


def create_timm(name: str, pretrained: bool, hub: str | None = None, **options: Any) -> nn.Module:
    """A network of timm; its weights are fetched only when asked for.

    Parameters
    ----------
    name : str
    pretrained : bool
        Start from weights: those that were imported under its name, or else from the hub.
    hub : str, optional
        Where the weights are, when not at timm's own place; then also the name to import them under.
    **options
        Of timm.

    Raises
    ------
    NucleusError
        timm has no such network, or its weights can't be fetched.
    """
    import timm  # takes seconds

    if not timm.is_model(name):
        raise NucleusError(f"Expected an encoder that timm has, got {name!r}. Choose one of timm.list_models().")
    if not pretrained:
        return timm.create_model(name, **options)
    imported = encoder_file(hub or name)
    source = {"file": str(imported)} if imported else {"hf_hub_id": hub} if hub else {}
    with fetching(hub or name, imported):
        network = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=source, **options)
        if imported is not None and not _holds(network, imported):
            raise ValueError("weights of another network")
    return network


def _holds(network: nn.Module, file: Path) -> bool:
    """Whether a network has taken a file's weights: timm passes over what doesn't fit, and would leave it random."""
    with safe_open(file, "pt") as content:
        given = {_mark(content.get_tensor(name)) for name in content.keys()}  # noqa: SIM118 - it is no dict
    own = [_mark(weights) for weights in network.parameters() if weights.ndim > 1]
    return sum(mark in given for mark in own) > len(own) / 2  # some are resized or put together


def _mark(weights: Tensor) -> tuple[float, ...]:
    return weights.numel(), *weights.detach().flatten()[:8].float().tolist()


@contextmanager
def fetching(name: str, imported: Path | None = None) -> Iterator[None]:
    """Turn whatever goes wrong with weights from a hub, or from an imported file, into one line with the way out."""
    try:
        with without_waiting():
            yield
    except Exception as error:  # each library below raises its own
        import_it = f"napari-nucleus models import FILE --encoder {name}"
        if imported is not None:
            raise NucleusError(
                f"Expected weights of {name} in {imported}, got: {_first_line(error)} "
                f"Import the right file: {import_it}"
            ) from None
        raise NucleusError(
            f"Expected the weights of {name} from its hub, got: {_first_line(error)} Go online (some hubs want you to "
            f"sign in and accept a licence first), or download the file and run: {import_it}"
        ) from None


def _first_line(error: Exception) -> str:
    line = (str(error).splitlines() or [""])[0].strip() or type(error).__name__
    return line if line.endswith(".") else line + "."
