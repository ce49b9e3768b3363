"""The commands ``loopline jobs …`` and ``loopline migrate``. They need the database only, not the application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from loopline.errors import LooplineError
from loopline.job_output import print_json, print_result, print_table, print_text, show_progress

if TYPE_CHECKING:
    from loopline.jobs import Job, JobQueue

__all__ = ["State", "cancel", "jobs_app", "list_jobs", "migrate", "pause", "purge", "resume", "retry", "show", "stats"]

T = TypeVar("T")

jobs_app = typer.Typer(help="Look at jobs, try them again, cancel them, hold a queue.", no_args_is_help=True)


class State(StrEnum):
    """The states of a job."""

    scheduled = "scheduled"
    available = "available"
    running = "running"
    retryable = "retryable"
    completed = "completed"
    cancelled = "cancelled"
    discarded = "discarded"


DatabaseUrl = Annotated[
    str,
    typer.Option(
        help="Where the jobs are: sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/NAME.",
        envvar="LOOPLINE_DATABASE_URL",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JobIds = Annotated[list[int], typer.Argument(help="Ids of jobs.")]
QueueName = Annotated[str, typer.Argument(help="The name of the queue.")]


@jobs_app.command("list")
def list_jobs(
    database_url: DatabaseUrl,
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    task: Annotated[str | None, typer.Option(help="Only those of this task.")] = None,
    queue: Annotated[str | None, typer.Option(help="Only those in this queue.")] = None,
    before: Annotated[int | None, typer.Option(help="Only those with a lower id: to read on.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first."""
    wanted: Any = None if state is None else state.value
    found = _with(
        database_url,
        lambda jobs: jobs.operations.find(state=wanted, task=task, queue=queue, before=before, limit=limit),
    )
    if as_json:
        print_json([_plain(job) for job in found])
        return
    print_table(
        ("id", "task", "state", "queue", "attempt", "due", "arguments"),
        [
            (
                str(job.id),
                job.task,
                job.state,
                job.queue,
                f"{job.attempt} of {job.max_attempts}",
                f"{job.run_at:%Y-%m-%d %H:%M:%S}",
                json.dumps(job.arguments, ensure_ascii=False),
            )
            for job in found
        ],
    )


@jobs_app.command()
def show(
    job_id: Annotated[int, typer.Argument(help="The id of a job.")], database_url: DatabaseUrl, as_json: AsJson = False
) -> None:
    """Show one job, with every error of its attempts."""
    job = _with(database_url, lambda jobs: jobs.operations.get(job_id))
    if job is None:
        raise LooplineError(f"there is no job {job_id}")
    if as_json:
        print_json(_plain(job))
        return
    plain = _plain(job)
    failures = plain.pop("failures")
    print_table(("", ""), [(name, str(value)) for name, value in plain.items()], header=False)
    for failure in failures:
        print_text(f"\nattempt {failure['attempt']}, {failure['at']}")
        print_text(failure["traceback"] or failure["error"])


