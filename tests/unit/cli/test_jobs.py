import os
import time

import pytest
from typer.testing import CliRunner

from napari_nucleus.cli import app
from napari_nucleus.core import NucleusError, Progress
from napari_nucleus.jobs import JobSpec
from napari_nucleus.jobs.folder import JobFolder
from napari_nucleus.jobs.process import creation, this_host
from napari_nucleus.jobs.record import Record


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A jobs folder in which one job runs, so that others wait, and one has failed; recipes lie beside it."""
    monkeypatch.setenv("NAPARI_NUCLEUS_JOBS", str(tmp_path / "jobs"))
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.toml").write_text(f'name = "{name}"')
    running = Record("running", started=time.time(), host=this_host(), pid=os.getpid(), created=creation(os.getpid()))
    failed = Record("failed", "Expected data, got none. Check the folder.", host=this_host())
    for number, (name, record) in enumerate({"one": running, "two": failed}.items(), 1):
        job = JobFolder(tmp_path / "jobs" / str(number))
        job.create(JobSpec(kind="train", recipe=f"{name}.toml", data="data"), "", record)
        job.log.write_text("\f2026-11-21 process 1\n3/8 training\n")
        job.write_progress(Progress(3, 8, "training", {"loss": 0.123456}), 3725.4)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(app, ["jobs", *map(str, arguments)])


def test_jobs_are_listed_with_what_they_do(folder):
    done = run("list")
    assert done.exit_code == 0, done.output
    head, one, two = done.stdout.splitlines()
    assert head.split() == ["job", "name", "kind", "state", "step", "left"]
    assert one.split()[-4:] == ["running", "3/8", "1:02:05", "training"]
    assert "failed" in two
    assert two.endswith("Check the folder.")


def test_an_empty_list(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("NAPARI_NUCLEUS_JOBS", str(tmp_path / "none"))
    assert run("list").stdout == "no jobs\n"
    assert not (tmp_path / "none").exists()


def test_one_job_is_shown_and_its_log_printed(folder):
    shown = dict(line.split(maxsplit=1) for line in run("show", 1).stdout.splitlines())
    assert shown["state"] == "running"
    assert shown["loss"] == "0.1235"
    assert run("log", 1).stdout == "2026-11-21 process 1\n3/8 training\n"


def test_a_job_is_submitted_paused_resumed_cancelled_and_removed(folder):
    done = run("submit", "three.toml", "--data", "data", "--kind", "distill", "--steps", 5, "--no-publish")
    assert done.stdout == "3\n", done.output
    spec = JobFolder(folder / "jobs" / "3").spec()
    assert (spec.kind, spec.steps, spec.publish, spec.data) == ("distill", 5, False, str(folder / "data"))
    for command, answer in {
        "pause": "3: paused\n",
        "resume": "3: queued\n",
        "cancel": "3: cancelled\n",
        "remove": "3: removed\n",
    }.items():
        assert run(command, 3).stdout == answer
    assert len(run("list").stdout.splitlines()) == 3
    assert run("cancel", 1).stdout == "1: running, cancelling at the end of this step\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "9"], r"\(1, 2\), got '9'"),
        (["pause", "2"], "got one that is failed"),
        (["remove", "1"], "Cancel it first"),
        (["submit", "none.toml", "--data", "data"], "no such file"),
        (["submit", "three.toml", "--data", "data", "--threads", "0"], "threads"),
    ],
)
def test_mistakes_are_one_line(folder, arguments, message):
    with pytest.raises(NucleusError, match=message):
        CliRunner().invoke(app, ["jobs", *arguments], catch_exceptions=False)


def test_wrong_usage(folder):
    assert run("submit").exit_code == 2
    assert run("submit", "three.toml", "--data", "data", "--kind", "teach").exit_code == 2
