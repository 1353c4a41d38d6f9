"""Overlap class by class: of each nucleus the pixels of each class, all in one pass over the image."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_nucleus.core import NucleusError
from napari_nucleus.core.nuclei import as_labels
from napari_nucleus.metrics.overlap import Overlap, count_shared, paired_labels, rank, runs


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Pieces of one side: of each its nucleus's label, its class and its area; and the piece of each run, or -1."""

    labels: NDArray[np.int32]
    types: NDArray[np.int64]
    area: NDArray[np.int64]
    owner: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ClassOverlap:
    """Overlap of the pieces of nuclei: the pixels of a nucleus that have one class are a piece.

    Where a class map gives each nucleus one class, as it should, the pieces are the nuclei.

    Attributes
    ----------
    pieces : Overlap
        ``true_labels`` and ``pred_labels`` are the nuclei that the pieces belong to.
    true_types, pred_types : (T,), (P,) int64
        Class of each piece; 0 where the class map is 0.
    """

    pieces: Overlap
    true_types: NDArray[np.int64]
    pred_types: NDArray[np.int64]


def class_overlap(
    true: ArrayLike, pred: ArrayLike, true_types: ArrayLike, pred_types: ArrayLike, n_classes: int
) -> ClassOverlap:
    """Overlap of two label images (H, W) with their class maps (H, W).

    Raises
    ------
    NucleusError
        One is no label image or class map, their shapes differ, or a class is out of range.
    """
    true, pred = paired_labels(true, pred)
    kinds = class_map(true, true_types, n_classes), class_map(pred, pred_types, n_classes)
    start, length = runs(true, pred, *kinds)
    true_side, pred_side = (
        pieces_of(labels.ravel()[start], types.ravel()[start], length, n_classes)
        for labels, types in zip((true, pred), kinds, strict=True)
    )
    shape = len(true_side.area), len(pred_side.area)
    shared = count_shared(true_side.owner, pred_side.owner, length, shape)
    pieces = Overlap(true_side.area, pred_side.area, *shared, true_side.labels, pred_side.labels)
    return ClassOverlap(pieces, true_side.types, pred_side.types)


def pieces_of(labels: NDArray[np.int32], types: NDArray[np.int32], length: NDArray[np.int64], n_classes: int) -> Pieces:
    """The pieces of the runs of a label image and its class map."""
    side = n_classes + 1
    present, owner, _ = rank(labels, length)
    # One number a piece, above 0; 0 is the background.
    piece, piece_owner, area = rank(np.where(owner >= 0, owner * side + types + 1, 0), length)
    numbers = piece - 1
    return Pieces(present[numbers // side].astype(np.int32), numbers % side, area, piece_owner)


def nucleus_types(labels: ArrayLike, types: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Class of most pixels of each nucleus, in the order of their labels, (N,).

    0 wins only where a nucleus has no pixel of any class; of several classes with as many pixels the first wins.

    Raises
    ------
    NucleusError
        One is no label image or class map, their shapes differ, or a class is out of range.
    """
    labels = as_labels(labels)
    kinds = class_map(labels, types, n_classes)
    start, length = runs(labels, kinds)
    present, owner, _ = rank(labels.ravel()[start], length)
    inside = owner >= 0
    places = owner[inside] * (n_classes + 1) + kinds.ravel()[start][inside]
    votes = np.bincount(places, length[inside], len(present) * (n_classes + 1)).reshape(len(present), n_classes + 1)
    winners: NDArray[np.int64] = np.where(votes[:, 1:].any(1), votes[:, 1:].argmax(1) + 1, 0)
    return winners


def class_map(labels: NDArray[np.int32], types: ArrayLike, n_classes: int) -> NDArray[np.int32]:
    """The class map of a label image.

    Raises
    ------
    NucleusError
        It is no map of whole numbers, not of the label image's shape, or a class is out of range.
    """
    check_classes(n_classes)
    kinds = as_labels(types)
    if kinds.shape != labels.shape:
        raise NucleusError(
            f"Expected a class map of {labels.shape} pixels as the labels, got {kinds.shape}. Give maps of one image."
        )
    if kinds.max(initial=0) > n_classes:
        raise NucleusError(f"Expected classes 0 to {n_classes}, got up to {kinds.max()}. Raise n_classes.")
    return kinds


def check_classes(n_classes: int) -> None:
    """Refuse a number of classes below 1."""
    if n_classes < 1:
        raise NucleusError(f"Expected at least one class, got n_classes={n_classes}. Give the number of classes.")


def check_lists(lists: dict[str, Sized]) -> None:
    """Refuse lists of images that do not have an item an image each."""
    sizes = {name: len(items) for name, items in lists.items()}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise NucleusError(f"Expected lists with an item an image, got {told} items. Give each list one item an image.")