@jobs_app.command()
def retry(
    database_url: DatabaseUrl,
    job_ids: Annotated[list[int] | None, typer.Argument(help="Ids of jobs; or choose them by --state.")] = None,
    state: Annotated[State | None, typer.Option(help="All that are in this state, such as discarded.")] = None,
    task: Annotated[str | None, typer.Option(help="Of those, the ones of this task.")] = None,
    queue: Annotated[str | None, typer.Option(help="Of those, the ones in this queue.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let jobs run now that wait, were cancelled or were discarded."""
    if bool(job_ids) == (state is not None) or (job_ids and (task or queue)):
        raise typer.BadParameter("give either ids of jobs, or --state and, if you like, --task and --queue")
    if job_ids:
        _each(
            job_ids,
            database_url,
            lambda jobs, job: jobs.operations.retry(job),
            "runs again",
            "is not there to try again",
            as_json=as_json,
        )
        return
    wanted: Any = state and state.value
    with show_progress("trying again", quiet=as_json) as progress:
        retried = _with(
            database_url,
            lambda jobs: jobs.operations.retry_all(wanted, task=task, queue=queue, progress=progress),
        )
    print_result(f"{retried} jobs run again", {"retried": retried}, as_json=as_json)


@jobs_app.command()
def cancel(job_ids: JobIds, database_url: DatabaseUrl, as_json: AsJson = False) -> None:
    """Cancel jobs that have not ended."""
    _each(
        job_ids,
        database_url,
        lambda jobs, job: jobs.operations.cancel(job),
        "is cancelled",
        "is not there to cancel",
        as_json=as_json,
    )


@jobs_app.command()
def pause(queue: QueueName, database_url: DatabaseUrl) -> None:
    """Let no job of a queue begin."""
    _with(database_url, lambda jobs: jobs.operations.pause(queue))
    print(f"{queue} is paused")


@jobs_app.command()
def resume(queue: QueueName, database_url: DatabaseUrl) -> None:
    """Let jobs of a queue begin again."""
    was_paused = _with(database_url, lambda jobs: jobs.operations.resume(queue))
    print(f"{queue} goes on" if was_paused else f"{queue} was not paused")


@jobs_app.command()
def stats(database_url: DatabaseUrl, as_json: AsJson = False) -> None:
    """Show how many jobs of each queue are in each state."""

    async def ask(jobs: JobQueue) -> tuple[dict[str, dict[Any, int]], list[str]]:
        return dict(await jobs.operations.counts()), await jobs.operations.paused()

    counts, paused = _with(database_url, ask)
    if as_json:
        print_json({name: {"paused": name in paused, "jobs": states} for name, states in counts.items()})
        return
    print_table(
        ("queue", *(state.value for state in State)),
        [
            (f"{name} (paused)" if name in paused else name, *(str(states.get(state.value, 0)) for state in State))
            for name, states in counts.items()
        ],
    )


@jobs_app.command()
def purge(
    database_url: DatabaseUrl,
    state: Annotated[list[State] | None, typer.Option(help="Only those in this state; may be repeated.")] = None,
    older_than: Annotated[float, typer.Option(min=0, help="Only those that ended so many hours ago.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Delete jobs that have ended: completed, cancelled and discarded ones."""
    wanted: Any = [each.value for each in state or (State.completed, State.cancelled, State.discarded)]
    age = timedelta(hours=older_than)
    with show_progress("deleting", quiet=as_json) as progress:
        deleted = _with(database_url, lambda jobs: jobs.operations.purge(wanted, older_than=age, progress=progress))
    print_result(f"{deleted} jobs are deleted", {"deleted": deleted}, as_json=as_json)


def migrate(
    database_url: DatabaseUrl,
    sql: Annotated[bool, typer.Option("--sql", help="Print the statements instead of running them.")] = False,
) -> None:
    """Make or update the tables of the jobs."""
    if sql:
        from sqlalchemy import make_url

        from loopline.jobs import migration

        print(migration.whole_script(make_url(database_url).get_backend_name()), end="")
        return
    done = _with(database_url, lambda jobs: jobs.migrate(), check=False)
    print(f"migrated: {', '.join(map(str, done))}" if done else "the tables are up to date")


def _with(database_url: str, call: Callable[[JobQueue], Awaitable[T]], *, check: bool = True) -> T:
    """Call something with the jobs of a database.

    Raises:
        LooplineError: If the database can't be reached, or its tables are missing or of another version.
    """
    from loopline.database import Database
    from loopline.jobs import JobQueue

    async def run() -> T:
        async with Database(database_url) as db:
            jobs = JobQueue(db)
            if check:
                await jobs.check_tables()
            return await call(jobs)

    try:
        return asyncio.run(run())
    except OSError as error:
        raise LooplineError(f"the database can't be reached: {error}") from error


def _each(
    job_ids: Sequence[int],
    database_url: str,
    do: Callable[[JobQueue, int], Awaitable[bool]],
    done: str,
    not_done: str,
    *,
    as_json: bool,
) -> None:
    results: dict[int, bool] = {}

    async def each(jobs: JobQueue) -> None:
        for job in ids:
            results[job] = await do(jobs, job)
            progress(len(results), len(ids))

    ids = list(dict.fromkeys(job_ids))
    with show_progress("jobs", quiet=as_json) as progress:
        _with(database_url, each)
    print_result(
        "\n".join(f"job {job} {done if result else not_done}" for job, result in results.items()),
        {
            "done": [job for job, result in results.items() if result],
            "not_done": [job for job, result in results.items() if not result],
        },
        as_json=as_json,
    )
    if not all(results.values()):
        raise typer.Exit(1)


def _plain(job: Job) -> dict[str, Any]:
    plain = asdict(job)
    for name in ("created_at", "run_at", "started_at", "finished_at"):
        plain[name] = plain[name] and plain[name].isoformat()
    for failure in plain["failures"]:
        failure["at"] = failure["at"].isoformat()
    return plain
