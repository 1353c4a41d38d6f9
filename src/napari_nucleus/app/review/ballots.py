"""The court's long work: collecting votes on all cells of a run, and writing the data set that it has refined."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path

import pandas as pd

from napari_nucleus.app.review.court import VOTES, Court
from napari_nucleus.app.review.verdicts import Verdict
from napari_nucleus.app.review.voters import Voter
from napari_nucleus.core import NucleusError, Progress
from napari_nucleus.io.files import replacing
from napari_nucleus.io.patches import Patch
from napari_nucleus.training.relabel.cells import SourceImages
from napari_nucleus.training.relabel.job import run_recipe
from napari_nucleus.training.relabel.refined import write_refined

_KEYS = ["source", "image", "label"]


def collect_votes(folder: Path, data: Path, voters: Mapping[str, Voter]) -> Generator[Progress, None, Court]:
    """Ask voters about every cell of a ledger, and keep what they say beside it.

    Parameters
    ----------
    folder : Path
        A run of `cross_relabel`.
    data : Path
        The folder that holds both data sets.
    voters : mapping of str to Voter
        As `voters` gives them.

    Returns
    -------
    Court
        With their votes, and those that others have given before.

    Raises
    ------
    NucleusError
        The run or its data are missing, or a voter can't be loaded.
    """
    court, recipe = Court.open(folder), run_recipe(folder)
    sources = [SourceImages(source, data, recipe.mpp) for source in recipe.sources]
    parts, done = [], 0
    for images in sources:
        mine = court.ledger[court.ledger["source"] == images.source.name]
        choices = [name.removeprefix("p_") for name in map(str, mine.filter(regex="^p_")) if mine[name].notna().any()]
        by_image = dict(list(mine.groupby("image")))
        for _, tiles in images:
            for tile in (tile for tile in tiles if tile.name in by_image):
                parts.append(_ask(voters, tile, by_image[tile.name][_KEYS], choices))
            done += 1
            yield Progress(done, sum(map(len, sources)), "collecting votes")
    _keep(folder / VOTES, court.ledger[_KEYS], parts)
    return Court.open(folder)


def write_reviewed(folder: Path, data: Path, out: Path) -> Generator[Progress, None, None]:
    """Write the refined data set anew, as the court has decided, with its ledger as CSV and Parquet.

    Parameters
    ----------
    folder, data : Path
        As in `collect_votes`.
    out : Path
        A folder; ``refined/`` and ``ledger`` land in it, as in a run.

    Raises
    ------
    NucleusError
        The run or its data are missing, or the folder can't be written to.
    """
    court, recipe = Court.open(folder), run_recipe(folder)
    sources = [SourceImages(source, data, recipe.mpp) for source in recipe.sources]
    table = court.table
    kept = table["source"].map({source.name: recipe.kept(source) for source in recipe.sources})
    rejected = table["verdict"] == Verdict.REJECT
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NucleusError(f"Expected a folder to write to, got: {error.strerror}. Choose another: {out}") from None
    final = table["final_class"].where(~rejected, kept)
    yield from write_refined(out, sources, recipe, table.assign(new_class=final))
    for suffix in ("csv", "parquet"):
        court.export(out / f"ledger.{suffix}")


def _ask(voters: Mapping[str, Voter], tile: Patch, keys: pd.DataFrame, choices: list[str]) -> pd.DataFrame:
    """Votes on the cells of an image."""
    assert tile.truth is not None
    votes = pd.DataFrame({"label": tile.truth.table["label"]})
    for name, vote in voters.items():  # on all nuclei, since the graph needs the neighbours
        votes[f"vote_{name}"], votes[f"sure_{name}"] = vote(tile.image, tile.truth, choices)
    return keys.merge(votes, "left", "label")


def _keep(path: Path, keys: pd.DataFrame, parts: list[pd.DataFrame]) -> None:
    """Put new votes beside those that are kept; those of the same voters are replaced."""
    new = pd.concat(parts, ignore_index=True) if parts else keys.iloc[:0]
    if path.is_file():
        old = pd.read_parquet(path)
        new = keys.merge(old[[*_KEYS, *(c for c in old if c not in new)]], "left", _KEYS).merge(new, "left", _KEYS)
    with replacing(path) as part:
        new.to_parquet(part, index=False)
