"""How a classifier of nuclei is taught: balanced, held back by where it starts from, then calibrated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from napari_nucleus.core import NucleusError
from napari_nucleus.models.nucleus_head import NucleusHead

PULLS = (1.0, 10.0, 100.0, 300.0, 1000.0)
"""How hard the weights are held back: from hardly at all to hardly moving."""

_FOLDS = 5
# With more nuclei than this one split tells enough, and how hard the weights are held back matters little.
_MANY = 1500
_PULL_OF_MANY = 3.0
_ROUNDS = 60


@dataclass(frozen=True, slots=True, eq=False)
class LinearStart:
    """A linear classifier to start from, in terms of the features as they are.

    Attributes
    ----------
    weight : (K, C) float32
    bias : (K,) float32
    """

    weight: Tensor
    bias: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class FittedHead:
    """A classifier, and how it does on nuclei that it was not taught.

    Attributes
    ----------
    head : NucleusHead
        Taught with all nuclei.
    tested : (M,) int64
        Rows that were left out once.
    probabilities : (M, K) float32
        Of those, by a classifier that was not taught them.
    """

    head: NucleusHead
    tested: NDArray[np.int64]
    probabilities: NDArray[np.float32]


def fit_nucleus_head(
    features: NDArray[np.floating],
    classes: NDArray[np.integer],
    n_classes: int,
    *,
    start: LinearStart | None = None,
    hidden: int = 0,
    weight: NDArray[np.floating] | None = None,
    pulls: Sequence[float] = PULLS,
    seed: int = 0,
) -> FittedHead:
    """Teach a classifier.

    Cross-entropy in which each class weighs the same (up to tenfold), plus the squared distance of the weights from
    where they start. How much the latter counts and the temperature are chosen on nuclei left out: five folds, or of
    more than 1500 nuclei one split, for the temperature alone. All nuclei are taught at once: no learning rate, the
    same answer each time.

    Parameters
    ----------
    features : (N, C) float
        `nucleus_features`.
    classes : (N,) integers
        1 to ``n_classes``.
    n_classes : int
    start : LinearStart, optional
        What is known already, such as the network's own type head. Without it, or with a hidden layer, 0.
    hidden : int
        Width of a hidden layer; 0 for a linear classifier.
    weight : (N,) float, optional
        How much each nucleus counts beside others of its class.
    pulls : sequence of float
        Of which one is chosen.
    seed : int

    Raises
    ------
    NucleusError
        There are no nuclei, arrays don't fit together, or a number is not finite.
    """
    _check(features, classes, n_classes)
    x = torch.from_numpy(np.asarray(features, np.float32))
    y = torch.from_numpy(np.asarray(classes, np.int64)) - 1
    own = torch.ones(len(y)) if weight is None else torch.from_numpy(np.asarray(weight, np.float32))
    task = _Task(x, y, own, n_classes, hidden, None if hidden else start, seed)
    folds = list(_folds(y.numpy(), seed))
    if not folds:
        head = task.fit(np.arange(1), pulls[-1]).eval().requires_grad_(False)
        return FittedHead(head, np.zeros(0, np.int64), np.zeros((0, n_classes), np.float32))
    tested = np.concatenate(folds)
    tried = pulls if len(y) <= _MANY or len(pulls) == 1 else (_PULL_OF_MANY,)
    out = {pull: task.left_out(folds, pull) for pull in tried}
    balanced = task.balance(np.arange(len(y)))[tested]
    losses = {
        pull: float((balanced * F.cross_entropy(logits, y[tested], reduction="none")).sum())
        for pull, logits in out.items()
    }
    pull = min(losses, key=losses.__getitem__)
    head = task.fit(np.arange(len(y)), pull)
    head.temperature.copy_(_temperature(out[pull], y[tested]))
    probabilities = (out[pull] / head.temperature).softmax(1).numpy()
    return FittedHead(head.eval().requires_grad_(False), tested, probabilities)


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    features: Tensor
    classes: Tensor
    weight: Tensor
    n_classes: int
    hidden: int
    start: LinearStart | None
    seed: int

    def balance(self, rows: NDArray[np.int64]) -> Tensor:
        """Weight of every nucleus, so that classes weigh the same among ``rows``; mean 1 there."""
        count = torch.bincount(self.classes[rows], self.weight[rows], self.n_classes)
        share = (count.max() / count.clamp_min(1e-9)).clamp_max(10)[self.classes] * self.weight
        return share / share[rows].mean()

    def fit(self, rows: NDArray[np.int64], pull: float) -> NucleusHead:
        """A classifier taught with some of the nuclei, not calibrated yet."""
        torch.manual_seed(self.seed)
        x, y, weight = self.features[rows], self.classes[rows], self.balance(rows)[rows]
        head = NucleusHead(x.shape[1], self.n_classes, self.hidden)
        head.mean.copy_(x.mean(0))
        head.scale.copy_(x.std(0, correction=0).clamp_min(1e-3))
        self._begin(head)
        _descend(head, ((x - head.mean) / head.scale).double(), y, weight.double(), pull / len(y))
        return head

    @torch.no_grad()
    def _begin(self, head: NucleusHead) -> None:
        """Put the start into terms of standardised features; a hidden layer starts at random."""
        if self.hidden:
            return
        if self.start is None:
            head.out.weight.zero_()
            head.out.bias.zero_()
        else:
            head.out.weight.copy_(self.start.weight * head.scale)
            head.out.bias.copy_(self.start.bias + self.start.weight @ head.mean)

    @torch.no_grad()
    def left_out(self, folds: list[NDArray[np.int64]], pull: float) -> Tensor:
        """Logits of the nuclei of all folds, each by a classifier taught with those outside its fold."""
        everything = np.arange(len(self.classes))
        logits = []
        for fold in folds:
            with torch.enable_grad():
                head = self.fit(np.setdiff1d(everything, fold), pull)
            logits.append(head(self.features[fold]))
        return torch.cat(logits)


def _descend(head: NucleusHead, x: Tensor, y: Tensor, weight: Tensor, pull: float) -> None:
    """Teach a classifier standardised features, in double precision; torch's own L-BFGS takes seconds to load."""
    from scipy.optimize import minimize

    head.double()
    parameters = list(head.parameters())
    origin = parameters_to_vector(parameters).detach()

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        now = torch.from_numpy(values)
        vector_to_parameters(now, parameters)
        error = (weight * F.cross_entropy(head.read(x), y, reduction="none")).mean()
        slope = parameters_to_vector(torch.autograd.grad(error, parameters)) + pull * (now - origin)
        return error.item() + pull * (now - origin).square().sum().item() / 2, slope.numpy()

    found = minimize(loss, origin.numpy(), jac=True, method="L-BFGS-B", options={"maxiter": _ROUNDS})
    vector_to_parameters(torch.from_numpy(found.x), parameters)
    head.float()


