import numpy as np
import pytest

from napari_nucleus.app.correct import Workbench
from napari_nucleus.core import NucleusMap
from napari_nucleus.project import Project


@pytest.fixture
def nuclei():
    """Six discs, the first two touching, with gaps in their labels, some across the squares that labels are kept in."""
    labels = np.zeros((300, 520), np.int32)
    y, x = np.mgrid[:300, :520]
    for i, (cy, cx) in enumerate(((20, 20), (20, 37), (250, 255), (255, 400), (100, 511), (290, 100))):
        labels[((y - cy) ** 2 + (x - cx) ** 2 <= 64) & (labels == 0)] = 7 * (i + 1)
    type_prob = np.random.default_rng(0).random((5, 300, 520)).astype(np.float32)
    return NucleusMap.from_labels(labels, classes="consep", type_prob=type_prob / type_prob.sum(0))


@pytest.fixture
def project(tmp_path, nuclei):
    with Project.create(tmp_path / "project", "consep") as project:
        project.add_image(tmp_path / "tile.png", nuclei)
        yield project


@pytest.fixture
def bench(project):
    return Workbench.open(project, 1, "ada")


@pytest.fixture
def consistent():
    """A check that what a workbench shows is what the project holds, seen for the first time."""

    def check(bench):
        anew = Workbench.open(bench.project, bench.image, bench.annotator)
        assert np.array_equal(bench.labels, anew.labels)
        assert np.array_equal(bench.classes, anew.classes)
        ours, theirs = (np.sort(b.rows.columns, order="label") for b in (bench, anew))
        for name in ours.dtype.names:
            np.testing.assert_array_equal(ours[name], theirs[name])
        assert set(np.unique(anew.labels).tolist()) - {0} == set(ours["label"].tolist())
        assert (bench.can_undo, bench.can_redo) == (anew.can_undo, anew.can_redo)

    return check
