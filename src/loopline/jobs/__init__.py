"""Jobs: what was promised for later, stored in the request's own transaction."""

from __future__ import annotations

from loopline.errors import MissingExtra

try:
    import sqlalchemy as _sqlalchemy  # noqa: F401 - only whether it is there
except ModuleNotFoundError as error:
    raise MissingExtra("sqlalchemy", "standard") from error

from loopline.jobs.attempt import current_job
from loopline.jobs.background import Background
from loopline.jobs.definition import TaskOptions, TransactionalOptions
from loopline.jobs.job import Claimed, Failure, Job, JobState, NewJob
from loopline.jobs.queue import JobQueue
from loopline.jobs.retry import Retry
from loopline.jobs.signals import Cancel, Snooze
from loopline.jobs.task import Task

__all__ = [
    "Background",
    "Cancel",
    "Claimed",
    "Failure",
    "Job",
    "JobQueue",
    "JobState",
    "NewJob",
    "Retry",
    "Snooze",
    "Task",
    "TaskOptions",
    "TransactionalOptions",
    "current_job",
]
