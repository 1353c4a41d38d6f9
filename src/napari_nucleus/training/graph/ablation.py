"""What each part of a node is worth: graph classifiers taught with fewer parts, scored beside the pixels' vote."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from napari_nucleus.core import NucleusError, NucleusMap, Progress
from napari_nucleus.evaluation import Case, Evaluation, evaluate
from napari_nucleus.evaluation.compare import compare
from napari_nucleus.evaluation.text import columns, interval
from napari_nucleus.graph.library import read_graph
from napari_nucleus.graph.nodes import PARTS
from napari_nucleus.postprocess.nucleus_classes import with_probabilities
from napari_nucleus.training.graph.images import RADIUS_UM, NodeImage, open_nodes
from napari_nucleus.training.graph.job import train_graph
from napari_nucleus.training.graph.recipe import GraphRecipe
from napari_nucleus.training.recipe import read_recipe

VOTE = "vote"
ROWS = MappingProxyType(
    {
        "visual": ("visual",),
        "+ position": ("visual", "position"),
        "+ text": ("visual", "text"),
        "+ tissue": ("visual", "tissue"),
        "full graph": PARTS,
    }
)
"""The rows of Guan et al. 2025, Table 9, below the vote, and one for what is measured."""


def graph_ablation(
    recipe: GraphRecipe | str | Path,
    data: str | Path,
    runs: str | Path = "runs",
    *,
    tested: str = "",
    refit: bool = False,
    device: str = "cpu",
    bootstrap: int = 1000,
) -> Generator[Progress, None, pd.DataFrame]:
    """Train a graph classifier for each row, and score it on images that none of them was taught.

    Parameters
    ----------
    recipe : GraphRecipe or path to TOML
    data : path
        That holds the recipe's sources.
    runs : path
        A run a row lands there; those that are there already are taken as they are.
    tested : str
        Glob of the images to score, in the folder of the first source; by default the held-out ones, which chose.
    refit : bool
        Score graphs that were taught the held-out images, too; see `train_graph`.
    device : str
        Of torch.
    bootstrap : int
        Samples of the images for the intervals.

    Yields
    ------
    Progress

    Returns
    -------
    DataFrame
        ``nodes``, ``class`` ("" = mean over the classes), ``f_c`` (HoVer-Net's), ``low``, ``high`` (95 %), and the
        ``difference`` from the vote with ``difference_low``, ``difference_high`` and ``p``, paired by image.

    Raises
    ------
    NucleusError
        As `train_graph`; or ``refit`` leaves nothing to score.
    """
    if refit and not tested:
        raise NucleusError("Expected images to score that no graph is taught, got none. Name them with tested.")
    recipe = recipe if isinstance(recipe, GraphRecipe) else read_recipe(recipe, GraphRecipe)
    looks = Path(runs) / recipe.name / "looks"
    cards = {}
    for name, parts in ROWS.items():
        named = recipe.name if parts == recipe.parts else f"{recipe.name}_{'_'.join(parts)}"
        row = replace(recipe, name=named, parts=parts)
        run = yield from train_graph(row, data, runs, device=device, resume=True, looks=looks, refit=refit)
        cards[name] = run.folder / "model.json"
    whole = replace(recipe, parts=PARTS)
    images = (yield from open_nodes(_on(whole, tested), data, looks, device)).held_out
    scored = {VOTE: _scored(images, [image.found for image in images])}
    for name, card in cards.items():
        yield Progress(len(scored), 1 + len(cards), f"scoring {name}")
        network = read_graph(card).network
        answers = [network.probabilities(image.nodes) for image in images]
        scored[name] = _scored(
            images, [with_probabilities(image.found, p) for image, p in zip(images, answers, strict=True)]
        )
    return pd.concat([_rows(name, one, scored[VOTE], bootstrap) for name, one in scored.items()], ignore_index=True)


def _on(recipe: GraphRecipe, tested: str) -> GraphRecipe:
    """The recipe with the images to score held out."""
    if not tested:
        return recipe
    return replace(recipe, sources=(replace(recipe.sources[0], include=tested, validate=("*",)),))


def _scored(images: Sequence[NodeImage], found: Sequence[NucleusMap]) -> Evaluation:
    pairs = zip(images, found, strict=True)
    return evaluate(
        [Case(image.name, image.truth, nuclei) for image, nuclei in pairs], radius_px=RADIUS_UM / found[0].mpp
    )


def _rows(name: str, scored: Evaluation, vote: Evaluation, bootstrap: int) -> pd.DataFrame:
    """F: the mean over the classes, then that of each class."""
    table = scored.table(bootstrap).query("metric == 'f_c' and tissue == ''").set_index("class")
    apart = compare(vote, scored, bootstrap).query("metric == 'f_c'").set_index("class")
    values = {"f_c": table["value"], "low": table["low"], "high": table["high"], "difference": apart["difference"]}
    values |= {"difference_low": apart["low"], "difference_high": apart["high"], "p": apart["p"]}
    return pd.DataFrame(values).rename_axis("class").reset_index().assign(nodes=name)


def summary(table: pd.DataFrame) -> str:
    """The table as text: a line a row, means first, then the classes."""
    lines: list[tuple[str, ...]] = [("nodes", "mean F", "beside the vote", *(c for c in table["class"].unique() if c))]
    for name, rows in table.groupby("nodes", sort=False):
        scores = rows[["f_c", "low", "high"]].to_numpy(float).tolist()
        cells = [f"{value:.3f} {interval(low, high)}" for value, low, high in scores]
        change, low, high = rows[["difference", "difference_low", "difference_high"]].to_numpy(float)[0].tolist()
        lines.append((str(name), cells[0], f"{change:+.3f} {interval(low, high)}", *cells[1:]))
    return columns(lines)
