"""The nuclei that a cell of the confusion matrix counts, in the order in which one looks at them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.app.evaluate_state import Place
from napari_nucleus.core import ClassScheme
from napari_nucleus.evaluation import Matching

MISSED, EXTRA = "missed", "extra"


def places(found: Matching, scheme: ClassScheme, true_class: str, pred_class: str) -> tuple[Place, ...]:
    """The nuclei of a cell, the most doubtful first, then from top to bottom.

    Parameters
    ----------
    found : Matching
    scheme : ClassScheme
    true_class, pred_class : str
        Row and column of `confusion_table`.
    """
    if (true_class, pred_class) == (EXTRA, MISSED):
        return ()
    i, j = _members(found, scheme, true_class, pred_class)
    true, pred = found.true, found.pred
    missed = pred_class == MISSED
    yx, doubt = (true.yx[i], np.zeros(len(i))) if missed else (pred.yx[j], pred.confidence[j])
    order = np.lexsort((yx[:, 1], yx[:, 0], doubt))
    true_labels = np.zeros(len(i), np.int32) if true_class == EXTRA else true.labels[i]
    pred_labels = np.zeros(len(j), np.int32) if missed else pred.labels[j]
    rows = zip(true_labels[order].tolist(), pred_labels[order].tolist(), *yx[order].T.tolist(), strict=True)
    return tuple(Place(*row) for row in rows)


def _members(
    found: Matching, scheme: ClassScheme, true_class: str, pred_class: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of true and of predicted nuclei; -1 where there is no partner."""
    partner = found.true_partner
    if true_class == EXTRA:
        j = np.flatnonzero((found.pred_partner < 0) & (found.pred.types == scheme.number_of(pred_class)))
        return np.full(len(j), -1), j
    mine = found.true.types == scheme.number_of(true_class)
    if pred_class == MISSED:
        i = np.flatnonzero(mine & (partner < 0))
    else:
        i = np.flatnonzero(mine & (partner >= 0))
        i = i[found.pred.types[partner[i]] == scheme.number_of(pred_class)]
    return i, partner[i]
