"""Corrections outlive a kill, a power cut and a full disk; ``benchmarks/kill_project.py`` does the same at length."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from napari_nucleus.app.correct import Workbench
from napari_nucleus.app.correct.memory import ImageMemory
from napari_nucleus.core import NucleusError
from napari_nucleus.project import Edit, OvertakenError, Project

# Says after each correction that is acknowledged: the number of its line, and how long the log is.
WORKER = """
import os, sys
import numpy as np
from napari_nucleus.app.correct import Workbench
from napari_nucleus.core import NucleusError
from napari_nucleus.project import Project

with Project.open(sys.argv[1]) as project:
    bench, rng = Workbench.open(project, 1, "ada"), np.random.default_rng(int(sys.argv[2]))
    while True:
        label = int(rng.choice(bench.rows.columns["label"]))
        y, x = round(bench.rows[label].y), round(bench.rows[label].x)
        commands = (
            lambda: bench.set_class(label, int(rng.integers(1, 5))),
            lambda: bench.erase((y - 2, x, y + 2, x + 4), np.ones((4, 4), bool)),
            lambda: bench.split(label, [[y - 20, x], [y + 20, x]]),
            bench.undo,
        )
        try:
            commands[rng.integers(4)]()
        except NucleusError:
            continue
        print(bench.last_line, os.path.getsize(sys.argv[1] + "/project.db-wal"), flush=True)
"""


def killed(folder, seed, lines):
    """A process that corrects, killed after so many corrections and a little; what it said."""
    command = [sys.executable, "-c", WORKER, folder, str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        told = [worker.stdout.readline() for _ in range(lines)]
        time.sleep(0.01 * seed)
        worker.kill()
        told += worker.stdout.readlines()
    return [tuple(map(int, line.split())) for line in told if line.endswith("\n")]


def explained(folder, before, acknowledged):
    """The database is sound, has all that was acknowledged, and the journal explains every byte."""
    with Project.open(folder) as project:
        assert project.base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        lines = [line.number for line in project.lines()]
        assert acknowledged <= set(lines)
        for number in lines:
            before.take_in(project.edit(number))
        assert np.array_equal(project.labels(1), before.labels)
        assert project.rows(1) == before.table.rows()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system that kills")
def test_after_a_kill_and_a_power_cut_all_that_was_acknowledged_is_there(tmp_path, project):
    folder, rng = tmp_path / "project", np.random.default_rng(0)
    project.close()
    shutil.copytree(folder, tmp_path / "begin")
    told = killed(str(folder), 2, lines=12)
    last, synced = told[-1]

    log = (folder / "project.db-wal").read_bytes()
    tails = [
        log[synced:],  # as the kill left it
        b"",  # nothing that wasn't synced
        log[synced : synced + 5000],
        bytes(len(log) - synced),
        rng.bytes(9000),
    ]
    for i, tail in enumerate(tails):
        disk = tmp_path / f"disk {i}"
        disk.mkdir()
        shutil.copy(folder / "project.db", disk)
        (disk / "project.db-wal").write_bytes(log[:synced] + tail)
        with Project.open(tmp_path / "begin") as begin:
            explained(disk, ImageMemory.read(begin, 1), {number for number, _ in told})
    assert last >= 12


def test_on_a_full_disk_an_edit_is_refused_and_nothing_before_it_is_lost(tmp_path, bench, consistent):
    bench.set_class(14, 4)
    before = bench.labels.copy(), bench.rows.rows()
    (pages,) = bench.project.base.execute("PRAGMA page_count").fetchone()
    bench.project.base.execute(f"PRAGMA max_page_count = {pages}")  # the database may not grow: that is a full disk

    with pytest.raises(NucleusError, match=r"disk is full. Nothing was changed. Free some space"):
        bench.comment(21, "x" * 100_000)

    assert np.array_equal(bench.labels, before[0])
    assert bench.rows.rows() == before[1]
    consistent(bench)
    bench.project.base.execute("PRAGMA max_page_count = 1000000")
    bench.comment(21, "there is space again")
    assert bench.undo().labels == (21,)
    consistent(bench)


@pytest.mark.skipif(sys.platform != "linux", reason="needs limits of file sizes")
def test_where_files_may_not_grow_an_edit_is_refused(tmp_path, bench, consistent):
    import resource

    bench.set_class(14, 4)
    size = (tmp_path / "project" / "project.db-wal").stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1000, limits[1]))
    try:
        with pytest.raises(NucleusError, match="Nothing was changed"):
            bench.delete(7)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert 7 in bench.rows
    consistent(bench)
    bench.delete(7)
    consistent(bench)


def test_two_that_write_at_once_lose_nothing(tmp_path, project):
    """Both count in the comments of the same nuclei: read, add one, write."""
    labels, each = [7, 14, 21], 40

    def count(annotator):
        with Project.open(tmp_path / "project") as own:
            bench, rng, done = Workbench.open(own, 1, annotator), np.random.default_rng(len(annotator)), 0
            while done < each:
                label = int(rng.choice(labels))
                try:
                    bench.comment(label, str(int(bench.rows[label].comment or 0) + 1))
                    done += 1
                except OvertakenError:
                    pass

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(count, ("ada", "grace")))

    assert sum(int(row.comment) for row in project.rows(1, labels)) == 2 * each
    assert len(project.journal()) == 2 * each


def test_while_another_writes_one_waits_and_then_is_told(tmp_path, bench):
    other = sqlite3.connect(tmp_path / "project" / "project.db", isolation_level=None)
    bench.project.base.execute("PRAGMA busy_timeout = 50")
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(NucleusError, match=r"locked. Nothing was changed. Wait until the other"):
        bench.delete(7)

    other.execute("COMMIT")
    other.close()
    bench.delete(7)


def test_labels_of_new_nuclei_are_nobody_elses(tmp_path, bench):
    box, pixels = (150, 300, 160, 310), np.ones((10, 10), bool)
    with Project.open(tmp_path / "project") as elsewhere:
        bob = Workbench.open(elsewhere, 1, "bob")
        bob.draw(box, pixels, 1)
        bench.draw((180, 300, 190, 310), pixels, 2)

    drawn = bench.rows.columns["label"][-2:]
    assert len(set(drawn.tolist())) == 2
    with pytest.raises(OvertakenError):
        bench.project.apply(Edit(1, "draw", (), (bench.rows[7],)), "ada")
