"""A job: what is stored of it, what is asked for, and what a worker holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

__all__ = ["Claimed", "Failure", "Job", "JobState", "NewJob", "OnConflict"]

JobState: TypeAlias = Literal["scheduled", "available", "running", "retryable", "completed", "cancelled", "discarded"]
OnConflict: TypeAlias = Literal["keep", "raise"]


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that can be enqueued: its arguments are checked and are JSON already. ``Task.job`` makes one.

    Attributes:
        task: The task's name.
        arguments: Its arguments as JSON.
        queue: The queue it goes to.
        priority: Lower ones first within their queue.
        max_attempts: How often it is tried before it is discarded.
        timeout: Seconds that one attempt may take.
        delay: Seconds from now, by the database's clock, before it may run; 0 for at once.
        at: When it may run, in seconds since 1970; None unless a time was asked for.
        unique_key: No other job that has not ended has the same; None if any number may.
        on_conflict: What happens if there is one: ``keep`` leaves that one alone, ``raise`` raises DuplicateJob.
        trace: Where it comes from, as ``Tracer.stored`` says it; None if it is not traced.
    """

    task: str
    arguments: str
    queue: str
    priority: int
    max_attempts: int
    timeout: float
    delay: float = 0.0
    at: float | None = None
    unique_key: str | None = None
    on_conflict: OnConflict = "keep"
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that a worker has taken.

    Attributes:
        id: Its id.
        task: The task's name.
        arguments: Its arguments as JSON.
        attempt: Which attempt this is, from 1. With the id it fences: the next claim has the next number.
        max_attempts: After which attempt it is discarded.
        timeout: Seconds that the attempt may take.
        trace: Where it comes from, as ``Tracer.stored`` said it; None if it was not traced.
        queue: Its queue.
    """

    id: int
    task: str
    arguments: str
    attempt: int
    max_attempts: int
    timeout: float
    trace: str | None
    queue: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed.

    Attributes:
        attempt: Which attempt, from 1.
        at: When, by the database's clock, in UTC.
        error: The error's type and message.
        traceback: The last lines of its traceback; empty if there was none.
    """

    attempt: int
    at: datetime
    error: str
    traceback: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is stored.

    Attributes:
        id: Its id.
        task: The task's name.
        arguments: Its arguments, by name.
        state: ``scheduled`` (for later), ``available``, ``running``, ``retryable`` (waits for its next attempt),
            ``completed``, ``cancelled``, ``discarded`` (given up).
        queue: Its queue.
        priority: Lower ones first within their queue.
        attempt: How often it has been started.
        max_attempts: After which attempt it is discarded.
        unique_key: No other job that has not ended has the same.
        created_at: When it was enqueued. All times are the database's, in UTC.
        run_at: When it was, or is, due.
        started_at: When its last attempt began.
        finished_at: When it ended.
        trace_id: By what a backend of traces knows what enqueued it; None if it was not traced.
        failures: Why attempts failed.
    """

    id: int
    task: str
    arguments: dict[str, Any]
    state: JobState
    queue: str
    priority: int
    attempt: int
    max_attempts: int
    unique_key: str | None
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    trace_id: str | None
    failures: tuple[Failure, ...]
