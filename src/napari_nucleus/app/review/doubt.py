"""How doubtful the class of each nucleus is, seen from several sides; always from 0, none, to 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import NucleusError

Array = NDArray[np.float64]


class Doubt(StrEnum):
    """What the queue can be ordered by; each in words, for the panel."""

    MISTAKE = "chance of a mistake"
    ENTROPY = "entropy"
    MARGIN = "margin"
    DISAGREEMENT = "ensemble disagreement"
    VOTE_GRAPH = "vote ≠ graph"
    RELABEL = "relabel confidence"
    ATYPICAL = "atypical"
    MIX = "mix"


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is known of N nuclei; whatever is missing is None, and nan for single nuclei.

    Attributes
    ----------
    probabilities : (N, C) float
    classes : (N,) integers, optional
        As they stand, from 1; the most probable ones by default.
    disagreement : (N,) float, optional
        How far the models or views of an ensemble differ, from 0 to 1: the column that `segment` gives, or
        `disagreement` of their probabilities.
    graph : (N, C) float, optional
        Of the graph classifier.
    relabel : (N,) float, optional
        Confidence of the cross-relabelling in its new class.
    features : (N, D) float, optional
        An embedding.
    atypical : (N,) float, optional
        `atypicality` of the features, where it is worked out already.
    """

    probabilities: NDArray[np.floating]
    classes: NDArray[np.integer] | None = None
    disagreement: NDArray[np.floating] | None = None
    graph: NDArray[np.floating] | None = None
    relabel: NDArray[np.floating] | None = None
    features: NDArray[np.floating] | None = None
    atypical: NDArray[np.floating] | None = None

    @property
    def doubts(self) -> list[Doubt]:
        """Those that it allows."""
        needs = {
            Doubt.DISAGREEMENT: self.disagreement,
            Doubt.VOTE_GRAPH: self.graph,
            Doubt.RELABEL: self.relabel,
            Doubt.ATYPICAL: self.features if self.atypical is None else self.atypical,
        }
        return [kind for kind in Doubt if kind not in needs or needs[kind] is not None]


def doubt(evidence: Evidence, kind: Doubt) -> Array:
    """One doubt of each nucleus, (N,); nan where it isn't known.

    Raises
    ------
    NucleusError
        The evidence doesn't allow it.
    """
    p = np.asarray(evidence.probabilities, np.float64)
    ways: dict[Doubt, Callable[[], Array]] = {
        Doubt.MISTAKE: lambda: mistake(p, evidence.classes),
        Doubt.ENTROPY: lambda: entropy(p),
        Doubt.MARGIN: lambda: margin(p),
        Doubt.DISAGREEMENT: lambda: np.asarray(evidence.disagreement, np.float64),
        Doubt.VOTE_GRAPH: lambda: difference(p, np.asarray(evidence.graph)),
        Doubt.RELABEL: lambda: 1 - np.asarray(evidence.relabel, np.float64),
        Doubt.ATYPICAL: lambda: _atypical(evidence),
        Doubt.MIX: lambda: mixed({one: doubt(evidence, one) for one in evidence.doubts if one is not Doubt.MIX}),
    }
    if kind not in evidence.doubts:
        raise NucleusError(f"Expected an order out of {', '.join(evidence.doubts)}, got {kind}. Choose one of those.")
    return ways[kind]()


def mistake(probabilities: NDArray[np.floating], classes: NDArray[np.integer] | None = None) -> Array:
    """Chance that the class is wrong: 1 less its probability; of unknown classes (0, or more than C), 1."""
    p = np.asarray(probabilities, np.float64)
    if classes is None:
        return 1 - p.max(1, initial=0)
    known = np.where(np.asarray(classes) <= p.shape[1], classes, 0)
    own = np.concatenate([np.zeros((len(p), 1)), p], 1)[np.arange(len(p)), known]
    return 1 - own


def entropy(probabilities: NDArray[np.floating]) -> Array:
    """Shannon's entropy, as a share of the most that C classes can have."""
    p = np.asarray(probabilities, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, -p * np.log(p), 0.0)
    return np.where(np.isnan(p).any(1), np.nan, terms.sum(1) / np.log(max(p.shape[1], 2)))


