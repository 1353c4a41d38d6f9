import shutil
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_nucleus.app.correct import Workbench
from napari_nucleus.app.correct.replay import Replay, audit
from napari_nucleus.core import HoverMaps, NucleusError, NucleusMap
from napari_nucleus.project import Project
from napari_nucleus.project.merge import merge_copy
from napari_nucleus.project.scheme_edits import added, keyed, merged, recoloured, renamed
from napari_nucleus.project.snapshots import restore, take_snapshot

SIDE = 290  # more than a square that labels are kept in
SOME = st.integers(0, 2**31 - 1)


def maps_of(labels, rng):
    y, x = np.mgrid[:SIDE, :SIDE]
    hv = np.zeros((2, SIDE, SIDE), np.float32)
    for label in np.unique(labels[labels > 0]):
        mine = labels == label
        for plane, values in enumerate((x, y)):
            reach = np.abs(values[mine] - values[mine].mean()).max() or 1
            hv[plane][mine] = (values[mine] - values[mine].mean()) / reach
    types = rng.random((5, SIDE, SIDE)).astype(np.float32)
    return HoverMaps((labels > 0) * 0.7 + 0.1 * rng.random((SIDE, SIDE)), hv, types / types.sum(0), mpp=0.25)


def tissue(seed):
    rng = np.random.default_rng(seed)
    labels = np.zeros((SIDE, SIDE), np.int32)
    y, x = np.mgrid[:SIDE, :SIDE]
    for i in range(12):
        cy, cx = rng.integers(0, SIDE, 2)
        ry, rx = rng.integers(4, 12, 2)
        labels[(((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 <= 1) & (labels == 0)] = 3 * i + 2
    return labels, maps_of(labels, rng)


def stroke(rng, bench, label=0):
    """A disc on a nucleus or beside it."""
    row = bench.rows[label or some(rng, bench, 1)[0]]
    near = row.y, row.x
    y, x = np.rint(np.array(near) + rng.integers(-10, 11, 2)).astype(int)
    r = int(rng.integers(1, 7))
    v, u = np.mgrid[-r : r + 1, -r : r + 1]
    return (int(y) - r, int(x) - r, int(y) + r + 1, int(x) + r + 1), u**2 + v**2 <= r**2


def some(rng, bench, count):
    labels = np.sort(bench.rows.columns["label"])
    return rng.choice(labels, min(count, len(labels)), replace=False).tolist()


def neighbours(rng, bench):
    """A nucleus and the nearest to it."""
    columns = np.sort(bench.rows.columns, order="label")
    i = rng.integers(len(columns)) if len(columns) else 0
    far = np.hypot(columns["y"] - columns["y"][i], columns["x"] - columns["x"][i])
    return columns["label"][np.argsort(far)[:2]].tolist()


def scheme_edit(rng, bench):
    names = [one.name for one in bench.project.classes if one.merged_into is None]
    a, b = rng.choice(names, 2, replace=False).tolist()
    edits = (
        lambda now: added(now, f"new {rng.integers(100)}"),
        lambda now: renamed(now, a, f"other {rng.integers(100)}"),
        lambda now: recoloured(now, a, "#123456"),
        lambda now: keyed(now, a, str(rng.integers(10))),
        lambda now: merged(now, a, b),
    )
    return edits[rng.integers(len(edits))](bench.project.classes)


COMMANDS = {
    "set class": lambda b, rng, maps: b.set_class(some(rng, b, 3), int(rng.integers(0, 3))),
    "predict": lambda b, rng, maps: b.predict(dict.fromkeys(some(rng, b, 4), 1)),
    "accept": lambda b, rng, maps: b.accept(some(rng, b, 2)),
    "reject": lambda b, rng, maps: b.reject(some(rng, b, 1)),
    "flag": lambda b, rng, maps: b.flag(some(rng, b, 1)),
    "comment": lambda b, rng, maps: b.comment(some(rng, b, 1), f"ä {rng.integers(9)}"),
    "delete": lambda b, rng, maps: b.delete(some(rng, b, 2)),
    "merge": lambda b, rng, maps: b.merge(neighbours(rng, b)),
    "split": lambda b, rng, maps: b.split(some(rng, b, 1)[0]),
    "cut": lambda b, rng, maps: cut(b, rng),
    "draw": lambda b, rng, maps: b.draw(*stroke(rng, b), 1),
    "extend": lambda b, rng, maps: b.extend(label := some(rng, b, 1)[0], *stroke(rng, b, label)),
    "erase": lambda b, rng, maps: b.erase(*stroke(rng, b)),
    "fill": lambda b, rng, maps: b.fill_holes(some(rng, b, 2)),
    "smooth": lambda b, rng, maps: b.smooth(some(rng, b, 3)),
    "add": lambda b, rng, maps: b.add(b.propose(*rng.uniform(0, SIDE, 2), maps).grow().grow().shrink()),
    "repaint": lambda b, rng, maps: b.repaint(*stroke(rng, b), bool(rng.integers(2)), maps),
    "scheme": lambda b, rng, maps: b.edit_scheme(scheme_edit(rng, b)),
}


def cut(bench, rng):
    row = bench.rows[some(rng, bench, 1)[0]]
    across = 20 * np.array([np.sin(angle := rng.uniform(0, np.pi)), np.cos(angle)])
    return bench.split(row.label, np.array([row.y, row.x]) + np.array([-across, across]))


def state(bench):
    """Everything, byte by byte: in memory and in the project."""
    columns = np.sort(bench.rows.columns, order="label")
    stored = bench.project.labels(bench.image), bench.project.rows(bench.image), bench.project.classes
    assert np.array_equal(stored[0], bench.labels)
    assert stored[1] == bench.rows.rows()
    return bench.labels.tobytes(), bench.classes.tobytes(), columns.tobytes(), stored[1:]


def check(bench):
    """Memory is what a workbench opened now would show; boxes, areas and centres are those of the labels."""
    anew = Workbench.open(bench.project, bench.image, bench.annotator)
    assert state(anew) == state(bench)
    nuclei = bench.project.nuclei(bench.image)
    measured = NucleusMap.from_labels(bench.labels).table
    for name in ("label", "y_px", "x_px", "area_um2"):
        assert np.allclose(nuclei.table[name], measured[name])


@given(st.integers(0, 1000), st.lists(st.tuples(st.sampled_from(sorted(COMMANDS)), SOME), min_size=1, max_size=8))
@settings(max_examples=15, deadline=None)
def test_taking_back_any_commands_leaves_every_byte_as_it_was(seed, commands):
    labels, maps = tissue(seed)
    with tempfile.TemporaryDirectory() as folder, Project.create(Path(folder) / "p", "consep") as project:
        nuclei = NucleusMap.from_labels(labels, classes="consep", type_prob=maps.type_prob)
        nuclei.table["entropy"] = np.where(nuclei.table["label"] % 2, nuclei.table["x_px"] / 7, np.nan)
        project.add_image(Path(folder) / "none.png", nuclei)
        bench = Workbench.open(project, 1, "ada")
        states = [state(bench)]
        for name, number in commands:
            try:
                COMMANDS[name](bench, np.random.default_rng(number), maps)
            except (NucleusError, IndexError):  # nothing to do it with
                assert state(bench) == states[-1]
                continue
            states.append(state(bench))
        check(bench)
        for before in states[-2::-1]:
            bench.undo()
            assert state(bench) == before
        assert not bench.can_undo
        for after in states[1:]:
            bench.redo()
            assert state(bench) == after
        assert not bench.can_redo
        check(bench)


def work(bench, rng, maps, count):
    """Some commands, some of them taken back."""
    for _ in range(count):
        try:
            COMMANDS[sorted(COMMANDS)[rng.integers(len(COMMANDS))]](bench, rng, maps)
            if rng.random() < 0.2:
                bench.undo()
        except (NucleusError, IndexError):
            pass


@given(st.integers(0, 1000))
@settings(max_examples=6, deadline=None)
def test_copies_are_merged_to_and_fro_and_the_journal_explains_every_byte(seed):
    labels, maps = tissue(seed)
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours", Path(folder) / "theirs"
        with Project.create(ours, "consep") as project:
            project.add_image(
                Path(folder) / "none.png", NucleusMap.from_labels(labels, type_prob=maps.type_prob, classes="consep")
            )
        shutil.copytree(ours, theirs)
        with Project.open(ours) as project, Project.open(theirs) as copy:
            ada, bob = Workbench.open(project, 1, "ada"), Workbench.open(copy, 1, "bob")
            take_snapshot(project, "before", "ada")
            for _ in range(2):
                work(ada, rng, maps, 5)
                work(bob, rng, maps, 5)
                merge_copy(project, copy)
                ada.refresh()
                check(ada)
                assert {line.uid for line in copy.lines()} <= {line.uid for line in project.lines()}
                assert audit(project, 1) is None
            replay = Replay(project, 1)
            assert len(list(replay)) == len(replay)
            assert np.array_equal(replay.classes, ada.classes)
            merge_copy(copy, project)
            bob.refresh()
            check(bob)
            assert audit(copy, 1) is None
            restore(project, "before", "ada")
            ada.refresh()
            check(ada)
            assert np.array_equal(ada.labels, labels)
