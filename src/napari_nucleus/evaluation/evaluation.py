"""Predicted nuclei against annotated ones: every score, with its interval."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, NucleusError, NucleusMap, Progress, drain
from napari_nucleus.evaluation.bootstrap import bootstrap_weights, interval
from napari_nucleus.evaluation.matching import Matching, match
from napari_nucleus.evaluation.scoring import BY_CLASS, PER_IMAGE, dataset_scores, image_scores
from napari_nucleus.evaluation.tally import Tally, stack, tally, tally_tiles

TILE_PX, MAX_TILES = 256, 400


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One image to score.

    Attributes
    ----------
    name : str
    truth, prediction : NucleusMap
        Of one shape and one class scheme.
    tissue : str
        Empty where it isn't known.
    """

    name: str
    truth: NucleusMap
    prediction: NucleusMap
    tissue: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What was counted in a set of images, and the scores that follow.

    Attributes
    ----------
    names, tissues : tuple of str
        Of the N images.
    scheme : ClassScheme
    tallies : Tally
        Of the images, (N, …).
    tiles : Tally
        Of the tiles of the first image; where it is the only one, its intervals are drawn from them.
    """

    names: tuple[str, ...]
    tissues: tuple[str, ...]
    scheme: ClassScheme
    tallies: Tally
    tiles: Tally

    @property
    def has_classes(self) -> bool:
        """Whether there is more than one class to tell apart."""
        return len(self.scheme) > 1

    def table(self, bootstrap: int = 1000, seed: int = 0) -> pd.DataFrame:
        """Every score with its 95 % interval.

        Parameters
        ----------
        bootstrap : int
            Samples; 0 for no intervals.
        seed : int

        Returns
        -------
        pandas.DataFrame
            ``metric`` (a key of `scoring.TITLES`), ``class`` and ``tissue`` ("" = all), ``value``, ``low``, ``high``;
            nan where there is nothing to measure. Intervals are percentiles over samples of images; of the tiles of
            256 px where there is one image only.
        """
        parts = [self._rows("", np.arange(len(self.names)), bootstrap, seed)]
        known = sorted({tissue for tissue in self.tissues if tissue})
        for tissue in known if len(set(self.tissues)) > 1 else ():
            parts.append(self._rows(tissue, np.flatnonzero(np.array(self.tissues) == tissue), bootstrap, seed))
        return pd.concat(parts, ignore_index=True)

    def images(self) -> pd.DataFrame:
        """Scores of each image: name, tissue, nuclei (true, predicted), TP, FP and FN, and those of `PER_IMAGE`.

        ``f_c``, ``f1``: ``f_c_<class>`` and so on, a column a class.
        """
        tp, fp, fn, _ = self.tallies.panoptic.astype(np.int64).T
        columns: dict[str, object] = {"name": self.names, "tissue": self.tissues, "true": tp + fn, "predicted": tp + fp}
        columns |= {"tp": tp, "fp": fp, "fn": fn}
        scores = image_scores(self.tallies)
        for key in PER_IMAGE:
            if key not in BY_CLASS:
                columns[key] = scores[key]
            elif self.has_classes:
                columns |= {f"{key}_{name}": scores[key][:, i] for i, name in enumerate(self.scheme.classes)}
        for i, name in enumerate(self.scheme.classes if self.has_classes else ()):
            true, pred = self.tallies.counts[:, :, i].T.astype(np.int64)
            columns |= {f"true_{name}": true, f"predicted_{name}": pred}
        return pd.DataFrame(columns)

    def class_confusion(self) -> pd.DataFrame:
        """Nuclei matched with an IoU above 0.5, by true (rows) and predicted class (columns), over all images.

        The last column, ``missed``, counts true nuclei without a prediction, the last row, ``extra``, predictions
        without a true nucleus. ``unknown`` is there where any nucleus has no class.
        """
        return confusion_table(self.tallies.confusion.sum(0), self.scheme)

    def value(self, metric: str, class_name: str = "") -> float:
        """One score over all images: a key of `scoring.TITLES`, of a class where it is one by class."""
        values = np.atleast_1d(self.scores()[metric][0])
        return float(values[("", *self.scheme.classes).index(class_name)])

    def scores(self, which: NDArray[np.int64] | None = None) -> dict[str, NDArray[np.float64]]:
        """Scores of all, or of some, of the images: (1,), or (1, 1 + C) by class, the overall one first."""
        which = np.arange(len(self.names)) if which is None else which
        return self._drawn(which, np.ones((1, len(which))))

    def samples(
        self, bootstrap: int, seed: int = 0, which: NDArray[np.int64] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """The same of bootstrap samples, along the first axis: of the images, or of the tiles of the only one."""
        if len(self.names) == 1:
            drawn = bootstrap_weights(len(self.tiles), bootstrap if len(self.tiles) > 1 else 0, seed)
            scores = dataset_scores(self.tiles, drawn, pooled=True)
            return scores if self.has_classes else _without_classes(scores)
        which = np.arange(len(self.names)) if which is None else which
        return self._drawn(which, bootstrap_weights(len(which), bootstrap if len(which) > 1 else 0, seed))

    def _drawn(self, which: NDArray[np.int64], weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        scores = dataset_scores(self.tallies.take(which), weights, [self.tissues[i] for i in which])
        return scores if self.has_classes else _without_classes(scores)

    def _rows(self, tissue: str, which: NDArray[np.int64], bootstrap: int, seed: int) -> pd.DataFrame:
        values, spread = self.scores(which), self.samples(bootstrap, seed, which)
        rows = []
        for key, value in values.items():
            low, high = interval(spread[key])
            rows += _score_rows(key, tissue, self.scheme, value[0], low, high)
        return pd.DataFrame(rows, columns=["metric", "class", "tissue", "value", "low", "high"])


def evaluate(cases: Iterable[Case], *, radius_px: float = 12.0, crop_px: int | None = None) -> Evaluation:
    """Score predictions against annotated images.

    Parameters
    ----------
    cases : iterable of Case
        Read one by one, and not kept.
    radius_px : float
        Largest distance of a pair of centroids, for F.
    crop_px : int, optional
        R² counts the nuclei that reach into the central square of this size; 224 in CoNIC. Default: the whole image.

    Raises
    ------
    NucleusError
        There is no image; shapes differ within one, class schemes between them. The message names the image.
    """
    return drain(evaluate_steps(cases, radius_px=radius_px, crop_px=crop_px))


def evaluate_steps(
    cases: Iterable[Case], *, radius_px: float = 12.0, crop_px: int | None = None, total: int = 0
) -> Generator[Progress, None, Evaluation]:
    """The same as a generator: a `Progress` an image. ``total`` is the number of cases, where it is known."""
    names: list[str] = []
    tissues: list[str] = []
    tallies: list[Tally] = []
    kinds: ClassScheme | None = None
    tiles: Tally | None = None
    for case in cases:
        kinds = _one_scheme(kinds, case)
        found = _match(case, radius_px)
        counts = None if crop_px is None else np.array([_central(n, crop_px) for n in (case.truth, case.prediction)])
        names.append(case.name)
        tissues.append(case.tissue)
        tallies.append(tally(found, len(kinds), counts))
        if tiles is None:
            tiles = image_tiles(found, case.truth.labels.shape, len(kinds))
        yield Progress(len(names), total, f"scoring {case.name}")
    if kinds is None or tiles is None:
        raise NucleusError("Expected at least one image to score, got none. Give predictions and their truth.")
    return Evaluation(tuple(names), tuple(tissues), kinds, stack(tallies), tiles)


def confusion_table(counts: NDArray[np.float64], scheme: ClassScheme) -> pd.DataFrame:
    """A confusion matrix (2 + C, 2 + C) of a tally with its names: classes, unknown (where any), missed and extra."""
    order = [*range(1, len(scheme) + 1), 0, len(scheme) + 1]
    names = [*scheme.classes, "unknown"]
    table = pd.DataFrame(counts[np.ix_(order, order)].astype(np.int64), [*names, "extra"], [*names, "missed"])
    return table.drop(
        index=[n for n in ["unknown"] if not table.loc[n].any()],
        columns=[n for n in ["unknown"] if not table[n].any()],
    )


def _one_scheme(kinds: ClassScheme | None, case: Case) -> ClassScheme:
    kinds = case.truth.scheme if kinds is None else kinds
    for nuclei in (case.truth, case.prediction):
        if nuclei.scheme.classes != kinds.classes:
            raise NucleusError(
                f"Expected the classes {', '.join(kinds.classes)} in all images, got "
                f"{', '.join(nuclei.scheme.classes)} in {case.name}. Convert them first."
            )
    return kinds


def _match(case: Case, radius_px: float) -> Matching:
    try:
        return match(case.truth, case.prediction, radius_px)
    except NucleusError as error:
        raise NucleusError(f"{case.name}: {error}") from error


def _central(nuclei: NucleusMap, size: int) -> NDArray[np.float64]:
    """Nuclei of each class that reach into the central square, (C,)."""
    y, x = (max(0, (length - size) // 2) for length in nuclei.labels.shape)
    inside = np.unique(nuclei.labels[y : y + size, x : x + size])
    counted = np.isin(nuclei.table["label"].to_numpy(), inside)
    return np.bincount(nuclei.class_numbers[counted], minlength=len(nuclei.scheme) + 1)[1:].astype(np.float64)


def image_tiles(found: Matching, shape: Sequence[int], n_classes: int) -> Tally:
    """The tally of each tile of an image; tiles of a large one grow, so that they stay few."""
    size = max(TILE_PX, math.ceil(math.sqrt(shape[0] * shape[1] / MAX_TILES)))
    down, across = (max(1, math.ceil(length / size)) for length in shape)
    along = np.array([across, 1])
    true, pred = ((side.yx // size).astype(np.int64) @ along for side in (found.true, found.pred))
    return tally_tiles(found, n_classes, (true, pred), down * across)


def _without_classes(scores: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """With one class the scores by class say what those of all nuclei say, or nothing."""
    kept = {key: values for key, values in scores.items() if key not in ("mpq", "f_c", "f1", "accuracy", "ece")}
    return {key: values[:, :1] if key in BY_CLASS else values for key, values in kept.items()}


def _score_rows(key: str, tissue: str, scheme: ClassScheme, value, low, high) -> list[tuple]:
    if key not in BY_CLASS:
        return [(key, "", tissue, float(value), float(low), float(high))]
    names = ("", *scheme.classes)[: len(value)]
    return [(key, name, tissue, *map(float, row)) for name, *row in zip(names, value, low, high, strict=True)]
