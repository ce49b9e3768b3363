"""What an application does without a job queue: the limit of what one can reach."""

from __future__ import annotations

from importlib.resources import files

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from loopline.jobs import NewJob

__all__ = ["INSERT", "bare_values", "make_twin"]

# The columns that enqueue fills in, with the same values; the times come from the application's clock.
INSERT = text("""
    INSERT INTO bare_jobs
        (task, queue, state, priority, arguments, unique_key, max_attempts, timeout, created_at, run_at)
    VALUES
        (:task, :queue, 'available', :priority, :arguments, NULL, :most, :timeout, :now, :now)""")


def bare_values(job: NewJob, now: float) -> dict[str, object]:
    """Return the values of INSERT.

    Args:
        job: The job whose row it is.
        now: Seconds since 1970.
    """
    return {
        "task": job.task,
        "queue": job.queue,
        "priority": job.priority,
        "arguments": job.arguments,
        "most": job.max_attempts,
        "timeout": job.timeout,
        "now": now,
    }


async def make_twin(session: AsyncSession) -> None:
    """Make a table with the columns, constraints and indexes of the jobs."""
    kind = session.get_bind().dialect.name
    source = files("loopline.jobs").joinpath(f"migrations/0001.{kind}.sql").read_text()
    statements = [part.strip() for part in source.replace("loopline_jobs", "bare_jobs").split(";")]
    for statement in statements:
        if "bare_jobs" in statement and "loopline" not in statement:
            await session.execute(text(statement))
