"""Jobs in real processes. Each loads PyTorch, so that they are few and follow one another."""

import subprocess
import sys
import time

import psutil
from safetensors.numpy import load_file

from napari_nucleus.core import drain
from napari_nucleus.jobs import JobQueue, run_job
from napari_nucleus.jobs.folder import JobFolder


def until(job, wanted, seconds=300):
    """Wait for a state, or until ``wanted(job)``; a job that fails meanwhile says why."""
    end = time.monotonic() + seconds
    reached = wanted if callable(wanted) else lambda job: job.state == wanted
    while not reached(job):
        assert job.refresh().state != "failed" or wanted == "failed", job.message
        assert time.monotonic() < end, f"{job} {job.message}\n{job.log()}"
        time.sleep(0.02)


def steps_done(job):
    return int(job.curves()["step"].max()) if len(job.curves()) else 0


def process_of(job):
    return psutil.Process(JobFolder(job.run_folder.parents[1] / "jobs" / job.id).record().pid)


def test_the_life_of_two_jobs(queue, order):
    """Queued, paused, killed, cancelled and each time resumed, a job ends as one that was never disturbed."""
    spec = order(steps=60)
    with queue:
        first = queue.submit(spec)
        second = queue.submit(order("second", steps=2))
        until(first, lambda job: steps_done(job) >= 2)
        assert second.state == "queued"

        process = process_of(first)
        before = steps_done(first)
        first.pause()
        until(first, "paused")
        assert steps_done(first) <= before + 2  # the step that was being done, and one that ended meanwhile
        process.wait(60)  # its memory is free
        until(second, "done")

        first.resume()
        reached = steps_done(first)
        until(first, lambda job: steps_done(job) >= reached + 6)
        process_of(first).kill()
        until(first, "failed")
        assert "killed" in first.message
        first.resume()

    listed = subprocess.run(
        [sys.executable, "-m", "napari_nucleus.cli", "jobs", "list"],
        env={"NAPARI_NUCLEUS_JOBS": str(queue.folder), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert [line.split()[:4] for line in listed[1:]] == [
        ["1", "first", "train", "running"],
        ["2", "second", "train", "done"],
    ]

    first = JobQueue(queue.folder).jobs()[0]  # as the next window finds it; it ran on without one
    reached = steps_done(first)
    until(first, lambda job: steps_done(job) >= reached + 2)
    first.cancel()
    until(first, "cancelled")
    first.resume()
    until(first, "done")
    assert first.log().count("\f") == 4

    whole = drain(run_job(order("whole", steps=60)))
    weights, expected = load_file(first.run_folder / "model.safetensors"), load_file(whole.weights)
    assert all((weights[name] == expected[name]).all() for name in expected)


def test_a_job_that_cannot_be_done_says_why_and_the_next_one_starts(queue, order):
    first = queue.submit(order(data="/no/such/folder"))
    second = queue.submit(order("second", steps=1))
    until(first, "failed")
    assert first.message.startswith("Expected")
    assert "/no/such/folder" in first.message
    assert "\n" not in first.message
    assert "Traceback" not in first.log()
    until(second, "done")  # nobody but the first job's process was there to start it
