import os
import sqlite3
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

import numpy as np
import psutil
import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.project import Project, Provenance, chunks
from napari_nucleus.project.schema import VERSION
from napari_nucleus.project.scheme_edits import added


@pytest.fixture
def old(tmp_path):
    """A project of version 1."""
    folder = tmp_path / "old"
    folder.mkdir()
    base = sqlite3.connect(folder / "project.db", isolation_level=None)
    base.executescript(Path(__file__).with_name("version_1.sql").read_text())
    labels = np.zeros((chunks.SIDE, chunks.SIDE), np.int32)
    labels[2:4, 2:4], labels[8:10, 8:10] = 3, 9
    base.execute("INSERT INTO chunk VALUES (1, 0, 0, ?)", (chunks.packed(labels),))
    base.close()
    return folder


@pytest.mark.parametrize("read_only", [False, True])
def test_a_project_of_an_older_version_is_brought_up_to_ours(old, read_only):
    with Project.open(old, read_only=read_only) as project:
        table = project.nuclei(1).table.set_index("label")
        assert table["class"].to_dict() == {3: "stroma", 9: "immune"}
        assert table.loc[9, "p_immune"] == pytest.approx(0.7)
        assert np.isnan(table.loc[3, "p_immune"])
        assert project.journal()["action"].tolist() == ["set class", "undo set class", "undo undo set class"]
        assert project.journal()["undoes"].dropna().tolist() == [1, 2]
        assert project.annotators == ("ada", "bob")
        assert project.base.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert project.base.execute("PRAGMA foreign_key_check").fetchall() == []

    with Project.open(old) as project:
        line = project.apply(added(project.classes, "mitosis"), "ada")
        project.undo(3, "ada")
        assert project.rows(1)[0].source == Provenance.MODEL
        assert project.take_labels(1)[0] == 10
        project.undo(line, "ada")


def test_a_new_project_has_the_tables_that_an_older_one_becomes(tmp_path, old):
    def tables(folder):
        base = sqlite3.connect(folder / "project.db")
        found = base.execute("SELECT name FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").fetchall()
        return {name: base.execute(f"PRAGMA table_info({name})").fetchall() for (name,) in found}

    Project.create(tmp_path / "new", "msa3").close()
    Project.open(old).close()

    def without_position(columns):
        return sorted(column[1:] for column in columns)

    new, former = tables(tmp_path / "new"), tables(old)
    assert new.keys() == former.keys()
    assert all(without_position(new[name]) == without_position(former[name]) for name in new)


def test_a_migration_that_fails_changes_nothing(old):
    base = sqlite3.connect(old / "project.db", isolation_level=None)
    base.execute("CREATE TABLE snapshot (in_the_way)")
    with pytest.raises(NucleusError, match="already exists"):
        Project.open(old)

    assert base.execute("PRAGMA user_version").fetchone() == (1,)
    assert base.execute("SELECT count(*) FROM journal").fetchone() == (3,)
    base.execute("DROP TABLE snapshot")
    base.close()
    Project.open(old).close()


SCRIPT = """
import os, sys
import psutil
from napari_nucleus.core import NucleusError
from napari_nucleus.project import Project
if os.getuid() == 0:
    os.setuid(65534)  # nothing is forbidden to root
try:
    Project.open(sys.argv[1])
except NucleusError as error:
    print(error)
with Project.open(sys.argv[1], read_only=True) as project:
    print(len(project.images()), project.scheme.name)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs folders that can't be written to")
def test_a_folder_that_cannot_be_written_to_is_told_and_can_be_read():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        project = Path(folder) / "p"
        Project.create(project, "consep").close()
        (project / "project.db").chmod(0o444)
        project.chmod(0o555)
        done = subprocess.run([sys.executable, "-c", SCRIPT, project], capture_output=True, text=True, check=True)
        project.chmod(0o755)
    refused, read = done.stdout.splitlines()
    assert "can't be written to" in refused
    assert read == "0 consep"


def test_on_another_machines_disk_a_rollback_journal_takes_the_place_of_the_log(tmp_path, project, monkeypatch):
    assert project.base.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    project.close()
    part = namedtuple("Part", "mountpoint fstype opts")
    parts = [part("/", "ext4", "rw"), part(str(tmp_path), "nfs4", "rw,vers=4.2")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: parts)  # noqa: A006  (psutil's own name)

    with Project.open(tmp_path / "project") as there, Project.open(tmp_path / "project") as too:
        assert there.base.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        there.apply(added(there.classes, "mitosis"), "ada")
        too.apply(added(too.classes, "plasma"), "bob")
        assert len(there.scheme) == 6
    assert not (tmp_path / "project" / "project.db-wal").exists()


def test_what_is_acknowledged_is_synced(project):
    assert project.base.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_broken_database_is_told(tmp_path, project):
    project.close()
    path = tmp_path / "project" / "project.db"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x55" * (len(content) - 4096)
    path.write_bytes(content)

    with Project.open(tmp_path / "project") as broken, pytest.raises(NucleusError, match="Nothing was changed"):
        broken.take_labels(1)
