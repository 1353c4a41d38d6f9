"""What the training loop does, whatever is learnt."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from napari_nucleus.core.errors import NucleusError
from napari_nucleus.training.recipe_fields import check_fields, choice, number

DEFAULT_STEPS = 10_000


@dataclass(frozen=True, kw_only=True)
class LoopRecipe:
    """Length, optimiser, schedule and records of a run; every kind of recipe begins with these fields.

    Attributes
    ----------
    name : str
        Also the run's folder.
    steps : int or None
        Updates of the weights.
    epochs : float or None
        In place of ``steps``; see `in_steps`.
    batch : int
        Samples an update, over all devices and parts together.
    accumulate : int
        Parts in which a batch goes through the network, to save memory. They add up to the same gradient.
    optimizer : str
        ``adam`` or ``adamw``.
    learning_rate, weight_decay : float
        Norms and biases don't decay.
    schedule : str
        ``trapezoid`` (rises, stays, falls to zero along a cosine), ``cosine`` (rises, then falls along a cosine) or
        ``step`` (rises, then is multiplied by ``gamma`` at each of the ``milestones``).
    warmup : float
        Share of the steps in which the rate rises from zero.
    decay : float
        Share of the steps in which a trapezoid falls.
    milestones : tuple of float
        Shares of the steps, rising.
    gamma : float
    ema : float
        Decay of the averaged weights, which are the ones that are kept; 0 keeps the weights themselves.
    clip : float
        Norm that gradients are cut down to; 0 leaves them.
    precision : str
        ``auto`` is bfloat16 where the hardware computes in it; or ``float32``, ``bfloat16``, ``float16``.
    patience : int
        Validations without a better score after which the run ends; 0 = never.
    checkpoint_every : int
        In steps.
    validate_every : int
        In steps; 0 = once an epoch.
    seed : int
        Fixes weights and samples.
    workers : int
        Processes that make the next batches; 0 = one thread beside the loop, which is enough for small crops.
    devices, hosts : int
        Devices of a host, and hosts, that share each batch.

    Raises
    ------
    NucleusError
        A value is out of its range; the message names the field.
    """

    name: str
    steps: int | None = number(None, least=1)
    epochs: float | None = number(None, above=0)
    batch: int = number(8, least=1)
    accumulate: int = number(1, least=1)
    optimizer: str = choice("adamw", ("adam", "adamw"))
    learning_rate: float = number(2e-3, above=0)
    weight_decay: float = number(0.02, least=0)
    schedule: str = choice("trapezoid", ("trapezoid", "cosine", "step"))
    warmup: float = number(0.03, least=0, most=1)
    decay: float = number(0.35, least=0, most=1)
    milestones: tuple[float, ...] = (0.6, 0.8)
    gamma: float = number(0.1, above=0, most=1)
    ema: float = number(0.998, least=0, below=1)
    clip: float = number(10.0, least=0)
    precision: str = choice("auto", ("auto", "float32", "bfloat16", "float16"))
    patience: int = number(0, least=0)
    checkpoint_every: int = number(500, least=1)
    validate_every: int = number(1000, least=0)
    seed: int = number(0, least=0)
    workers: int = number(0, least=0)
    devices: int = number(1, least=1)
    hosts: int = number(1, least=1)

    def __post_init__(self) -> None:
        check_fields(self)
        if not self.name.strip() or self.name in (".", "..") or set(self.name) & set('/\\:*?"<>|\0'):
            raise NucleusError(f"Expected name to be one that a folder can have, got {self.name!r}. Rename it.")
        if list(self.milestones) != sorted(self.milestones) or not all(0 < m < 1 for m in self.milestones):
            raise NucleusError(
                f"Expected milestones between 0 and 1, rising, got {list(self.milestones)}. Give shares of the run."
            )
        if self.accumulate > self.batch:
            raise NucleusError(
                f"Expected accumulate at most {self.batch}, the batch, got {self.accumulate}. Lower accumulate."
            )

    def in_steps(self, epoch: int) -> Self:
        """The same recipe with ``steps`` and ``validate_every`` counted in updates.

        Parameters
        ----------
        epoch : int
            Samples that make an epoch: as many as show everything there is once, on average.
        """
        updates = epoch / self.batch
        steps = self.steps or (DEFAULT_STEPS if self.epochs is None else max(1, round(self.epochs * updates)))
        return replace(self, steps=steps, validate_every=self.validate_every or max(1, math.ceil(updates)))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for the run's records."""
        return asdict(self)
