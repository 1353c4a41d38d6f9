"""From a finished run to the user's model list."""

from __future__ import annotations

from dataclasses import replace

from napari_nucleus.models.library import add_model
from napari_nucleus.models.zoo import DEFAULT, list_models
from napari_nucleus.training.run import Run


def publish(run: Run, name: str | None = None) -> str:
    """Put a run's model into the user's model list, from where `segment` and the panels take it.

    Parameters
    ----------
    run : Run
    name : str, optional
        What it is to be called; by default as its card says, with a number behind it where that name is taken.

    Returns
    -------
    str
        The name that it got.

    Raises
    ------
    NucleusError
        A model of that name is there already, or the model folder can't be written.
    """
    name = name or _free(run.card.name)
    add_model(run.weights, replace(run.card, name=name))
    return name


def _free(name: str) -> str:
    taken = {"default", DEFAULT, *(info.name for info in list_models())}
    return next(n for n in (name, *(f"{name}-{i}" for i in range(2, len(taken) + 3))) if n not in taken)
