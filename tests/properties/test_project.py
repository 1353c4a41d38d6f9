import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_nucleus.core import NucleusMap
from napari_nucleus.project import Edit, Project
from napari_nucleus.project.nuclei import Row

SIDE = 300  # more than a square that labels are kept in


@st.composite
def edits(draw):
    """Places and labels of strokes; what they do is decided by what is there by then."""
    corners = st.integers(0, SIDE - 20)
    one = st.tuples(corners, corners, st.integers(1, 20), st.integers(0, 6), st.integers(0, 4))
    return draw(st.lists(one, min_size=1, max_size=8))


def stroke(project, y, x, side, label, kind):
    """Paint a square with a label (0 erases), and bring the rows in line with it."""
    box = (y, x, y + side, x + side)
    before = project.labels(1, box)
    after = np.full_like(before, label)
    touched = sorted({*np.unique(before).tolist(), label} - {0})
    old = project.rows(1, touched)
    left = project.labels(1)
    left[y : y + side, x : x + side] = after
    kinds = {row.label: row.kind for row in old} | ({label: kind} if label else {})
    new = []
    for one in touched:
        at = np.argwhere(left == one)
        if len(at):
            new.append(Row(one, *at.mean(0).tolist(), len(at), kinds[one]))
    return Edit(1, "paint", tuple(old), tuple(new), box, before, after)


@given(edits(), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_taking_back_whatever_was_done_leaves_what_was_there(strokes, seed):
    labels = np.zeros((SIDE, SIDE), np.int32)
    y, x = np.random.default_rng(seed).integers(0, SIDE - 15, 2)
    labels[y : y + 15, x : x + 15] = 3
    with tempfile.TemporaryDirectory() as folder, Project.create(Path(folder) / "p", "consep") as project:
        project.add_image(Path(folder) / "none.png", NucleusMap.from_labels(labels, classes="consep"))
        states, lines = [(project.labels(1), project.rows(1))], []
        for given_stroke in strokes:
            lines.append(project.apply(stroke(project, *given_stroke), "ada"))
            states.append((project.labels(1), project.rows(1)))
            assert {row.label for row in states[-1][1]} == set(np.unique(states[-1][0]).tolist()) - {0}
        for line, (pixels, rows) in zip(lines[::-1], states[-2::-1], strict=True):
            project.undo(line, "ada")
            assert np.array_equal(project.labels(1), pixels)
            assert project.rows(1) == rows
