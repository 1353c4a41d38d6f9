"""Refuses what can't be compared."""

from __future__ import annotations

from torch import Tensor

from napari_nucleus.core import NucleusError


def same_shape(given: Tensor, target: Tensor) -> None:
    """Refuse two tensors that would only be compared after silently repeating one of them.

    Raises
    ------
    NucleusError
        The shapes differ; the message names both.
    """
    if given.shape != target.shape:
        raise NucleusError(
            f"Expected a prediction and a target of one shape, got {tuple(given.shape)} and {tuple(target.shape)}. "
            "Cut or resize them alike."
        )


def classes_fit(logits: Tensor, target: Tensor) -> None:
    """Refuse class numbers (N, …) that don't belong to logits (N, C, …).

    Raises
    ------
    NucleusError
        The shapes don't belong together; the message names both.
    """
    if logits.shape[:1] + logits.shape[2:] != target.shape:
        raise NucleusError(
            f"Expected a class for each of the logits {tuple(logits.shape)}, got {tuple(target.shape)}. "
            "Give shape (N, …) for logits (N, C, …)."
        )
