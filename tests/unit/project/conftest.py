import cv2
import numpy as np
import pytest

from napari_nucleus.core import NucleusMap
from napari_nucleus.project import Project


@pytest.fixture
def nuclei():
    """Six nuclei with gaps in their labels, some across the squares that labels are kept in."""
    labels = np.zeros((300, 520), np.int32)
    for i, (y, x) in enumerate(((3, 3), (250, 250), (100, 500), (290, 10), (200, 250), (250, 400))):
        labels[y : y + 12, x : x + 12] = 7 * (i + 1)
    type_prob = np.random.default_rng(0).random((5, 300, 520)).astype(np.float32)
    return NucleusMap.from_labels(labels, classes="consep", type_prob=type_prob / type_prob.sum(0))


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "project" / "tile.png"
    path.parent.mkdir()
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (300, 520, 3), np.uint8))
    return path


@pytest.fixture
def project(tmp_path, picture, nuclei):
    with Project.create(tmp_path / "project", "consep") as project:
        project.add_image(picture, nuclei)
        yield project
