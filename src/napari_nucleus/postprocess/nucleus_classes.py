"""Classes of nuclei from probabilities of each nucleus as a whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, NucleusMap


def with_probabilities(
    nuclei: NucleusMap, probabilities: NDArray[np.floating], classes: ClassScheme | None = None
) -> NucleusMap:
    """The same nuclei with other classes.

    Parameters
    ----------
    nuclei : NucleusMap
    probabilities : (N, C) float
        Of each nucleus, in the order of the table; rows sum to 1.
    classes : ClassScheme, optional
        The nuclei's own by default.

    Returns
    -------
    NucleusMap
        The class is the most probable one; ``p_<class>`` and, where the table has it, ``entropy`` follow. The entropy
        is a share of the largest there can be: all classes as probable.
    """
    kinds = classes or nuclei.scheme
    names = np.array(kinds.classes, dtype=object)
    table = nuclei.table.drop(columns=[f"p_{name}" for name in nuclei.scheme.classes], errors="ignore")
    table["class"] = names[probabilities.argmax(1)].astype(str)
    for i, name in enumerate(kinds.classes):
        table.insert(list(table).index("class") + 1 + i, f"p_{name}", probabilities[:, i].astype(np.float64))
    if "entropy" in table:
        table["entropy"] = class_entropy(probabilities)
    return NucleusMap(nuclei.labels, table, nuclei.mpp, kinds)


def class_entropy(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Entropy of each row (N, C) as a share of the largest there can be, in [0, 1]; 0 for a single class."""
    p = np.clip(np.asarray(probabilities, np.float64), 1e-12, 1)
    shares: NDArray[np.float64] = -(p * np.log(p)).sum(1) / np.log(max(2, p.shape[1]))
    return np.clip(shares, 0, 1)


def types_of_nuclei(nuclei: NucleusMap, probabilities: NDArray[np.floating]) -> NDArray[np.float32]:
    """Type probabilities of each pixel, (1 + C, H, W): those of its nucleus, and background between the nuclei."""
    order = np.argsort(nuclei.table["label"].to_numpy())
    ids = nuclei.table["label"].to_numpy()[order]
    rows = np.zeros((1 + len(ids), 1 + probabilities.shape[1]), np.float32)
    rows[0, 0] = 1
    rows[1:, 1:] = probabilities[order]
    owner = np.where(nuclei.labels > 0, np.searchsorted(ids, nuclei.labels) + 1, 0)
    return np.moveaxis(rows[owner], -1, 0)
