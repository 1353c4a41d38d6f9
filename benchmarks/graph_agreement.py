"""How often a nucleus keeps its class when its image is flipped or cut elsewhere: our positions beside the paper's.

    python benchmarks/graph_agreement.py DATA [--runs RUNS]

Trains two graph classifiers, unless they are in RUNS: with offsets of neighbours in µm, and in the paper's mode (shares
of a patch of 270 pixels; Guan et al. 2025). Both read what the recipe says beside that, and see the validation tiles
as they are, flipped, and cut 37 × 53 pixels further on. "graph alone" carries the dense network's features and votes
over, so that nothing but the graph and the words can change; "from the image on" looks at the changed image anew.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import Image, NucleusMap, drain
from napari_nucleus.graph.library import LoadedGraph, read_graph
from napari_nucleus.inference import nucleus_features, segment
from napari_nucleus.inference.graph_nodes import answer
from napari_nucleus.io import open_patches
from napari_nucleus.training import GraphRecipe, read_recipe, train_graph

Change = Callable[[NDArray], NDArray]

RECIPE = Path(__file__).parents[1] / "recipes" / "nucleus_graph.toml"
CHANGES: dict[str, Change] = {
    "left to right": lambda a: a[:, ::-1],
    "top to bottom": lambda a: a[::-1],
    "shift": lambda a: a[37:, 53:],
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    given = parser.parse_args()
    recipe = read_recipe(RECIPE, GraphRecipe)
    graphs = {mode: trained(recipe, mode, given) for mode in ("offsets", "patch")}
    same: dict[tuple[str, str, str], list[NDArray[np.bool_]]] = {}
    for pixels in tiles(recipe, given.data):
        for mode, change, how, agree in agreements(pixels, graphs):
            same.setdefault((mode, change, how), []).append(agree)
    print(f"{'position':10}{'change':16}{'graph alone':>14}{'from the image on':>20}")
    for mode in graphs:
        for change in CHANGES:
            alone, anew = (100 * np.concatenate(same[mode, change, how]).mean() for how in ("alone", "anew"))
            print(f"{mode:10}{change:16}{alone:>12.1f} %{anew:>18.1f} %")


def trained(recipe: GraphRecipe, mode: str, given: argparse.Namespace) -> LoadedGraph:
    """The classifier of a mode."""
    looks = given.runs / recipe.name / "looks"
    own = recipe if mode == recipe.position else replace(recipe, name=f"{recipe.name}_{mode}", position=mode)
    return read_graph(drain(train_graph(own, given.data, given.runs, resume=True, looks=looks)).folder / "model.json")


def tiles(recipe: GraphRecipe, data: Path) -> Iterator[NDArray[np.uint8]]:
    """The validation tiles, (H, W, 3)."""
    patches = open_patches(data / recipe.sources[0].folder)
    for name in recipe.sources[0].validate:
        yield np.asarray(patches.image(patches.names.index(name)).array)


def agreements(
    pixels: NDArray[np.uint8], graphs: dict[str, LoadedGraph]
) -> Iterator[tuple[str, str, str, NDArray[np.bool_]]]:
    """Mode, change, way, and whether each nucleus keeps its class."""
    found = segment(pixels, mpp=0.25, keep_maps=False).nuclei
    visual = nucleus_features(pixels, found)
    before = {mode: classes(found, pixels, visual, graph) for mode, graph in graphs.items()}
    area = np.bincount(found.labels.ravel())
    for change, turn in CHANGES.items():
        image, labels = (np.ascontiguousarray(turn(array)) for array in (pixels, found.labels))
        kinds, votes = found.scheme, segment(image, mpp=0.25).maps.type_prob
        anew = NucleusMap.from_labels(labels, mpp=0.25, classes=kinds, type_prob=votes)
        ids = anew.table["label"].to_numpy()
        whole = ids[np.bincount(labels.ravel(), minlength=len(area))[ids] == area[ids]]
        rows = np.searchsorted(found.table["label"], ids)
        told = {f"p_{name}": found.table[f"p_{name}"].to_numpy()[rows] for name in kinds.classes}
        carried = NucleusMap(anew.labels, anew.table.assign(**told), 0.25, kinds)
        for how, nuclei, features in (
            ("alone", carried, visual[rows]),
            ("anew", anew, nucleus_features(image, anew)),
        ):
            for mode, graph in graphs.items():
                after = classes(nuclei, image, features, graph)
                yield mode, change, how, (after[whole] == before[mode][whole]).to_numpy()


def classes(nuclei: NucleusMap, pixels: NDArray[np.uint8], visual: NDArray[np.float32], graph: LoadedGraph):
    """The most probable class by label."""
    return answer(nuclei, Image((pixels,), mpp=nuclei.mpp), visual, graph).probabilities.idxmax(axis=1)


if __name__ == "__main__":
    main()
