"""Training in the background: a process a job, a queue of jobs in a folder, states that are true."""

from napari_nucleus.jobs.job import Job, Status
from napari_nucleus.jobs.queue import JobQueue, jobs_folder
from napari_nucleus.jobs.spec import JobSpec, run_job

__all__ = ["Job", "JobQueue", "JobSpec", "Status", "jobs_folder", "run_job"]