def _folds(classes: NDArray[np.int64], seed: int) -> Iterator[NDArray[np.int64]]:
    """Rows to leave out, each class spread evenly; none of a single nucleus."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(classes))
    order = order[np.argsort(classes[order], kind="stable")]  # class by class, so that every fifth has all classes
    for first in range(_FOLDS if len(classes) <= _MANY else 1):
        fold = order[first::_FOLDS]
        if 0 < len(fold) < len(classes):
            yield np.sort(fold)


def _temperature(logits: Tensor, classes: Tensor) -> Tensor:
    """The temperature at which the log loss is least, between 1/8 and 8 (Guo et al. 2017, §4.2)."""
    candidates = torch.logspace(-3, 3, 97, base=2)
    losses = torch.stack([F.cross_entropy(logits / t, classes) for t in candidates])
    return candidates[losses.argmin()]


def _check(features: NDArray[np.floating], classes: NDArray[np.integer], n_classes: int) -> None:
    if features.ndim != 2 or len(features) != len(classes) or len(classes) == 0:
        raise NucleusError(
            f"Expected features (N, C) and N classes of one nucleus or more, got {features.shape} and "
            f"{len(classes)}. Annotate nuclei."
        )
    if classes.min() < 1 or classes.max() > n_classes:
        raise NucleusError(f"Expected classes 1 to {n_classes}, got {classes.min()} to {classes.max()}.")
    if not np.isfinite(features).all():
        raise NucleusError("Expected finite features, got NaN or infinity. Check the model.")
