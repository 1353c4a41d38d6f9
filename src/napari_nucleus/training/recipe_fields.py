"""Fields of recipes that know what they may hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, Field, field, fields
from math import isfinite
from typing import Any

from napari_nucleus.core.errors import NucleusError


def number(default: Any = MISSING, *, least: float | None = None, above: float | None = None, **limits: float) -> Any:
    """A dataclass field that holds a number within limits; None is let through where the field's type has it.

    Parameters
    ----------
    default : number, optional
    least, above : float, optional
        The smallest value that is allowed, or one below all that are.
    **limits : float
        ``most`` and ``below`` likewise at the other end.
    """
    return field(default=default, metadata={"least": least, "above": above, **limits})


def choice(default: str, options: Sequence[str]) -> Any:
    """A dataclass field that holds one of a few words."""
    return field(default=default, metadata={"options": tuple(options)})


def check_fields(record: Any) -> None:
    """Refuse values that their field doesn't allow.

    Raises
    ------
    NucleusError
        Names the field, what it may hold and what it holds.
    """
    for f in fields(record):
        _check(f, getattr(record, f.name))


def _check(f: Field, value: Any) -> None:
    limits = f.metadata
    if "options" in limits and value not in limits["options"]:
        raise NucleusError(f"Expected {f.name} to be one of {', '.join(limits['options'])}, got {value!r}. Choose one.")
    if "least" not in limits or value is None:
        return
    tests = {
        "at least": (limits["least"], lambda bound: value >= bound),
        "above": (limits["above"], lambda bound: value > bound),
        "at most": (limits.get("most"), lambda bound: value <= bound),
        "below": (limits.get("below"), lambda bound: value < bound),
    }
    asked = {words: bound for words, (bound, _) in tests.items() if bound is not None}
    if not isfinite(value) or not all(tests[words][1](bound) for words, bound in asked.items()):
        wanted = " and ".join(f"{words} {bound:g}" for words, bound in asked.items()) or "a finite number"
        raise NucleusError(f"Expected {f.name} {wanted}, got {value}. Correct it.")
