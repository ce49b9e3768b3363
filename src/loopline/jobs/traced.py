"""The spans of jobs: a producer where one is enqueued, a consumer for each attempt, in the same trace.

Names and attributes are those of OpenTelemetry's conventions for messaging, with the task in the place of the queue.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from loopline import _tracer
from loopline._tracer import Tracer, Value
from loopline.jobs.job import Claimed, NewJob
from loopline.jobs.store import Outcome

__all__ = ["attempted", "enqueued", "enqueued_many"]

R = TypeVar("R")


async def enqueued(job: NewJob, store: Callable[[NewJob], Awaitable[int]]) -> int:
    """Store a job with the trace that it belongs to, and return its id."""
    tracer = _tracer.active
    if tracer is None:
        return await store(job)
    attributes = _attributes("enqueue", "send", job.queue) | {"loopline.task.name": job.task}
    with tracer.span(f"enqueue {job.task}", attributes, "producer") as span:
        stored = await store(replace(job, trace=tracer.stored()))
        span.set("messaging.message.id", str(stored))
        return stored


async def enqueued_many(jobs: Sequence[NewJob], store: Callable[[Sequence[NewJob]], Awaitable[None]]) -> None:
    """Store jobs with the trace that they belong to."""
    tracer = _tracer.active
    if tracer is None:
        return await store(jobs)
    queues = {job.queue for job in jobs}
    attributes = _attributes("enqueue", "send", queues.pop() if len(queues) == 1 else None)
    attributes["messaging.batch.message_count"] = len(jobs)
    with tracer.span("enqueue many", attributes, "producer"):
        trace = tracer.stored()
        return await store([replace(job, trace=trace) for job in jobs])


async def attempted(tracer: Tracer, job: Claimed, run: Callable[[], Awaitable[R | Outcome]]) -> R | Outcome:
    """Run a job once, in the trace that it was stored with; without one in a trace of its own.

    Returns:
        What became of it.
    """
    attributes = _attributes("run", "process", job.queue) | {
        "messaging.message.id": str(job.id),
        "loopline.task.name": job.task,
        "loopline.job.attempt": job.attempt,
    }
    with tracer.continued(f"run {job.task}", attributes, job.trace) as span:
        result = await run()
        if not isinstance(result, Outcome):
            span.set("loopline.job.state", "completed")
            return result
        span.set("loopline.job.state", result.state)
        if result.cause is not None:
            span.fail(result.cause)
        return result


def _attributes(operation: str, kind: str, queue: str | None) -> dict[str, Value]:
    attributes: dict[str, Value] = {
        "messaging.system": "loopline",
        "messaging.operation.name": operation,
        "messaging.operation.type": kind,
    }
    if queue is not None:
        attributes["messaging.destination.name"] = queue
    return attributes
