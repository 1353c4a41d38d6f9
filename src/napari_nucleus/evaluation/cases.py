"""Predictions with their truth, matched by the names of their images."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, NucleusError
from napari_nucleus.evaluation.classes import CommonScheme, harmonise, nuclei_alone
from napari_nucleus.evaluation.evaluation import Case
from napari_nucleus.evaluation.sources import FileSource, FoldSource, Source, open_source


class Cases:
    """Images that have truth and prediction, in one class scheme; each is read when it is asked for, and not kept.

    Parameters
    ----------
    truth, prediction : Source
    pairs : sequence of (str, str)
        Names of an image in both.
    common : CommonScheme
    notes : sequence of str
        What a reader of the scores must know.
    """

    def __init__(
        self,
        truth: Source,
        prediction: Source,
        pairs: Sequence[tuple[str, str]],
        common: CommonScheme,
        notes: Sequence[str] = (),
    ) -> None:
        self._truth, self._prediction, self._pairs, self._common = truth, prediction, tuple(pairs), common
        self.names = tuple(name for name, _ in self._pairs)
        self.notes = tuple(notes)

    @property
    def scheme(self) -> ClassScheme:
        """Classes in which truth and prediction are compared."""
        return self._common.scheme

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[Case]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, i: int) -> Case:
        """Read an image.

        Raises
        ------
        NucleusError
            A file is broken, or has other classes than the rest.
        """
        name, predicted = self._pairs[i]
        if self._truth.states_size(name):
            truth = self._truth.nuclei(name)
            prediction = self._prediction.nuclei(predicted, truth.labels.shape)
        else:
            image = None if self._prediction.states_size(predicted) else self.image(i)
            prediction = self._prediction.nuclei(predicted, None if image is None else image.shape[:2])
            truth = self._truth.nuclei(name, prediction.labels.shape)
        tissue = self._truth.tissue(name) or self._prediction.tissue(predicted)
        try:
            return Case(name, self._common.truth(truth), self._common.prediction(prediction), tissue)
        except NucleusError as error:
            raise NucleusError(f"{name}: {error}") from error

    def image(self, i: int) -> NDArray[np.uint8] | None:
        """The picture (H, W, 3), where it lies beside the truth or the prediction."""
        name, predicted = self._pairs[i]
        found = self._truth.image(name)
        return self._prediction.image(predicted) if found is None else found

    def only(self, names: Collection[str]) -> Cases:
        """Those of some images."""
        pairs = [pair for pair in self._pairs if pair[0] in names]
        return Cases(self._truth, self._prediction, pairs, self._common, self.notes)

    def without_classes(self) -> Cases:
        """The same, to be scored whatever the class."""
        return Cases(self._truth, self._prediction, self._pairs, nuclei_alone(), self.notes)


def open_cases(
    prediction: str | os.PathLike[str],
    truth: str | os.PathLike[str],
    *,
    classes: str | ClassScheme | None = None,
    mpp: float | None = None,
) -> Cases:
    """Open predictions and their truth.

    Parameters
    ----------
    prediction, truth : path
        Each a file, a folder of files or a fold of PanNuke, as `open_source` takes them. Two files belong together
        whatever they are called, two folds by position; anything else goes by name, and images that only one side has
        are left out.
    classes : str or ClassScheme, optional
        What class numbers mean.
    mpp : float, optional
        Pixel size in µm, in place of what the files say.

    Raises
    ------
    NucleusError
        Nothing is there, nothing has a partner, or the classes can't be compared.
    """
    true, pred = open_source(truth, classes, mpp), open_source(prediction, classes, mpp)
    pairs = _pairs(true, pred)
    common = harmonise(true.scheme(name for name, _ in pairs), pred.scheme(name for _, name in pairs))
    left = [
        *_left_out("prediction", "annotated images", true.names, {name for name, _ in pairs}),
        *_left_out("truth", "predictions", pred.names, {name for _, name in pairs}),
    ]
    return Cases(true, pred, pairs, common, [*left, *([common.note] if common.note else [])])


def _pairs(truth: Source, prediction: Source) -> list[tuple[str, str]]:
    both = truth, prediction
    if all(isinstance(side, FoldSource) for side in both):
        if len(truth.names) != len(prediction.names):
            raise NucleusError(
                f"Expected folds of one size, got {len(prediction.names)} predicted patches and {len(truth.names)} "
                "annotated ones. Predict the same fold."
            )
        return list(zip(truth.names, prediction.names, strict=True))
    if all(isinstance(side, FileSource) and side.path.is_file() for side in both):
        return [(truth.names[0], prediction.names[0])]
    predicted = set(prediction.names)
    pairs = [(name, name) for name in truth.names if name in predicted]
    if not pairs:
        raise NucleusError(
            f"Expected predictions named like their truth, got {_listed(prediction.names)} in "
            f"{Path(prediction.path).name} and {_listed(truth.names)} in {Path(truth.path).name}. Rename them."
        )
    return pairs


def _left_out(partner: str, what: str, names: Sequence[str], used: Collection[str]) -> list[str]:
    rest = [name for name in names if name not in used]
    return [f"No {partner} for {len(rest)} of {len(names)} {what} ({_listed(rest)})."] if rest else []


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
