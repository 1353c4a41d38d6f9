"""What the training loop asks of anything that it trains."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from numpy.typing import NDArray
from torch import Tensor, nn

from napari_nucleus.models.card import ModelCard

Batch = dict[str, Tensor]


class Task(Protocol):
    """What a run learns; every kind of training is one."""

    @property
    def network(self) -> nn.Module:
        """What is trained: those of its parameters that require a gradient."""
        ...

    @property
    def monitor(self) -> str:
        """The key of `validate` that chooses the best weights and that early stopping watches."""
        ...

    @property
    def rising(self) -> Collection[str]:
        """Keys of `validate` that are the better the higher; the others are the better the lower."""
        ...

    def batch(self, step: int, samples: Sequence[int]) -> Batch:
        """Some samples of one step's batch, as CPU tensors whose first axis is the samples.

        Chance depends on the seed, the step and the sample alone, so that processes, parts of a batch and a resumed run
        draw the same. It is called on a thread, or in another process, while the network learns from an earlier batch.

        Parameters
        ----------
        step : int
            From 0.
        samples : sequence of int
            Some of 0 to ``recipe.batch`` - 1.
        """
        ...

    def losses(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Parts of the loss, which are to be added: scalars, means over the samples.

        Parameters
        ----------
        network : nn.Module
            `network` in the run's precision, to be called as ``network(…)``: other methods of it bypass what
            synchronises several processes.
        batch : dict of Tensor
            On the network's device.
        """
        ...

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Scores on what is held out, their keys beginning with ``val_``; empty where nothing is held out.

        The network is in evaluation mode, gradients are off.
        """
        ...

    def preview(self, network: nn.Module) -> dict[str, NDArray]:
        """What the network makes of one held-out image: ``image``, ``labels``, ``np``, …; empty for none."""
        ...

    def card(self) -> ModelCard:
        """The card of the model that is being trained."""
        ...
