from pathlib import Path

import numpy as np
import pytest

PLANES = 6


@pytest.fixture
def write_fold(tmp_path):
    """Write a fold of PanNuke as it is published: float64, a plane of ids a class, background last."""

    def write(n: int = 5, *, dtype: type = np.float64, layout: str = "published") -> Path:
        published = layout == "published"
        images = tmp_path / ("Fold 1/images/fold1" if published else "flat")
        masks = tmp_path / ("Fold 1/masks/fold1" if published else "flat")
        images.mkdir(parents=True), masks.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(0).integers(2, 256, (n, 32, 32, 3)).astype(dtype)
        planes = np.zeros((n, 32, 32, PLANES), dtype)
        planes[:, 2:8, 2:8, 0] = 1
        planes[:, 2:8, 20:26, 0] = 7
        planes[:, 20:26, 2:10, 1] = 1  # the id of another plane's nucleus
        planes[:, 20:26, 20:24, 4] = 3
        planes[:, 20:26, 23:28, 3] = 3  # overlaps the one before by a column
        planes[..., 5] = planes[..., :5].sum(-1) == 0
        np.save(images / "images.npy", pixels)
        np.save(masks / "masks.npy", planes)
        np.save(images / "types.npy", np.array((["Breast", "Colon", "Bile-duct"] * n)[:n]))
        return tmp_path / ("Fold 1" if published else "flat")

    return write
