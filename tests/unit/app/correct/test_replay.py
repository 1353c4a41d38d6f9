import numpy as np

from napari_nucleus.app.correct.replay import Replay, audit
from napari_nucleus.project.chunks import write_box
from napari_nucleus.project.scheme_edits import added, merged


def some_corrections(bench):
    bench.set_class(14, 4)
    bench.merge([7, 14])
    bench.split(7)
    bench.edit_scheme(added(bench.project.classes, "mitosis"))
    bench.set_class(21, 5)
    bench.undo()
    bench.delete([28, 35])
    bench.edit_scheme(merged(bench.project.classes, "other", "epithelial"))


def test_a_replay_begins_with_the_first_state_and_ends_with_the_last(bench, nuclei):
    before = bench.classes.copy()
    some_corrections(bench)

    replay, seen = Replay(bench.project, 1), []
    replay.changed.connect(seen.append)
    assert np.array_equal(replay.labels, nuclei.labels)
    assert np.array_equal(replay.classes, before)
    assert len(replay) == 8

    assert list(replay) == seen
    assert seen[0].labels == (14,)
    assert seen[5].action == "undo set class"
    assert np.array_equal(replay.labels, bench.labels)
    assert np.array_equal(replay.classes, bench.classes)
    assert replay.rows.rows() == bench.rows.rows()


def test_an_audit_finds_what_the_journal_doesnt_know_of(bench):
    some_corrections(bench)
    project = bench.project
    assert audit(project, 1) is None

    with project.writing():
        project.base.execute("UPDATE nucleus SET comment = 'x' WHERE label = 7")
    found = audit(project, 1)
    assert (found.line.action, found.what) == ("split", "nucleus 7 isn't as this correction left it")

    y, x = np.argwhere(project.labels(1) == 21)[0].tolist()
    bench.erase((y, x, y + 1, x + 1), np.ones((1, 1), bool))
    with project.writing():
        write_box(project.base, 1, (y, x, y + 1, x + 1), np.full((1, 1), 21, np.int32))
    found = audit(project, 1)
    assert found.line.action == "erase"
    assert "pixels" in found.what
