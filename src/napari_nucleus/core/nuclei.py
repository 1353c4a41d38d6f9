"""The nuclei of one image: which pixel belongs to which nucleus, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.core.errors import NucleusError
from napari_nucleus.core.scheme import ClassScheme, scheme


@dataclass(frozen=True, slots=True, eq=False)
class NucleusMap:
    """Nuclei of one image.

    Attributes
    ----------
    labels : (H, W) int32
        The instance map: 0 is background, every other value is the stable id of a nucleus. Ids may have gaps.
    table : pandas.DataFrame
        One row a nucleus, keyed by the column ``label``, never by position: ``label``, ``y_px``, ``x_px``, ``y_um``,
        ``x_um``, ``class`` (name, ``"unknown"`` where there is none), ``p_<class>`` where probabilities are known,
        ``area_um2``.
    mpp : float
        Pixel size in µm.
    scheme : ClassScheme

    Raises
    ------
    NucleusError
        Labels are not a plane of whole numbers from 0, or the table's labels are not those of the map.
    """

    labels: NDArray[np.int32]
    table: pd.DataFrame
    mpp: float
    scheme: ClassScheme

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", as_labels(self.labels))
        present = _ids(self.labels.ravel())[0]
        present = present[present > 0]
        listed = np.sort(self.table["label"].to_numpy())
        if not np.array_equal(present, listed):
            odd = np.setxor1d(present, listed)[:3].tolist()
            raise NucleusError(
                f"Expected one row a nucleus, got {len(listed)} rows for {len(present)} nuclei (see labels {odd}). "
                "Build it with NucleusMap.from_labels."
            )

    def __len__(self) -> int:
        return len(self.table)

    @classmethod
    def from_labels(
        cls,
        labels: ArrayLike,
        *,
        mpp: float = 0.25,
        classes: str | ClassScheme = "nucleus",
        type_map: NDArray[np.integer] | None = None,
        class_of: Mapping[int, int] | None = None,
        type_prob: NDArray[np.floating] | None = None,
    ) -> NucleusMap:
        """Nuclei from an instance map; the cost grows with the pixels alone.

        Parameters
        ----------
        labels : (H, W) integers
            0 = background.
        mpp : float
            Pixel size in µm.
        classes : str or ClassScheme
        type_map : (H, W) integers, optional
            Class of each pixel; each nucleus takes the majority of its pixels, background left out where any other
            class is present.
        class_of : mapping, optional
            Class number by label, in place of ``type_map``.
        type_prob : (1 + C, H, W) float, optional
            Class probabilities, background first. ``p_<class>`` is their mean over the nucleus. Without ``type_map``
            and ``class_of`` the class is the majority vote of the pixels' most probable class.

        Raises
        ------
        NucleusError
            Shapes or class numbers don't fit.
        """
        labels = as_labels(labels)
        kinds = scheme(classes)
        y, x = np.nonzero(labels)
        ids, owner = _ids(labels[y, x])
        area = np.bincount(owner, minlength=len(ids))
        columns: dict[str, ArrayLike] = {"label": ids.astype(np.int32)}
        centre_y = np.bincount(owner, y, len(ids)) / np.maximum(area, 1)
        centre_x = np.bincount(owner, x, len(ids)) / np.maximum(area, 1)
        columns |= {"y_px": centre_y, "x_px": centre_x, "y_um": centre_y * mpp, "x_um": centre_x * mpp}

        if type_prob is not None:
            _check_plane("type_prob", type_prob.shape[1:], labels.shape)
            if len(type_prob) != 1 + len(kinds):
                raise NucleusError(
                    f"Expected {1 + len(kinds)} type probabilities (background and {', '.join(kinds.classes)}), got "
                    f"{len(type_prob)}. Choose the class scheme that the model was trained with."
                )
            inside = type_prob[:, y, x]
        if class_of is not None:
            numbers = np.array([class_of.get(int(i), 0) for i in ids], np.int64)
        elif type_map is not None:
            _check_plane("type_map", type_map.shape, labels.shape)
            numbers = _majority(owner, type_map[y, x], len(ids), len(kinds))
        elif type_prob is not None:
            numbers = _majority(owner, inside.argmax(0), len(ids), len(kinds))
        else:
            numbers = np.full(len(ids), 1 if len(kinds) == 1 else 0)
        names = np.array(("unknown", *kinds.classes), dtype=object)
        columns["class"] = pd.Series(names[numbers], dtype=str)  # text even where there are no nuclei
        if type_prob is not None:
            for name, plane in zip(kinds.classes, inside[1:], strict=True):
                columns[f"p_{name}"] = np.bincount(owner, plane, len(ids)) / np.maximum(area, 1)
        columns["area_um2"] = area * mpp**2
        return cls(labels, pd.DataFrame(columns), mpp, kinds)

    @property
    def class_numbers(self) -> NDArray[np.int64]:
        """Class number of each row of the table; 0 for "unknown"."""
        index = {name: i for i, name in enumerate(("unknown", *self.scheme.classes))}
        return np.asarray(self.table["class"].map(index), np.int64)

    def type_map(self) -> NDArray[np.uint8]:
        """Class number of each pixel, (H, W) uint8; 0 on background and on unknown nuclei."""
        ids, owner = _ids(self.labels.ravel())
        numbers = np.zeros(len(ids), np.uint8)
        numbers[np.searchsorted(ids, self.table["label"].to_numpy())] = self.class_numbers
        return numbers[owner].reshape(self.labels.shape)

    def counts(self) -> dict[str, int]:
        """Nuclei a class, every class of the scheme in its order; ``"unknown"`` last where there are any."""
        found = self.table["class"].value_counts()
        counts = {name: int(found.get(name, 0)) for name in self.scheme.classes}
        if "unknown" in found:
            counts["unknown"] = int(found["unknown"])
        return counts


def as_labels(labels: ArrayLike) -> NDArray[np.int32]:
    """An instance map as int32.

    Raises
    ------
    NucleusError
        It is not (H, W), or holds negative, broken or too large values.
    """
    labels = np.asarray(labels)
    if labels.ndim != 2:
        raise NucleusError(f"Expected labels (H, W), got shape {labels.shape}. Give one plane.")
    if labels.dtype == np.int32 and (labels.size == 0 or labels.min() >= 0):
        return labels
    whole = np.issubdtype(labels.dtype, np.integer) or labels.dtype == bool
    if not whole and not (np.isfinite(labels).all() and (labels == np.floor(labels)).all()):
        raise NucleusError(f"Expected whole numbers as labels, got {labels.dtype} with fractions. Label the image.")
    if labels.size and (labels.min() < 0 or labels.max() > np.iinfo(np.int32).max):
        raise NucleusError(
            f"Expected labels from 0 to 2147483647, got {labels.min()} to {labels.max()}. Renumber the nuclei."
        )
    return labels.astype(np.int32)


def _ids(labels: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The different labels in their order, and which of them each entry is; counted, unless ids have huge gaps."""
    if labels.max(initial=0) > 8 * labels.size + 1000:
        ids, owner = np.unique(labels, return_inverse=True)
        return ids.astype(np.int64), owner
    present = np.bincount(labels) > 0
    return np.flatnonzero(present), (np.cumsum(present) - 1)[labels]


def _check_plane(what: str, shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if shape != wanted:
        raise NucleusError(f"Expected {what} of {wanted} pixels as the labels, got {shape}. Use maps of one image.")


def _majority(owner: NDArray, kinds: NDArray, n_nuclei: int, n_classes: int) -> NDArray[np.int64]:
    """Most frequent class of each nucleus; background wins only where there is nothing else (HoVer-Net's rule)."""
    kinds = np.asarray(kinds, np.int64)
    if kinds.size and (kinds.min() < 0 or kinds.max() > n_classes):
        raise NucleusError(
            f"Expected class numbers 0 to {n_classes}, got {kinds.min()} to {kinds.max()}. Choose the matching scheme."
        )
    votes = np.bincount(owner * (n_classes + 1) + kinds, minlength=n_nuclei * (n_classes + 1))
    votes = votes.reshape(n_nuclei, n_classes + 1)
    winners: NDArray[np.int64] = np.where(votes[:, 1:].any(1), votes[:, 1:].argmax(1) + 1, 0)
    return winners
