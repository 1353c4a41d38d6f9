"""Which weights of a run are the best, and when to stop looking for better ones."""

from __future__ import annotations

from typing import Any


class Best:
    """The best score so far.

    Attributes
    ----------
    score : float or None
        None before the first validation.
    stale : int
        Validations since then.

    Parameters
    ----------
    rising : bool
        Whether a higher score is better.
    patience : int
        Validations without a better score after which a run ends; 0 = never.
    """

    def __init__(self, rising: bool, patience: int) -> None:
        self.score: float | None = None
        self.stale = 0
        self._rising = rising
        self._patience = patience

    @property
    def exhausted(self) -> bool:
        """Whether patience has ended."""
        return 0 < self._patience <= self.stale

    def take(self, score: float) -> bool:
        """Whether a score is the best; one that is no number never is, but where it is the first."""
        better = self.score is None or self.score != self.score
        if not better and self.score is not None:
            better = score > self.score if self._rising else score < self.score
        self.score, self.stale = (score, 0) if better else (self.score, self.stale + 1)
        return better

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"score": self.score, "stale": self.stale}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put a checkpoint's state back."""
        self.score, self.stale = state["score"], state["stale"]
