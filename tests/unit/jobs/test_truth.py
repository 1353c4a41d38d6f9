import time

import psutil
import pytest

from napari_nucleus.core import NucleusError, Progress
from napari_nucleus.jobs import JobQueue
from napari_nucleus.jobs.folder import JobFolder


@pytest.fixture
def written(queue, order):
    """Puts a job on record, as a process or an earlier window left it."""

    def write(record, log="", progress=None):
        folder = JobFolder(queue.folder / "1")
        folder.create(order(), "", record)
        folder.log.write_text(log)
        if progress is not None:
            folder.write_progress(progress, None)
        return queue.jobs()[0]

    return write


def test_a_process_that_is_there(written, now_running):
    assert written(now_running()).state == "running"


def test_a_number_given_anew_does_not_pass_for_the_process(written, now_running):
    job = written(now_running(created=time.time() - 5000))
    assert job.state == "failed"
    assert "killed" in job.message


def test_after_a_restart_of_the_computer(written, now_running):
    before = psutil.boot_time() - 3600
    job = written(now_running(pid=1, created=before, started=before), progress=Progress(7, 20, "training"))
    assert job.state == "failed"
    assert "while training (7 of 20): the computer was restarted" in job.message


@pytest.mark.parametrize(
    ("last", "why"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "memory ran out"),
        ("RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory", "memory ran out"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("Fatal Python error: Segmentation fault\n\nThread 0x1 (most recent call first):", "Segmentation fault"),
        ("ModuleNotFoundError: No module named 'torch'", "No module named 'torch'"),
        ("3/20 training loss 2", "killed, by the system for want of memory or by somebody"),
    ],
)
def test_the_log_tells_what_it_died_of(written, last, why, now_running):
    earlier = "ValueError: of an earlier start\n\f2026-11-21 process 7\n"
    job = written(now_running(created=1.0), log=f"{earlier}1/20 training  loss 3\n{last}\n")
    assert job.state == "failed"
    assert why in job.message
    assert "Resume it" in job.message
    assert last.splitlines()[0] in job.message
    assert "Thread" not in job.message
    assert "earlier start" not in job.message
    assert "\n" not in job.message


def test_a_job_on_another_computer_is_known_by_its_beat(queue, written, now_running):
    job = written(now_running(host="elsewhere", pid=1, created=1.0))
    assert job.state == "failed"
    assert "elsewhere hasn't been heard of" in job.message
    with queue:  # it may only be away: nothing is written down
        pass
    JobFolder(queue.folder / "1").beat.touch()
    assert job.refresh().state == "running"


def test_a_broken_record_is_a_failed_job(written, queue, now_running):
    job = written(now_running())
    (queue.folder / "1" / "state.json").write_text('{"state": ')
    assert job.refresh().state == "failed"
    assert "Remove the job" in job.message
    queue.remove(job)
    assert JobQueue(queue.folder).jobs() == []


def test_a_job_that_was_removed_elsewhere(written, queue, now_running):
    job = written(now_running(state="paused"))
    other = JobQueue(queue.folder)
    other.remove(other.jobs()[0])
    with pytest.raises(NucleusError, match="was removed"):
        job.resume()
    assert queue.jobs() == []
