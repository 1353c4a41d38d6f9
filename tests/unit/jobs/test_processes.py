"""Jobs in real processes. Each loads PyTorch, so that they are few and follow one another."""

import os
import subprocess
import sys
import time

import psutil
from safetensors.numpy import load_file

from napari_nucleus.core import drain
from napari_nucleus.jobs import JobQueue, run_job
from napari_nucleus.jobs.folder import JobFolder


def until(job, wanted, seconds=600):
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


def test_the_life_of_three_jobs(queue, order):
    """Queued, paused, killed, cancelled and each time resumed, a job ends as one that was never disturbed."""
    with queue:
        first, second = queue.submit(order(steps=40)), queue.submit(order("second", steps=2))
        until(first, lambda job: steps_done(job) >= 2)
        assert second.state == "queued"

        process, before = process_of(first), steps_done(first)
        first.pause()
        until(first, "paused")
        assert steps_done(first) <= before + 2  # the step that was being done, and one that ended meanwhile
        process.wait(60)  # its memory is free
        until(second, "done")

        reached = steps_done(first)
        first.resume()
        until(first, lambda job: steps_done(job) >= reached + 6)
        process_of(first).kill()
        until(first, "failed")
        assert "killed" in first.message
        first.resume()

    # From here on there is no window; the command line and the next window find what runs.
    listed = subprocess.run(
        [sys.executable, "-m", "napari_nucleus.cli", "jobs", "list"],
        env=os.environ | {"NAPARI_NUCLEUS_JOBS": str(queue.folder)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert [line.split()[1:4] for line in listed[1:]] == [["first", "train", "running"], ["second", "train", "done"]]
    later = JobQueue(queue.folder)
    first, third = later.jobs()[0], later.submit(order("third", data="/no/such/folder"))
    reached = steps_done(first)
    until(first, lambda job: steps_done(job) >= reached + 2)
    first.cancel()
    until(first, "cancelled")

    until(third, "failed")  # nobody but the first job's process was there to start it
    assert third.message.startswith("Expected")
    assert "/no/such/folder" in third.message
    assert "\n" not in third.message
    assert "Traceback" not in third.log()

    first.resume()
    until(first, "done")
    whole = drain(run_job(order("whole", steps=40)))
    weights, expected = load_file(first.run_folder / "model.safetensors"), load_file(whole.weights)
    assert all((weights[name] == expected[name]).all() for name in expected)
