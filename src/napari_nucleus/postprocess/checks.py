"""What every decoder asks of its thresholds and classes."""

from __future__ import annotations

import numpy as np

from napari_nucleus.core import ClassScheme, FlowMaps, HoverMaps, NucleusError, numbered_scheme


def check_shares(**shares: float) -> None:
    """Refuse what is not from 0 to 1."""
    for name, value in shares.items():
        if not 0 <= value <= 1:
            raise NucleusError(f"Expected {name} from 0 to 1, got {value}. Leave it out for the usual one.")


def check_sizes(**sizes: float) -> None:
    """Refuse what is negative or no number."""
    for name, value in sizes.items():
        if not 0 <= value < np.inf:
            raise NucleusError(f"Expected {name} of 0 or more, got {value}. Leave it out for the usual one.")


def classes_of(maps: HoverMaps | FlowMaps, classes: str | ClassScheme | None) -> str | ClassScheme:
    """The classes that were asked for, or ``class_1``, ``class_2``, … of the type map, or ``nucleus`` without one."""
    if classes is not None:
        return classes
    if maps.type_prob is None:
        return "nucleus"
    n_classes = len(maps.type_prob) - 1
    if n_classes < 1:
        raise NucleusError(
            "Expected type_prob of background and one class or more, got background alone. Leave it out."
        )
    return numbered_scheme(n_classes)
