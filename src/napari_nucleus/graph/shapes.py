"""Size, shape and place of each nucleus, from its pixels alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_nucleus.core import NucleusMap


def nucleus_shapes(nuclei: NucleusMap) -> pd.DataFrame:
    """One row a nucleus, in the order of its table; the cost grows with the pixels alone.

    Returns
    -------
    DataFrame
        ``label``; ``diameter_um``, of the circle of the same area; ``axis_ratio``, shorter to longer axis of the
        ellipse of the same second moments, in (0, 1]; ``fill``, the nucleus's area over that ellipse's, which is 1 for
        an ellipse and less where the outline has notches; ``y_rel``, ``x_rel``, the centroid in the image, in [0, 1].
    """
    ids = nuclei.table["label"].to_numpy(np.int64)
    order = np.argsort(ids)
    y, x = np.nonzero(nuclei.labels)
    owner = order[np.searchsorted(ids[order], nuclei.labels[y, x])]
    n = len(ids)
    area = np.maximum(np.bincount(owner, minlength=n), 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(owner, values, n) / area

    centre_y, centre_x = mean(y), mean(x)
    dy, dx = y - centre_y[owner], x - centre_x[owner]
    # A pixel is a square, whose own second moment is 1/12.
    yy, xx, xy = mean(dy * dy) + 1 / 12, mean(dx * dx) + 1 / 12, mean(dy * dx)
    middle, reach = (yy + xx) / 2, np.hypot((yy - xx) / 2, xy)
    longer, shorter = middle + reach, middle - reach
    return pd.DataFrame(
        {
            "label": ids,
            "diameter_um": np.sqrt(4 * area / np.pi) * nuclei.mpp,
            "axis_ratio": np.sqrt(shorter / longer),
            "fill": area / (4 * np.pi * np.sqrt(longer * shorter)),
            "y_rel": (centre_y + 0.5) / nuclei.labels.shape[0],
            "x_rel": (centre_x + 0.5) / nuclei.labels.shape[1],
        }
    )
