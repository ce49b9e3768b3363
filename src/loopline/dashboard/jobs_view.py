"""What the page shows of jobs: how they stand, a list, one of them. Secrets are left out, and long texts cut."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args

from loopline.dashboard.hiding import Hiding
from loopline.jobs.job import Job, JobState
from loopline.jobs.operations import AGAIN, ENDED
from loopline.jobs.overview import JobsOverview
from loopline.jobs.roster import PresentWorker
from loopline.jobs.task import Task

__all__ = ["STATES", "job_in_full", "job_in_list", "overview_as_json", "shown_name"]

STATES: tuple[JobState, ...] = get_args(JobState)
MOST_QUEUES = 100
MOST_FAILURES = 30  # the last
LONGEST = 20_000  # characters of a text
PREVIEW = 160  # characters of the arguments in a list

Tasks = Mapping[str, Task[..., ..., Any]]


def overview_as_json(found: JobsOverview) -> dict[str, Any]:
    """Return how the jobs stand."""
    queues = [
        {
            "name": queue,
            "paused": queue in found.paused,
            "counts": states,
            "completed": round(found.throughput[queue].completed, 2) if queue in found.throughput else 0,
            "failed": round(found.throughput[queue].failed, 2) if queue in found.throughput else 0,
            "oldest": found.oldest.get(queue),
        }
        for queue, states in list(found.counts.items())[:MOST_QUEUES]
    ]
    workers = [_worker(worker) for worker in found.roster]
    return {"queues": queues, "more": sorted(found.more), "workers": found.workers, "roster": workers}


def shown_name(name: str) -> str:
    """Return a name, cut if it is long."""
    return _cut(name, PREVIEW)


def _worker(worker: PresentWorker) -> dict[str, Any]:
    facts = worker.facts
    return {
        "id": worker.id,
        "host": None if facts is None else _cut(facts.host, PREVIEW),
        "pid": None if facts is None else facts.pid,
        "queues": None if facts is None else _cut(", ".join(facts.queues), PREVIEW),
        "concurrency": None if facts is None else facts.concurrency,
        "busy": worker.busy,
        "up": round(worker.up),
        "silent": None if worker.silent is None else round(worker.silent),
    }


def job_in_list(job: Job, hiding: Hiding, tasks: Tasks) -> dict[str, Any]:
    """Return a job as a list has it."""
    shown = _compact(hiding.arguments(job.arguments, _secret(job, tasks)))
    return {
        "id": job.id,
        "task": _cut(job.task, PREVIEW),
        "state": job.state,
        "queue": _cut(job.queue, PREVIEW),
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "created": _time(job.created_at),
        "run_at": _time(job.run_at),
        "finished": _time(job.finished_at),
        "arguments": _cut(shown, PREVIEW),
    }


def job_in_full(job: Job, hiding: Hiding, tasks: Tasks) -> dict[str, Any]:
    """Return all there is to show of a job."""
    secret = _secret(job, tasks)

    def plain(text: str) -> str:
        return _cut(hiding.text(text, job.arguments, secret), LONGEST)

    arguments = json.dumps(hiding.arguments(job.arguments, secret), indent=2, ensure_ascii=False)
    return job_in_list(job, hiding, tasks) | {
        "arguments": _cut(arguments, LONGEST),
        "priority": job.priority,
        "unique_key": None if job.unique_key is None else plain(job.unique_key),
        "trace": job.trace_id,
        "started": _time(job.started_at),
        "failures": [
            {
                "attempt": failure.attempt,
                "at": _time(failure.at),
                "error": plain(failure.error),
                "traceback": plain(failure.traceback),
            }
            for failure in job.failures[-MOST_FAILURES:]
        ],
        "failures_left_out": max(0, len(job.failures) - MOST_FAILURES),
        "can_retry": job.state in AGAIN,
        "can_cancel": job.state not in ENDED,
    }


def _secret(job: Job, tasks: Tasks) -> frozenset[str]:
    task = tasks.get(job.task)
    return frozenset() if task is None else task.secret


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _time(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"