def margin(probabilities: NDArray[np.floating]) -> Array:
    """1 less the distance between the two most probable classes."""
    p = np.sort(np.asarray(probabilities, np.float64), 1)
    return 1 - (p[:, -1] - p[:, -2]) if p.shape[1] > 1 else np.zeros(len(p))


def disagreement(members: NDArray[np.floating]) -> Array:
    """How much the models of an ensemble contradict each other: the Jensen-Shannon divergence of M models (N,).

    The entropy of their mean less the mean of their entropies (Houlsby et al. 2011, BALD), as a share of its most.
    """
    members = np.asarray(members, np.float64)
    n_models, _, n_classes = members.shape
    most = np.log(max(min(n_models, n_classes), 2)) / np.log(max(n_classes, 2))
    own = np.mean([entropy(p) for p in members], 0)
    return np.maximum(entropy(members.mean(0)) - own, 0) / most


def difference(vote: NDArray[np.floating], graph: NDArray[np.floating]) -> Array:
    """How far two votes lie apart: half the sum of distances; at least a half where their classes differ."""
    vote, graph = np.asarray(vote, np.float64), np.asarray(graph, np.float64)
    apart = np.abs(vote - graph).sum(1) / 2
    differ = (vote.argmax(1) != graph.argmax(1)) & ~np.isnan(apart)
    return np.where(differ, 0.5 + apart / 2, apart / 2)


def atypicality(features: NDArray[np.floating], neighbours: int = 10, most: int = 2000) -> Array:
    """How far each nucleus lies from others in the embedding, as a rank among all.

    The distance to the tenth nearest of at most ``most`` nuclei (evenly taken), after standardising; nuclei without
    features (nan) have none.
    """
    x = np.asarray(features, np.float32)
    known = np.isfinite(x).all(1)
    result = np.full(len(x), np.nan)
    if not known.any():
        return result
    x = x[known]
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-6)
    others = x[:: -(-len(x) // most)]
    place = min(neighbours, len(others) - 1)  # from 0: one may be the nucleus itself
    blocks = (x[first : first + 4096] for first in range(0, len(x), 4096))
    result[known] = ranks(
        np.concatenate([np.partition(_squares(block, others), place, 1)[:, place] for block in blocks])
    )
    return result


def _atypical(evidence: Evidence) -> Array:
    known = evidence.atypical
    return atypicality(np.asarray(evidence.features)) if known is None else np.asarray(known, np.float64)


def _squares(x: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared distances (n, m)."""
    found: NDArray[np.float32] = (x**2).sum(1)[:, None] - 2 * x @ others.T + (others**2).sum(1)
    return found


def mixed(found: Mapping[Doubt, Array], weights: Mapping[Doubt, float] | None = None) -> Array:
    """Mean of the ranks of several doubts, so that none wins by its scale; what isn't known of a nucleus doesn't count.

    Parameters
    ----------
    found : mapping of Doubt to (N,) float
    weights : mapping of Doubt to float, optional
        Of those that count; by default each counts the same.
    """
    weights = dict.fromkeys(found, 1.0) if weights is None else weights
    chosen = [name for name in found if weights.get(name, 0) > 0]
    if not chosen:
        return np.zeros(len(next(iter(found.values()), ())))
    scores = np.stack([ranks(found[name]) for name in chosen])
    share = np.array([weights[name] for name in chosen])[:, None] * np.isfinite(scores)
    total = share.sum(0)
    result: Array = (np.nan_to_num(scores) * share).sum(0) / np.maximum(total, 1e-12)
    return np.where(total > 0, result, np.nan)


def ranks(values: NDArray[np.floating]) -> Array:
    """Ranks from 0, the lowest, to 1; equal values have equal ranks, nan stays."""
    values = np.asarray(values, np.float64)
    known = np.isfinite(values)
    result = np.full(len(values), np.nan)
    _, place, count = np.unique(values[known], return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count + 1) / 2  # of equal ones, from 0
    result[known] = middle[place] / max(known.sum() - 1, 1)
    return result
