"""Who keeps company with whom: class pairs among neighbours, and distances, against chance.

Chance is a random labelling: nuclei stay where they are, and classes are dealt out anew among them. So neither the
tissue's outline nor where nuclei are dense makes a pair significant, only who lies where.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.graph.build import NucleusGraph
from napari_nucleus.io.files import replacing

RADII_UM = tuple(float(r) for r in range(5, 51, 5))
_FEWER = 99  # labellings for the band of the distances
_MOST_PAIRS = 4_000_000  # of nuclei for the distances; their largest radius shrinks until there are no more


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """Statistics of a graph.

    Attributes
    ----------
    classes : tuple of str
        Those that occur, ``unknown`` last.
    pairs : DataFrame
        A row a pair of classes, each once: `enrichment`.
    distances : DataFrame
        A row a pair and radius: `ripley`.
    """

    classes: tuple[str, ...]
    pairs: pd.DataFrame
    distances: pd.DataFrame

    def to_csv(self, path: str | PathLike[str]) -> None:
        """Write all numbers as one table; ``statistic`` tells which row is which.

        Raises
        ------
        NucleusError
            The file can't be written.
        """
        pairs, distances = self.pairs.copy(), self.distances.copy()
        pairs.insert(0, "statistic", "enrichment")
        distances.insert(0, "statistic", "ripley")
        with replacing(path) as temporary:
            pd.concat([pairs, distances]).to_csv(temporary, index=False)


def neighbourhood(nuclei: NucleusMap, graph: NucleusGraph, permutations: int = 999, seed: int = 0) -> Neighbourhood:
    """`enrichment`, and `ripley` with 99 labellings at most, of the classes that occur.

    Raises
    ------
    NucleusError
        ``permutations`` is below 1.
    """
    names = tuple(name for name, count in nuclei.counts().items() if count)
    pairs = enrichment(nuclei, graph, permutations, seed)
    return Neighbourhood(names, pairs, ripley(nuclei, permutations=min(permutations, _FEWER), seed=seed))


def enrichment(nuclei: NucleusMap, graph: NucleusGraph, permutations: int = 999, seed: int = 0) -> pd.DataFrame:
    """Edges between classes, and how many there would be by chance.

    Parameters
    ----------
    nuclei : NucleusMap
    graph : NucleusGraph
    permutations : int
        Random labellings.
    seed : int

    Returns
    -------
    DataFrame
        A row a pair of classes, each once: ``class_a``, ``class_b``, ``edges``, ``expected``, ``ratio`` (edges /
        expected), ``z``, and ``p``, two-sided: twice the smaller share of labellings with as many edges or more, or as
        few or fewer, the observed one counted in (Phipson and Smyth 2010: never 0).
    """
    numbers, names = _present(nuclei)
    one, other = graph.rows(nuclei.table["label"])
    c = len(names)
    first, second = np.triu_indices(c)

    def count(kinds: NDArray[np.int64]) -> NDArray[np.int64]:
        table = np.bincount(kinds[one] * c + kinds[other], minlength=c * c).reshape(c, c)
        return (table + table.T - np.diag(np.diag(table)))[first, second]

    observed = count(numbers)
    chance = np.array([count(kinds) for kinds in _labellings(numbers, permutations, seed)])
    return pd.DataFrame(
        {"class_a": names[first], "class_b": names[second], "edges": observed, **_against(observed, chance)}
    )


def ripley(
    nuclei: NucleusMap,
    radii_um: tuple[float, ...] = RADII_UM,
    permutations: int = _FEWER,
    seed: int = 0,
) -> pd.DataFrame:
    """Ripley's L of each pair of classes: how many nuclei of b lie within r of a nucleus of a, as a distance.

    K_ab(r) = area / (n_a n_b) · pairs within r, each weighed for the part of its circle that lies outside of the image
    (translation correction, Ohser and Stoyan 1981); L = √(K / π). Where nuclei are strewn evenly, L = r; above it they
    keep together.

    Parameters
    ----------
    nuclei : NucleusMap
        Their image is the window, glass included: compare with the labellings rather than with r.
    radii_um : tuple of float
        Increasing. Of very many nuclei the larger ones are left out.
    permutations : int
        Random labellings.
    seed : int

    Returns
    -------
    DataFrame
        ``class_a``, ``class_b`` (each pair once), ``r_um``, ``l_um``, ``low_um`` and ``high_um`` (in which 95 % of the
        labellings lie), ``nearest_um`` (median distance from a nucleus of a to the nearest of b).
    """
    numbers, names = _present(nuclei)
    places = nuclei.table[["y_um", "x_um"]].to_numpy(np.float64)
    size = np.array(nuclei.labels.shape) * nuclei.mpp
    c, n = len(names), np.bincount(numbers, minlength=len(names))
    first, second = np.triu_indices(c)
    pairs, radii = _close_pairs(places, radii_um)
    apart = np.abs(places[pairs[:, 0]] - places[pairs[:, 1]])
    ring = np.searchsorted(radii, np.hypot(*apart.T))
    weight = size.prod() / (size - apart).prod(1)
    possible = n[first] * n[second] - np.where(first == second, n[first], 0)

    def distances(kinds: NDArray[np.int64]) -> NDArray[np.float64]:
        code = (ring * c + kinds[pairs[:, 0]]) * c + kinds[pairs[:, 1]]
        table = np.bincount(code, weight, len(radii) * c * c).reshape(len(radii), c, c).cumsum(0)
        both = (table + table.transpose(0, 2, 1))[:, first, second]  # of one class, each pair counts for both
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.sqrt(size.prod() * both / possible / np.pi)

    chance = np.array([distances(kinds) for kinds in _labellings(numbers, permutations, seed)])
    low, high = np.percentile(chance, (2.5, 97.5), axis=0)
    near = _nearest(places, numbers, c)[first, second]
    return pd.DataFrame(
        {
            "class_a": np.tile(names[first], len(radii)),
            "class_b": np.tile(names[second], len(radii)),
            "r_um": np.repeat(radii, len(first)),
            "l_um": distances(numbers).ravel(),
            "low_um": low.ravel(),
            "high_um": high.ravel(),
            "nearest_um": np.tile(near, len(radii)),
        }
    )


def _present(nuclei: NucleusMap) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Number of each nucleus's class among those that occur, and their names."""
    names = [name for name, count in nuclei.counts().items() if count]
    numbers = pd.Index(names).get_indexer(pd.Index(nuclei.table["class"])).astype(np.int64)
    return numbers, np.array(names, object)


