"""A small classifier of nuclei over a network's frozen features, kept in the same file as the network.

    mean of the last feature map over a nucleus (N, C) -> standardised -> [hidden layer] -> logits / temperature (N, K)

The network segments, the classifier says what each nucleus is: it learns from tens of nuclei in seconds, and can't
change what is found.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

_PREFIX = "nucleus_head."


class NucleusHead(nn.Module):
    """Logits of the classes of nuclei.

    Parameters
    ----------
    n_features, n_classes : int
    hidden : int
        Width of a hidden layer; 0 for a linear classifier.

    Attributes
    ----------
    mean, scale : (C,) float32
        That features are standardised with.
    temperature : () float32
        That logits are divided by, so that probabilities are as often right as they say (Guo et al. 2017).
    """

    mean: Tensor
    scale: Tensor
    temperature: Tensor

    def __init__(self, n_features: int, n_classes: int, hidden: int = 0) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(n_features))
        self.register_buffer("temperature", torch.ones(()))
        self.hidden = nn.Linear(n_features, hidden) if hidden else None
        self.out = nn.Linear(hidden or n_features, n_classes)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (N, K) of features (N, C)."""
        return self.read((features - self.mean) / self.scale) / self.temperature

    def read(self, standardised: Tensor) -> Tensor:
        """Logits (N, K) of features that are standardised already, before the temperature."""
        x = standardised if self.hidden is None else self.hidden(standardised).relu()
        logits: Tensor = self.out(x)
        return logits

    @torch.inference_mode()
    def probabilities(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Class probabilities (N, K), rows summing to 1, of features (N, C)."""
        logits = self(torch.from_numpy(np.asarray(features, np.float32)))
        return np.asarray(logits.softmax(1).numpy(), np.float32)


def head_state(head: NucleusHead) -> dict[str, Tensor]:
    """A classifier as named tensors, to be kept beside those of its network."""
    return {_PREFIX + name: tensor for name, tensor in head.state_dict().items()}


def split_state(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], NucleusHead | None]:
    """The network's own tensors of a file, and the classifier that lies among them, where there is one.

    Raises
    ------
    RuntimeError, KeyError
        The classifier's tensors don't fit together.
    """
    network = {name: tensor for name, tensor in state.items() if not name.startswith(_PREFIX)}
    own = {name.removeprefix(_PREFIX): tensor.float() for name, tensor in state.items() if name.startswith(_PREFIX)}
    if not own:
        return network, None
    hidden = len(own["hidden.bias"]) if "hidden.bias" in own else 0
    head = NucleusHead(len(own["mean"]), len(own["out.bias"]), hidden)
    head.load_state_dict(own)
    return network, head.eval().requires_grad_(False)
