"""Which losses a network is trained with, and what they weigh: a table that a recipe can hold."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from math import isfinite
from types import MappingProxyType

from napari_nucleus.core.errors import NucleusError
from napari_nucleus.training.recipe_fields import check_fields, number

_PIXELS = ("cross_entropy", "smoothed_cross_entropy", "dice", "focal", "decoupling")
TERMS = MappingProxyType(
    {
        "np": _PIXELS,
        "boundary": _PIXELS,
        "type": _PIXELS,
        "hv": ("mse", "msge"),
        "flow": ("cellpose",),
        "teacher": ("features",),
    }
)
"""The terms that each branch can have, by name."""


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Terms of each branch of a network with their weights; a branch that the network lacks is left out.

    The defaults are those of Zhang et al. (2025, §4.2) for NP, HV and type; of Stringer et al. (2021) for flows; and of
    Guan et al. (2025, eq. 9) for the edges of nuclei and what CLIP teaches.

    Attributes
    ----------
    np, boundary, type : dict of float
        Of ``cross_entropy``, ``smoothed_cross_entropy`` (spatially varying), ``dice``, ``focal`` and ``decoupling``. An
        empty branch isn't taught.
    hv : dict of float
        Of ``mse`` and ``msge``.
    flow : dict of float
        Of ``cellpose``.
    teacher : dict of float
        Of ``features``: a network that holds its teacher learns from it (Guan et al., eq. 8).
    focal_gamma : float
        γ of ``focal``.
    per_sample : bool
        Take each sample's loss by itself, then their mean; else Dice and the weighted means run over all samples of a
        batch together. Then a batch costs the same however it is split over devices or parts.

    Raises
    ------
    NucleusError
        A term isn't one of its branch or its weight is no number from 0; the message names it.
    """

    np: dict[str, float] = field(default_factory=lambda: {"cross_entropy": 2.0, "dice": 2.0})
    hv: dict[str, float] = field(default_factory=lambda: {"mse": 2.0, "msge": 2.0})
    flow: dict[str, float] = field(default_factory=lambda: {"cellpose": 1.0})
    boundary: dict[str, float] = field(default_factory=lambda: {"cross_entropy": 1.0, "dice": 1.0})
    type: dict[str, float] = field(default_factory=lambda: {"cross_entropy": 3.0, "dice": 1.0})
    teacher: dict[str, float] = field(default_factory=lambda: {"features": 1.0})
    focal_gamma: float = number(2.0, least=0)
    per_sample: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        for branch in fields(self):
            if branch.name in TERMS:
                _check(branch.name, getattr(self, branch.name))


def _check(branch: str, weights: dict[str, float]) -> None:
    for term, weight in weights.items():
        if term not in TERMS[branch]:
            near = get_close_matches(term, TERMS[branch], 1) or TERMS[branch][:1]
            raise NucleusError(
                f"Expected losses.{branch} to be of {', '.join(TERMS[branch])}, got {term!r}. Write {near[0]!r}?"
            )
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not isfinite(weight) or weight < 0:
            raise NucleusError(f"Expected a number from 0 for losses.{branch}.{term}, got {weight!r}. Correct it.")
