"""Trained graph classifiers: those that ship, and the user's own; each belongs to the dense network whose features it
reads.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from napari_nucleus.core import NucleusError
from napari_nucleus.graph.node_network import NodeNetwork
from napari_nucleus.io.files import replacing
from napari_nucleus.models import DEFAULT, ModelCard, models_folder, read_card, write_card

ARCHITECTURE = "node_network"
_SHIPPED = Path(__file__).parent / "weights"


@dataclass(frozen=True, slots=True)
class LoadedGraph:
    """A graph classifier with its trained weights.

    Attributes
    ----------
    network : NodeNetwork
    card : ModelCard
        Its ``options`` are those of `NodeNetwork`; ``training["graph"]`` says what it is fed with: ``model`` (the
        dense network), ``encoder`` and ``style`` of descriptions, ``method`` and ``k`` of the builder.
    """

    network: NodeNetwork
    card: ModelCard

    @property
    def fed(self) -> Mapping[str, Any]:
        """What it is fed with."""
        graph: Mapping[str, Any] = self.card.training["graph"]
        return graph


def list_graphs() -> dict[str, Path]:
    """Card of each graph classifier by name; the user's own first."""
    cards = [*sorted(graphs_folder().glob("*.json")), *sorted(_SHIPPED.glob("*.json"))]
    return {card.stem: card for card in reversed(cards)}


def graphs_folder() -> Path:
    """Where the user's own graph classifiers lie."""
    return models_folder() / "graphs"


def add_graph(weights: Path, card: ModelCard) -> Path:
    """Keep a graph classifier under the name on its card, in place of one that was kept under it; gives its card.

    Raises
    ------
    NucleusError
        The folder can't be written.
    """
    place = graphs_folder() / f"{card.name}.json"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NucleusError(f"Expected a folder that can be made at {place.parent}, got: {error.strerror}.") from None
    with replacing(place.with_suffix(".safetensors")) as part:
        shutil.copyfile(weights, part)
    with replacing(place) as part:
        write_card(part, card)
    return place


def load_graph(name: str = "default", model: str = "default") -> LoadedGraph:
    """A trained graph classifier.

    Parameters
    ----------
    name : str
        One of `list_graphs`; ``"default"`` is the one called like the model, or else made for it.
    model : str
        The dense network whose features it is to read.

    Raises
    ------
    NucleusError
        There is none for that model, or its file is broken.
    """
    model = DEFAULT if model == "default" else model
    known = list_graphs()
    name = next(iter(_made_for(model, known)), "") if name == "default" else name
    if name not in known:
        raise NucleusError(
            f"Expected a graph classifier for {model} ({', '.join(known) or 'none is there'}), got none. Train one: "
            "napari-nucleus train-graph RECIPE."
        )
    loaded = read_graph(known[name])
    if loaded.fed["model"] != model:
        raise NucleusError(
            f"Expected a graph classifier for {model}, got {name}, which reads {loaded.fed['model']}. Train one: "
            "napari-nucleus train-graph RECIPE."
        )
    return loaded


def read_graph(card_file: Path) -> LoadedGraph:
    """A graph classifier from its card and the weights beside it, which have the same stem.

    Raises
    ------
    NucleusError
        A file is missing or broken.
    """
    card = read_card(card_file)
    return LoadedGraph(_network(card, card_file.with_suffix(".safetensors")), card)


def _made_for(model: str, known: Mapping[str, Path]) -> list[str]:
    return [name for name, card in known.items() if read_card(card).training.get("graph", {}).get("model") == model]


def _network(card: ModelCard, weights: Path) -> NodeNetwork:
    try:
        state: Mapping[str, Tensor] = load_file(weights)
        network = NodeNetwork(len(card.scheme), **card.options)
        # Older ones hold a temperature, which was always 1.
        network.load_state_dict({name: tensor.float() for name, tensor in state.items() if name != "temperature"})
    except (OSError, SafetensorError, RuntimeError, TypeError, KeyError) as error:
        first = str(error).splitlines()[0]
        raise NucleusError(
            f"Expected weights of {ARCHITECTURE} in {weights}, got: {first}. Fetch them again."
        ) from None
    return network.eval().requires_grad_(False)