def _labellings(numbers: NDArray[np.int64], permutations: int, seed: int) -> Iterator[NDArray[np.int64]]:
    if permutations < 1:
        raise NucleusError(
            f"Expected 1 random labelling or more, got {permutations}. Give a whole number, such as 999."
        )
    random = np.random.default_rng(seed)
    for _ in range(permutations):
        yield random.permutation(numbers)


def _against(observed: NDArray[np.int64], chance: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    expected, spread = chance.mean(0), chance.std(0)
    tail = 1 + np.minimum((chance >= observed).sum(0), (chance <= observed).sum(0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "expected": expected,
            "ratio": observed / expected,
            "z": (observed - expected) / spread,
            "p": np.minimum(1.0, 2 * tail / (1 + len(chance))),
        }


def _close_pairs(
    places: NDArray[np.float64], radii_um: tuple[float, ...]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pairs (P, 2) within the largest radius that leaves them few enough, and the radii up to that."""
    radii = np.asarray(radii_um, np.float64)
    if len(places) < 2:
        return np.empty((0, 2), np.int64), radii
    tree = cKDTree(places)
    counts = (tree.count_neighbors(tree, radii) - len(places)) // 2
    radii = radii[: max(1, int((counts <= _MOST_PAIRS).sum()))]
    return tree.query_pairs(radii[-1], output_type="ndarray").astype(np.int64), radii


def _nearest(places: NDArray[np.float64], numbers: NDArray[np.int64], c: int) -> NDArray[np.float64]:
    """Median distance from nuclei of each class to the nearest other one of each class, (C, C); nan where none is."""
    median = np.full((c, c), np.nan)
    for b in range(c):
        tree = cKDTree(places[numbers == b])
        for a in range(c):
            k = 2 if a == b else 1  # the nearest of its own class is itself
            if tree.n >= k:
                median[a, b] = np.median(tree.query(places[numbers == a], [k])[0])
    return median
