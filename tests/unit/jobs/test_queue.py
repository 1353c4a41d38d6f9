import sys
import threading

import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.jobs import JobQueue, jobs_folder
from napari_nucleus.jobs.folder import JobFolder


def test_the_folder_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("NAPARI_NUCLEUS_JOBS", str(tmp_path))
    assert jobs_folder() == tmp_path
    monkeypatch.delenv("NAPARI_NUCLEUS_JOBS")
    assert jobs_folder().name == "jobs"
    assert JobQueue(tmp_path / "none").jobs() == []


def test_jobs_wait_in_their_order_and_other_windows_find_them(busy, order):
    for name in ("second", "third"):
        busy.submit(order(name))
    found = JobQueue(busy.folder).jobs()
    assert [(job.id, job.name, job.state) for job in found] == [
        ("1", "busy", "running"),
        ("2", "second", "queued"),
        ("3", "third", "queued"),
    ]
    assert found[1].spec.steps is None
    assert found[1].log() == ""
    assert found[1].curves().empty
    assert found[1].preview() is None
    assert found[1].progress is None


def test_a_waiting_job_is_paused_cancelled_and_resumed(busy, order):
    job = busy.submit(order("second"))
    seen = []
    job.changed.connect(lambda status: seen.append(status.state))
    for ask in (job.pause, job.pause, job.resume, job.cancel, job.cancel, job.resume):
        ask()
    assert seen == ["paused", "queued", "cancelled", "queued"]
    with pytest.raises(NucleusError, match="got one that is cancelled"):
        job.cancel(), job.pause()
    assert job.state == "cancelled"


def test_a_wish_for_a_running_job_is_told_until_it_is_obeyed(busy):
    (job,) = busy.jobs()
    job.cancel()
    assert (job.state, job.message) == ("running", "cancelling at the end of this step")
    job.resume()
    assert (job.state, job.message) == ("running", "starting")


def test_the_recipe_may_be_edited_after_submitting(busy, order, tmp_path):
    spec = order("second", steps=3)
    job = busy.submit(spec)
    order("second", steps=99)
    assert "steps = 3" in (busy.folder / job.id / "recipe.toml").read_text()


def test_a_run_folder_belongs_to_one_job(busy, order):
    with pytest.raises(NucleusError, match=r"job 1 \(running\) has"):
        busy.submit(order("busy"))
    first = busy.submit(order("second"))
    first.cancel()
    busy.submit(order("second"))
    with pytest.raises(NucleusError, match=r"job 3 \(queued\) has"):
        first.resume()
    assert [job.state for job in busy.jobs()] == ["running", "cancelled", "queued"]


def test_jobs_are_removed_unless_they_run(busy, order, tmp_path):
    waiting = busy.submit(order("second"))
    busy.remove(waiting)
    with pytest.raises(NucleusError, match="Cancel it first"):
        busy.remove(busy.job("1"))
    with pytest.raises(NucleusError, match=r"\(1\), got '2'"):
        busy.job("2")


@pytest.mark.parametrize("fields", [{"recipe": "none.toml"}, {"kind": "train", "recipe": "."}])
def test_a_recipe_that_is_not_there(queue, order, fields):
    with pytest.raises(NucleusError, match="Check the path"):
        queue.submit(order(**fields))
    assert queue.jobs() == []


def test_a_place_that_cannot_be_a_jobs_folder(order, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NucleusError, match="NAPARI_NUCLEUS_JOBS"):
        JobQueue(tmp_path / "file" / "jobs").submit(order())
    with pytest.raises(NucleusError, match="at least 1"):
        JobQueue(tmp_path, at_once=0)


def test_a_watching_queue_tells_what_others_do(busy, order):
    told = threading.Event()
    busy.changed.connect(told.set)
    with busy:
        told.clear()
        other = JobQueue(busy.folder)
        job = other.submit(order("second"))
        assert told.wait(30)
        assert [job.state for job in busy.jobs()] == ["running", "queued"]
        told.clear()
        job.cancel()
        assert told.wait(30)
        assert [job.state for job in busy.jobs()] == ["running", "cancelled"]
        told.clear()
        other.remove(job)
        assert told.wait(30)
        assert len(busy.jobs()) == 1


def test_a_dead_job_is_written_down_by_who_finds_it(busy, order, now_running):
    folder = JobFolder(busy.folder / "1")
    folder.write_record(now_running(created=1.0))
    told = threading.Event()
    busy.changed.connect(told.set)
    with busy:
        assert told.wait(30)
    assert folder.record().state == "failed"
    assert "killed" in folder.record().message


def test_a_job_that_cannot_start_has_failed_and_the_queue_goes_on(queue, order, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/python")
    jobs = [queue.submit(order(name)) for name in ("first", "second")]
    assert [job.refresh().state for job in jobs] == ["failed", "failed"]
    assert "start a process" in jobs[0].message


def test_a_job_without_its_order_does_not_hide_the_others(busy, order, caplog):
    broken = busy.submit(order("second"))
    (busy.folder / broken.id / "spec.json").unlink()
    assert [job.id for job in JobQueue(busy.folder).jobs()] == ["1"]
    assert "Delete that folder" in caplog.text
