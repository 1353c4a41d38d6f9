"""Encoder, decoder and heads of any dense network: which of them learn, and the layer that says the class."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from napari_nucleus.core import NucleusError

PARTS = ("heads", "decoder", "whole")
"""What may be trained: the last layers; those and all that reads the encoder's features; everything."""

_TYPE_LAYERS = ("type_head", "type_decoder.head")


def train_only(network: nn.Module, part: str) -> None:
    """Freeze all of a network but a part of it; what its architecture keeps frozen stays so.

    Parameters
    ----------
    network : nn.Module
        A dense one of this package. ``encoders`` names its children that are no decoder; ``encoder`` by default.
    part : str
        One of `PARTS`.
    """
    encoders = getattr(network, "encoders", ("encoder",))
    heads = set(_heads(network))
    for name, parameter in network.named_parameters():
        is_encoder = name.split(".")[0] in encoders
        is_head = not is_encoder and name.rpartition(".")[0] in heads
        learns = part == "whole" or is_head or (part == "decoder" and not is_encoder)
        parameter.requires_grad_(parameter.requires_grad and learns)


def type_layer(network: nn.Module) -> str:
    """The name of the layer that gives a logit for background and each class.

    Raises
    ------
    NucleusError
        The network knows no classes.
    """
    names = {name for name, _ in network.named_modules()}
    for name in _TYPE_LAYERS:
        if name in names:
            return name
    raise NucleusError("Expected a network with classes, got one that only finds nuclei. Choose another model.")


def _heads(network: nn.Module) -> Iterator[str]:
    """Names of the last layers: attributes called ``head`` or ``…_head``."""
    for name, _ in network.named_modules():
        if name.rpartition(".")[2].endswith("head"):
            yield name
