"""A trained network with other classes: what it knows of a class goes with the class's name."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from napari_nucleus.core import ClassScheme, NucleusError
from napari_nucleus.models.parts import type_layer
from napari_nucleus.models.registry import create_model
from napari_nucleus.models.zoo import LoadedModel

# Logit of a class that nothing has been learnt of: below all that a trained network says.
_NEVER = -20.0


def class_sources(old: ClassScheme, new: ClassScheme, rename: Mapping[str, str]) -> dict[str, list[int]]:
    """From which of the old classes each new one takes what is known: numbers from 1, none for a new class.

    Parameters
    ----------
    old, new : ClassScheme
    rename : mapping
        Old names to new ones; a name that isn't there stays. Several old classes may become one.

    Raises
    ------
    NucleusError
        The table names a class that doesn't exist.
    """
    for before, after in rename.items():
        if before not in old.classes:
            raise NucleusError(
                f"Expected rename to name classes of the model ({', '.join(old.classes)}), got {before!r}. Correct it."
            )
        if after not in new.classes:
            raise NucleusError(
                f"Expected rename to lead to one of {', '.join(new.classes)}, got {after!r}. Correct it."
            )
    became = {name: rename.get(name, name) for name in old.classes}
    return {name: [i for i, o in enumerate(old.classes, 1) if became[o] == name] for name in new.classes}


def with_classes(
    model: LoadedModel, classes: ClassScheme, rename: Mapping[str, str] | None = None, *, silent: bool = False
) -> nn.Module:
    """The network of a model for other classes, ready to be trained.

    Kept and renamed classes keep their weights, classes that become one take the mean of theirs, and new ones start
    fresh, as does everything that the architecture draws by chance.

    Parameters
    ----------
    model : LoadedModel
        Left as it is.
    classes : ClassScheme
    rename : mapping, optional
        Old names to new ones.
    silent : bool
        Let new classes never be answered, for a classifier of nuclei to name them.

    Raises
    ------
    NucleusError
        The network has no classes, or ``rename`` names one that doesn't exist.
    """
    card = model.card
    sources = class_sources(card.scheme, classes, rename or {})
    options = {name: value for name, value in card.options.items() if name != "pretrained"}
    network = create_model(card.architecture, classes=classes, **options)
    layer = type_layer(network)
    fresh = network.state_dict()
    state = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    for name in (f"{layer}.weight", f"{layer}.bias"):
        state[name] = _rows(state[name], fresh[name], list(sources.values()), silent)
    network.load_state_dict(state)
    return network


def _rows(old: Tensor, fresh: Tensor, sources: list[list[int]], silent: bool) -> Tensor:
    """Rows of the layer of types: background, then each class from its sources."""
    rows = fresh.clone()
    rows[0] = old[0]
    for i, numbers in enumerate(sources, 1):
        if numbers:
            rows[i] = old[torch.tensor(numbers)].mean(0)
        elif silent:
            rows[i] = _NEVER if old.ndim == 1 else 0.0
    return rows
