"""How well the embedded CLIP finds nuclei by words.

    python benchmarks/nucleus_clip.py DATA [--split validation] [--clip NAME] [--csv FILE]

``DATA`` holds ``consep``. Each question is a text; the nuclei of all tiles of the split are ranked by their similarity
with it. Average precision is compared with chance (the share of nuclei that are wanted) and with a linear probe: a
linear classifier on the same embeddings of the same crops, taught with the annotated training tiles. For combinations
of words the probe has seen nuclei of the very combination; the CLIP has not.

Intervals hold the middle 95 % of 500 samples of the tiles.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.evaluation.retrieval import questions, retrieval_table
from napari_nucleus.graph import text_encoder
from napari_nucleus.graph.visual import embed_windows
from napari_nucleus.io.patches import open_patches
from napari_nucleus.models.clip_loading import EMBEDDED, load_clip
from napari_nucleus.models.nucleus_fit import fit_nucleus_head
from napari_nucleus.training.clip import ClipRecipe
from napari_nucleus.training.clip.windows import nuclei_of
from napari_nucleus.training.recipe import read_recipe

RECIPE = Path(__file__).parents[1] / "recipes" / "nucleus_clip.toml"
SAMPLES = 500


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Nuclei of some tiles: embeddings (N, D), what is known of each (N, 5), and its tile (N,)."""

    embeddings: NDArray[np.float32]
    known: NDArray[np.int64]
    tile: NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", choices=("validation", "test"), default="validation")
    parser.add_argument("--clip", default=EMBEDDED)
    parser.add_argument("--csv", type=Path)
    arguments = parser.parse_args()
    recipe = read_recipe(RECIPE, ClipRecipe)
    held_out = recipe.sources[0].validate
    asked_tiles = held_out if arguments.split == "validation" else ("test_*",)
    classes: list[str] = []
    taught = embedded(arguments, recipe, ("train_*",), held_out, classes)
    tested = embedded(arguments, recipe, asked_tiles, (), classes)
    table = scored(taught, tested, classes, recipe, arguments.clip)
    print(table.round(3).to_string(index=False))
    print(means(table).round(3).to_string())
    if arguments.csv:
        table.to_csv(arguments.csv, index=False)


def embedded(
    arguments: argparse.Namespace,
    recipe: ClipRecipe,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    classes: list[str],
) -> Part:
    """Embeddings of the nuclei of the tiles with some names."""
    source, clip = recipe.sources[0], load_clip(arguments.clip)
    patches = open_patches(arguments.data / source.folder)
    names = [n for n in patches.names if any(fnmatch(n, i) for i in include) and n not in exclude]
    parts = []
    for tile, name in enumerate(names):
        pictures, known = nuclei_of(patches.patch(patches.names.index(name)), source, classes)
        parts.append((embed_windows(pictures, clip), known, np.full(len(known), tile)))
    return Part(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def scored(taught: Part, tested: Part, classes: list[str], recipe: ClipRecipe, clip: str) -> pd.DataFrame:
    """Average precision of each question by text and by probe."""
    asked = questions(tested.known, classes, recipe.left_out)
    texts = text_encoder(clip).encode([text for _, text in asked])
    similarity = tested.embeddings @ texts.T
    known = questions(taught.known, classes, recipe.left_out)
    probes = np.stack([probe(taught.embeddings, known[q], tested.embeddings) for q in asked], axis=1)
    table = retrieval_table(asked, similarity)
    table["probe"] = retrieval_table(asked, probes)["ap"]
    return table.assign(**intervals(asked, similarity, tested.tile))


def probe(taught: NDArray[np.float32], wanted: NDArray[np.bool_], tested: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a linear classifier of wanted and unwanted nuclei says of others."""
    head = fit_nucleus_head(taught, np.where(wanted, 2, 1), 2).head
    return head.probabilities(tested)[:, 1]


def intervals(
    asked: dict[tuple[str, str], NDArray[np.bool_]], similarity: NDArray[np.floating], tile: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """Interval of each average precision, over the tiles."""
    rng, drawn = np.random.default_rng(0), []
    rows = [np.flatnonzero(tile == t) for t in np.unique(tile)]
    for _ in range(SAMPLES):
        chosen = np.concatenate([rows[i] for i in rng.integers(len(rows), size=len(rows))])
        some = {question: wanted[chosen] for question, wanted in asked.items()}
        drawn.append(retrieval_table(some, similarity[chosen])["ap"])
    low, high = np.nanpercentile(np.array(drawn), [2.5, 97.5], axis=0)
    return {"low": low, "high": high}


def means(table: pd.DataFrame) -> pd.DataFrame:
    """Mean of each kind of question."""
    return table.groupby("kind")[["chance", "ap", "probe"]].mean()


if __name__ == "__main__":
    main()
