"""From a finished run to where the user's models are found."""

from __future__ import annotations

from dataclasses import replace

from napari_nucleus.graph.library import ARCHITECTURE as NODE_NETWORK
from napari_nucleus.graph.library import add_graph
from napari_nucleus.models.library import add_model
from napari_nucleus.models.zoo import DEFAULT, list_models
from napari_nucleus.training.run import Run


def publish(run: Run, name: str | None = None) -> str:
    """Put a run's model into the user's model list, from where `segment` and the panels take it.

    A graph classifier goes where `load_graph` finds it, in place of one of its name.

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
    if run.card.architecture == NODE_NETWORK:
        return add_graph(run.weights, replace(run.card, name=name or run.card.name)).stem
    name = name or _free(run.card.name)
    add_model(run.weights, replace(run.card, name=name))
    return name


def _free(name: str) -> str:
    taken = {"default", DEFAULT, *(info.name for info in list_models())}
    return next(n for n in (name, *(f"{name}-{i}" for i in range(2, len(taken) + 3))) if n not in taken)
