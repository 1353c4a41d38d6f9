"""All that is known of one nucleus, and what would become of it if a neighbour were another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.app.graph.network import Neighbour, Network
from napari_nucleus.app.graph.state import Change

if TYPE_CHECKING:  # torch takes seconds
    from napari_nucleus.graph import GraphAnswer

_CROP_UM = 24.0
VOTE, GRAPH, TEXT, WHAT_IF = "vote", "graph", "words", "what if"


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """What the panel shows of a nucleus.

    Attributes
    ----------
    label : int
    kind : str
        Its class.
    description : str
    crop : (h, w, 3) uint8 or None
        The image around it, the nucleus outlined; None without an image.
    probabilities : DataFrame
        A row a class; columns of `VOTE`, `GRAPH`, `TEXT` and `WHAT_IF`, those that are known.
    neighbours : list of Neighbour
        The nearest first.
    change : Change or None
        What ``what if`` tells of.
    facts : dict
        Measurements in words.
    """

    label: int
    kind: str
    description: str
    crop: NDArray[np.uint8] | None
    probabilities: pd.DataFrame
    neighbours: list[Neighbour]
    change: Change | None
    facts: dict[str, str]


def card_of(
    network: Network,
    label: int,
    answer: GraphAnswer | None = None,
    text: pd.DataFrame | None = None,
    change: Change | None = None,
) -> Card:
    """The card of a nucleus that the network has."""
    row = network.row(label)
    return Card(
        label,
        network.nuclei.scheme.name_of(int(network.kinds[row])),
        network.description(label),
        _crop(network, label, *network.places[row]),
        _probabilities(network, label, answer, text, change),
        network.neighbours(label),
        change,
        _facts(network.measured.iloc[row]),
    )


def _probabilities(
    network: Network, label: int, answer: GraphAnswer | None, text: pd.DataFrame | None, change: Change | None
) -> pd.DataFrame:
    """Columns by source; the classes of the graph where it has been asked, else those of the nuclei."""
    scheme = network.nuclei.scheme if answer is None else answer.scheme
    row = network.nuclei.table.iloc[network.row(label)]
    own = row.reindex([f"p_{name}" for name in scheme.classes]).set_axis(list(scheme.classes))
    columns: dict[str, Any] = {VOTE: own}
    if answer is not None:
        columns |= {VOTE: answer.vote.loc[label], GRAPH: answer.probabilities.loc[label]}
    if text is not None:
        columns[TEXT] = text.loc[label]
    if answer is not None and change is not None:
        columns[WHAT_IF] = what_if(answer, change).loc[label]
    return pd.DataFrame(columns, index=list(scheme.classes)).astype(np.float64).dropna(axis=1, how="all")


def what_if(answer: GraphAnswer, change: Change) -> pd.DataFrame:
    """Probabilities by label if a nucleus were gone or of another class."""
    with _one_thread():
        if change.kind is None:
            return answer.what_if(drop=change.label)
        return answer.what_if(reclass=(change.label, change.kind))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch work alone: for so few nodes it waits longer for other threads than it works, where they are busy."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _facts(measured: pd.Series) -> dict[str, str]:
    facts = {
        "area": f"{measured['area_um2']:.1f} µm²",
        "diameter": f"{measured['diameter_um']:.1f} µm",
        "circularity": f"{measured['circularity']:.2f}",
        "within 25 µm": f"{measured['neighbours']:.0f} nuclei",
    }
    return facts | ({"haematoxylin": f"{measured['haematoxylin']:.2f}"} if "haematoxylin" in measured else {})


def _crop(network: Network, label: int, y: float, x: float) -> NDArray[np.uint8] | None:
    """The image 24 µm around a nucleus with its outline; white beyond the image."""
    if network.pixels is None:
        return None
    half = max(4, round(_CROP_UM / network.nuclei.mpp / 2))
    top, left = round(y) - half, round(x) - half
    inside = tuple(slice(max(0, at), max(0, at + 2 * half)) for at in (top, left))
    pixels = np.asarray(network.pixels[inside]).copy()
    own = network.nuclei.labels[inside] == label
    core = own.copy()
    for axis, by in ((0, 1), (0, -1), (1, 1), (1, -1)):
        core &= np.roll(own, by, axis)
    pixels[own & ~core] = (255, 235, 0)
    crop = np.full((2 * half, 2 * half, 3), 255, np.uint8)
    down, right = inside[0].start - top, inside[1].start - left
    crop[down : down + pixels.shape[0], right : right + pixels.shape[1]] = pixels
    return crop
