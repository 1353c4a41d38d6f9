"""Centroids paired with the least total distance, kept so while predictions come, go and move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROUNDING = 1e-9  # prices below the ceiling by less than that, in px, stand at it


@dataclass(slots=True, eq=False)
class _Points:
    """One side: where its points are, their prices (see `augment`), and their partners, -1 for none."""

    yx: NDArray[np.float64]
    price: NDArray[np.float64]
    partner: NDArray[np.int64]

    @classmethod
    def alone(cls, yx: NDArray[np.float64]) -> _Points:
        """Points without partners."""
        yx = np.ascontiguousarray(yx, np.float64).reshape(-1, 2)
        return cls(yx, np.zeros(len(yx)), np.full(len(yx), -1, np.int64))

    def __len__(self) -> int:
        return len(self.yx)


class CentroidPairing:
    """The pairs of `napari_nucleus.metrics.pairing.pair_centroids`, from those before a change and without n² memory.

    A change frees a few points; only they look for partners again, along shortest paths that seldom lead far. As many
    pairs as there can be are made, however far apart, which is HoVer-Net's rule. Where several assignments have the
    same total distance any of them may come, as with the reference.

    Parameters
    ----------
    true_yx : (T, 2) float64
        Centroids in pixels; they stay.
    """

    def __init__(self, true_yx: NDArray[np.float64]) -> None:
        self._true = _Points.alone(true_yx)
        self._pred = _Points.alone(np.empty((0, 2)))
        self._labels = np.empty(0, np.int32)

    def update(self, labels: NDArray[np.int32], yx: NDArray[np.float64]) -> None:
        """Replace the predicted centroids; those that stay where they were keep what was found.

        Parameters
        ----------
        labels : (P,) int32
            Ascending.
        yx : (P, 2) float64
        """
        before, pred = self._pred, _Points.alone(yx)
        _, new, old = np.intersect1d(labels, self._labels, assume_unique=True, return_indices=True)
        stays = (pred.yx[new] == before.yx[old]).all(1)
        new, old = new[stays], old[stays]
        pred.price[new], pred.partner[new] = before.price[old], before.partner[old]
        self._labels, self._pred = labels, pred
        if not len(pred) or not len(self._true):
            self._true.partner[:] = -1
        elif len(new):
            self._go_on(np.delete(np.arange(len(pred)), new), new)
        else:
            self._begin()

    def pairs(self, radius_px: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Indices of the true and of the predicted nuclei of each pair within the radius, by true nucleus."""
        i = np.flatnonzero(self._true.partner >= 0)
        j = self._true.partner[i]
        near = np.sqrt(((self._true.yx[i] - self._pred.yx[j]) ** 2).sum(1)) <= radius_px
        return i[near], j[near]

    def _begin(self) -> None:
        """Pair all anew."""
        from napari_nucleus.metrics.assignment import assign

        fewer, more = self._sides()
        found = assign(fewer.yx, more.yx)
        fewer.partner, fewer.price, more.price = found.partner, found.price, found.their_price
        more.partner[:] = -1
        more.partner[fewer.partner] = np.arange(len(fewer))

    def _go_on(self, fresh: NDArray[np.int64], kept: NDArray[np.int64]) -> None:
        """Pair what a change has left without partner; ``fresh`` predictions have no price yet."""
        from napari_nucleus.evaluation.augment import cheapest

        true, pred = self._true, self._pred
        allowed, _ = cheapest(pred.yx[fresh], true.yx, true.price)
        pred.price[fresh] = np.minimum(allowed, pred.price[kept].max())
        true.partner[:] = -1
        paired = np.flatnonzero(pred.partner >= 0)
        true.partner[pred.partner[paired]] = paired
        self._complete()

    def _complete(self) -> None:
        """Find partners for all of the side with fewer points; those left over on the other must have its top price."""
        from napari_nucleus.evaluation.augment import augment

        fewer, more = self._sides()
        ceiling = more.price.max() if len(more) > len(fewer) else np.inf
        for k in np.flatnonzero((more.partner < 0) & (more.price < ceiling - _ROUNDING)).tolist():
            augment(k, more.yx, more.price, more.partner, fewer.yx, fewer.price, fewer.partner, ceiling)
        for k in np.flatnonzero(fewer.partner < 0).tolist():
            augment(k, fewer.yx, fewer.price, fewer.partner, more.yx, more.price, more.partner, np.inf)

    def _sides(self) -> tuple[_Points, _Points]:
        """The side with fewer points, and the other."""
        return (self._true, self._pred) if len(self._true) <= len(self._pred) else (self._pred, self._true)
