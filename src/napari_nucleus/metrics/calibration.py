"""Whether a probability means what it says."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from napari_nucleus.core import NucleusError


def calibration_error(confidence: ArrayLike, correct: ArrayLike, bins: int = 15) -> float:
    r"""Expected calibration error (ECE; Guo et al. 2017, eq. 3).

    .. math:: \sum_{m=1}^{M} \frac{|B_m|}{n} \left| \mathrm{acc}(B_m) - \mathrm{conf}(B_m) \right|

    Nuclei are sorted into M equal intervals of their confidence, each of which holds its upper end
    (:math:`((m - 1) / M, m / M]`; 0 is in the first). ``acc`` is the fraction of right ones among them, ``conf`` their
    mean confidence.

    Parameters
    ----------
    confidence : (N,) float
        Probability of each nucleus's own class, in [0, 1].
    correct : (N,) bool
        Whether that class is right.
    bins : int
        M.

    Returns
    -------
    float
        0 is perfect, 1 the worst; nan without nuclei.

    Raises
    ------
    NucleusError
        Lengths differ, a confidence is outside [0, 1], ``correct`` is not True or False, or ``bins`` is below 1.

    Examples
    --------
    >>> calibration_error([0.75, 0.75, 0.5, 0.5], [True, True, True, False])
    0.125
    """
    sure, right = np.asarray(confidence, np.float64), np.asarray(correct)
    if sure.ndim != 1 or sure.shape != right.shape:
        raise NucleusError(
            f"Expected a confidence and a right or wrong a nucleus, got shapes {sure.shape} and {right.shape}. "
            "Give lists of one length."
        )
    if not ((sure >= 0) & (sure <= 1)).all():
        raise NucleusError("Expected confidences from 0 to 1, got others. Give probabilities, not logits.")
    if not np.isin(right, (0, 1)).all():
        raise NucleusError("Expected True or False for each nucleus, got other values. Compare the classes first.")
    if bins < 1:
        raise NucleusError(f"Expected at least one bin, got {bins}. The usual number is 15.")
    if not len(sure):
        return float("nan")
    number = np.maximum(np.ceil(sure * bins).astype(np.int64) - 1, 0)
    gap = np.bincount(number, right.astype(np.float64) - sure, bins)
    return float(np.abs(gap).sum() / len(sure))
