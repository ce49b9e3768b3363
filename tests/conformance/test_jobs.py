"""What every database gives to jobs: the same promises, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from waiting import until

from loopline import Database
from loopline.errors import ConfigurationError, DuplicateJob
from loopline.jobs import Cancel, JobQueue, Retry, Snooze, current_job
from loopline.jobs.migration import NEWEST

pytestmark = pytest.mark.anyio

AT_ONCE = Retry(attempts=3, first=0)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as db:
        async with db.begin() as session:
            await session.execute(text("CREATE TABLE effects (what TEXT NOT NULL)"))
        yield db


@pytest.fixture
def make(db: Database) -> Callable[..., JobQueue]:
    def make(**options: Any) -> JobQueue:
        return JobQueue(db, **{"poll": 0.1, "lease": 1.0, **options})

    return make


@asynccontextmanager
async def working(*queues: JobQueue) -> AsyncIterator[None]:
    """Run workers; the first makes the tables."""
    await queues[0].migrate()
    for queue in queues:
        await queue.__aenter__()
    try:
        yield
    finally:
        for queue in reversed(queues):
            await queue.aclose()


async def effects(db: Database) -> list[str]:
    async with db.begin() as session:
        return list(await session.scalars(text("SELECT what FROM effects ORDER BY what")))


async def states(db: Database) -> dict[int, tuple[str, int]]:
    """Return the state of each job and how often it was started."""
    async with db.begin() as session:
        rows = await session.execute(text("SELECT id, state, attempt FROM loopline_jobs"))
        return {job: (state, attempt) for job, state, attempt in rows}


async def failures(db: Database) -> list[str]:
    async with db.begin() as session:
        return list(await session.scalars(text("SELECT error FROM loopline_failures ORDER BY job, attempt")))


async def ended(db: Database) -> dict[int, tuple[str, int]]:
    """Wait until no job is left to do; the state of each."""
    async with asyncio.timeout(30):
        while True:
            found = await states(db)
            if all(state in ("completed", "cancelled", "discarded") for state, _ in found.values()):
                return found
            await asyncio.sleep(0.02)


async def test_a_job_runs_once_its_enqueuing_transaction_has_committed(
    db: Database, make: Callable[..., JobQueue]
) -> None:
    jobs, ran = make(), []

    @jobs.task
    async def greet(name: str, *, times: int = 1) -> None:
        ran.append((name, times))

    async with working(jobs):
        async with db.begin() as session:
            first = await greet.enqueue(session, "Ada")
            await greet.enqueue(session, "Grace", times=2)
            assert ran == []
        assert (await ended(db))[first] == ("completed", 1)
    assert sorted(ran) == [("Ada", 1), ("Grace", 2)]


async def test_a_job_whose_enqueuing_transaction_was_rolled_back_never_was(
    db: Database, make: Callable[..., JobQueue]
) -> None:
    jobs, ran = make(), []

    @jobs.task
    async def greet(name: str) -> None:
        ran.append(name)

    async with working(jobs):
        with pytest.raises(ZeroDivisionError):
            async with db.begin() as session:
                await greet.enqueue(session, "nobody")
                _ = 1 / 0
        async with db.begin() as session:
            savepoint = await session.begin_nested()
            await greet.enqueue(session, "nobody either")
            await savepoint.rollback()
            await greet.enqueue(session, "Ada")
        assert list((await ended(db)).values()) == [("completed", 1)]
    assert ran == ["Ada"]


async def test_a_transactional_task_writes_and_completes_in_one_transaction(
    db: Database, make: Callable[..., JobQueue]
) -> None:
    jobs = make()
    tried = 0

    @jobs.transactional(retry=AT_ONCE)
    async def write(session: AsyncSession, what: str) -> None:
        nonlocal tried
        await session.execute(text("INSERT INTO effects VALUES (:what)"), {"what": what})
        tried += 1
        if tried < 3:
            raise LookupError("not yet")

    async with working(jobs):
        async with db.begin() as session:
            await write.enqueue(session, "once")
        assert list((await ended(db)).values()) == [("completed", 3)]
    assert await effects(db) == ["once"]
    assert await failures(db) == ["LookupError: not yet"] * 2


async def test_a_job_that_keeps_failing_is_discarded_with_every_error(
    db: Database, make: Callable[..., JobQueue]
) -> None:
    jobs = make()

    @jobs.task(retry=AT_ONCE)
    async def fail() -> None:
        raise ValueError(f"attempt {current_job.get().attempt} \x00\ud800")

    async with working(jobs):
        async with db.begin() as session:
            await fail.enqueue(session)
        assert list((await ended(db)).values()) == [("discarded", 3)]
    assert await failures(db) == [f"ValueError: attempt {number} ?" for number in (1, 2, 3)]


async def test_a_plain_function_runs_in_a_thread(db: Database, make: Callable[..., JobQueue]) -> None:
    jobs, threads = make(), []

    @jobs.task
    def block() -> None:
        threads.append(threading.current_thread())

    async with working(jobs):
        async with db.begin() as session:
            await block.enqueue(session)
        await ended(db)
    assert threads != [threading.main_thread()]


async def test_snooze_and_cancel_say_what_becomes_of_a_job(db: Database, make: Callable[..., JobQueue]) -> None:
    jobs = make()

    @jobs.task(retry=Retry(attempts=1))
    async def snooze() -> None:
        if current_job.get().attempt < 3:
            raise Snooze(0.01)

    @jobs.task
    async def give_up() -> None:
        raise Cancel("it makes no sense any more")

    async with working(jobs):
        async with db.begin() as session:
            snoozed = await snooze.enqueue(session)
            cancelled = await give_up.enqueue(session)
        assert await ended(db) == {snoozed: ("completed", 3), cancelled: ("cancelled", 1)}
    assert await failures(db) == ["Cancel: it makes no sense any more"]


async def test_an_attempt_that_takes_too_long_fails(db: Database, make: Callable[..., JobQueue]) -> None:
    jobs = make()

    @jobs.task(timeout=0.05, retry=Retry(attempts=1))
    async def hang() -> None:
        await asyncio.Event().wait()

    async with working(jobs):
        async with db.begin() as session:
            await hang.enqueue(session)
        assert list((await ended(db)).values()) == [("discarded", 1)]
    assert await failures(db) == ["TimeoutError: it took longer than 0.05 s"]


async def test_what_ends_a_program_or_is_cancelled_inside_only_fails_the_job(
    db: Database, make: Callable[..., JobQueue]
) -> None:
    jobs = make()

    @jobs.task(retry=Retry(attempts=1))
    async def leave() -> None:
        raise SystemExit(3)

    @jobs.task(retry=Retry(attempts=1))
    async def await_cancelled() -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    async with working(jobs):
        async with db.begin() as session:
            await leave.enqueue(session)
            await await_cancelled.enqueue(session)
        assert set((await ended(db)).values()) == {("discarded", 1)}
    assert await failures(db) == ["SystemExit: 3", "CancelledError: "]


async def test_a_job_for_later_waits_by_the_database_s_clock(db: Database, make: Callable[..., JobQueue]) -> None:
    jobs, ran = make(), []

    @jobs.task
    async def note(what: str) -> None:
        ran.append(what)

    async with working(jobs):
        async with db.begin() as session:
            far = await note.options(delay=3600).enqueue(session, "in an hour")
            await note.options(delay=0.05).enqueue(session, "soon")
            await note.options(at=datetime.now(UTC) - timedelta(hours=1)).enqueue(session, "an hour ago")
        await until(lambda: len(ran) == 2)
        assert sorted(ran) == ["an hour ago", "soon"]
        assert (await states(db))[far] == ("scheduled", 0)


async def test_a_unique_job_is_there_once_until_it_has_ended(db: Database, make: Callable[..., JobQueue]) -> None:
    jobs, go_on = make(), asyncio.Event()

    @jobs.task
    async def wait(number: int) -> None:
        await go_on.wait()

    async with working(jobs):
        once = wait.options(unique="order 7")
        async with db.begin() as session:
            first = await once.enqueue(session, 1)
            assert await once.enqueue(session, 2) == first
            with pytest.raises(DuplicateJob, match=f"job {first}"):
                await wait.options(unique="order 7", on_conflict="raise").enqueue(session, 3)
            await jobs.enqueue_many(session, [once.job(4), wait.options(unique="order 8").job(5)])
        async with db.begin() as session:
            assert await once.enqueue(session, 6) == first
        go_on.set()
        assert len(await ended(db)) == 2
        async with db.begin() as session:
            assert await once.enqueue(session, 7) > first


async def test_many_jobs_are_enqueued_in_bulk_and_run_once_each(db: Database, make: Callable[..., JobQueue]) -> None:
    first, second, ran = make(concurrency=7), make(concurrency=50), []

    async def note(number: int) -> None:
        ran.append(number)

    tasks = [jobs.task(name="note")(note) for jobs in (first, second)]
    async with working(first, second):
        async with db.begin() as session:
            await first.enqueue_many(session, (tasks[0].job(number) for number in range(2500)))
        await until(lambda: len(ran) >= 2500)
        assert set((await ended(db)).values()) == {("completed", 1)}
    assert sorted(ran) == list(range(2500))


async def test_lower_priorities_come_first_and_queues_do_not_starve_each_other(
    db: Database, make: Callable[..., JobQueue]
) -> None:
    jobs, order = make(concurrency=1), []

    @jobs.task
    async def note(what: str) -> None:
        order.append(what)

    mail = jobs.task(name="mail", queue="mail")(note.fn)
    await jobs.migrate()
    async with db.begin() as session:
        await jobs.enqueue_many(session, [note.job(f"plain {number}") for number in range(5)])
        await note.options(priority=-1).enqueue(session, "urgent")
        await mail.enqueue(session, "mail")
    async with working(jobs):
        await ended(db)
    assert [what for what in order if what != "mail"] == ["urgent", *(f"plain {number}" for number in range(5))]
    assert order.index("mail") < 3


async def test_a_task_must_not_commit_what_its_completion_belongs_to(
    db: Database, make: Callable[..., JobQueue]
) -> None:
    jobs = make()

    @jobs.transactional(retry=Retry(attempts=1))
    async def commit(session: AsyncSession) -> None:
        await session.execute(text("INSERT INTO effects VALUES ('half')"))
        await session.commit()

    @jobs.transactional
    async def use_savepoints(session: AsyncSession) -> None:
        async with session.begin_nested():
            await session.execute(text("INSERT INTO effects VALUES ('kept')"))
        with pytest.raises(ZeroDivisionError):
            async with session.begin_nested():
                await session.execute(text("INSERT INTO effects VALUES ('dropped')"))
                _ = 1 / 0

    async with working(jobs):
        async with db.begin() as session:
            await commit.enqueue(session)
            await use_savepoints.enqueue(session)
        assert {state for state, _ in (await ended(db)).values()} == {"discarded", "completed"}
    assert await effects(db) == ["kept"]
    assert "must not commit" in (await failures(db))[0]


async def test_a_transactional_task_enqueues_the_next_in_its_own_transaction(
    db: Database, make: Callable[..., JobQueue]
) -> None:
    jobs, ran = make(), []

    @jobs.task
    async def then(step: int) -> None:
        ran.append(step)

    @jobs.transactional(retry=AT_ONCE)
    async def first(session: AsyncSession) -> None:
        await then.enqueue(session, current_job.get().attempt)
        if current_job.get().attempt < 2:
            raise LookupError("again")

    async with working(jobs):
        async with db.begin() as session:
            await first.enqueue(session)
        await ended(db)
    assert ran == [2]


async def test_a_job_of_an_unknown_task_waits_for_a_process_that_knows_it(
    db: Database, make: Callable[..., JobQueue], caplog: pytest.LogCaptureFixture
) -> None:
    old, new, ran = make(), make(), []

    @old.task(name="old name")
    async def former() -> None: ...

    @new.task(name="other")
    async def other() -> None: ...

    await old.migrate()
    async with db.begin() as session:
        job = await former.enqueue(session)
    with caplog.at_level(logging.WARNING, "loopline.jobs"):
        async with working(new):
            await until(lambda: "old name" in caplog.text)
    assert "aliases" in caplog.text
    assert (await states(db))[job] == ("available", 0)

    renamed = make()

    @renamed.task(name="new name", aliases=["old name"])
    async def latter() -> None:
        ran.append("latter")

    async with working(renamed):
        await ended(db)
    assert ran == ["latter"]


async def test_a_queue_that_closes_lets_jobs_end_and_gives_the_others_back(
    db: Database, make: Callable[..., JobQueue]
) -> None:
    jobs, running, ran = make(grace=0.2), asyncio.Event(), []

    @jobs.task
    async def short() -> None:
        await running.wait()
        ran.append("short")

    @jobs.task(retry=Retry(attempts=1))
    async def long() -> None:
        running.set()
        await asyncio.Event().wait()

    async with working(jobs):
        async with db.begin() as session:
            ends = await short.enqueue(session)
            stays = await long.enqueue(session)
        await running.wait()
    assert ran == ["short"]
    assert await states(db) == {ends: ("completed", 1), stays: ("available", 1)}
    async with db.begin() as session:
        assert (
            await session.execute(text("SELECT attempt, max_attempts FROM loopline_jobs WHERE id = :id"), {"id": stays})
        ).one() == (1, 2)
        assert await session.scalar(text("SELECT count(*) FROM loopline_workers")) == 0


async def test_a_claim_that_a_crash_of_the_server_has_lost_is_made_again_once_the_job_runs_no_more(
    db: Database, make: Callable[..., JobQueue]
) -> None:
    jobs, running, go_on = make(poll=0.05), [], asyncio.Event()
    most = 0

    @jobs.task
    async def wait() -> None:
        nonlocal most
        running.append(current_job.get().attempt)
        most = max(most, len(running))
        await go_on.wait()
        running.pop()

    async with working(jobs):
        async with db.begin() as session:
            job = await wait.enqueue(session)
        await until(lambda: running)
        async with db.begin() as session:
            await session.execute(text("UPDATE loopline_jobs SET state = 'available', worker = NULL, attempt = 0"))
            await wait.enqueue(session)  # so that the worker looks
        await until(lambda: len(running) == 2)
        assert (await states(db))[job][0] in ("running", "scheduled")
        go_on.set()
        assert [state for state, _ in (await ended(db)).values()] == ["completed", "completed"]
    assert most == 2  # and not three: never two attempts of the same


async def test_a_job_whose_worker_is_gone_is_taken_over(db: Database, make: Callable[..., JobQueue]) -> None:
    jobs, ran = make(), []

    @jobs.task
    async def note() -> None:
        ran.append(current_job.get().attempt)

    await jobs.migrate()
    async with db.begin() as session:
        taken = await note.enqueue(session)
        poison = await jobs.task(name="poison", retry=Retry(attempts=1))(note.fn).enqueue(session)
        await session.execute(text("INSERT INTO loopline_workers (name, started_at) VALUES ('gone', 0)"))
        await session.execute(
            text(
                "UPDATE loopline_jobs SET state = 'running', attempt = 1, deadline = 1e12, "
                "worker = (SELECT max(id) FROM loopline_workers)"
            )
        )
    async with working(jobs):
        assert await ended(db) == {taken: ("completed", 2), poison: ("discarded", 1)}
    assert ran == [2]
    assert [error.split(":")[0] for error in await failures(db)] == ["WorkerLost", "WorkerLost"]


async def test_a_transaction_of_an_attempt_that_was_overtaken_is_rolled_back(
    db: Database, make: Callable[..., JobQueue]
) -> None:
    jobs, tries = make(), []

    @jobs.transactional
    async def write(session: AsyncSession) -> None:
        attempt = current_job.get().attempt
        tries.append(attempt)
        await session.execute(text("INSERT INTO effects VALUES (:what)"), {"what": f"attempt {attempt}"})
        if attempt == 1:  # as if it had been taken for dead in the meantime
            await session.execute(text("UPDATE loopline_jobs SET attempt = 7"))

    async with working(jobs):
        async with db.begin() as session:
            job = await write.enqueue(session)
        await until(lambda: tries)
        await until(lambda: jobs._running and jobs._running.worker and not jobs._running.worker._held)
    assert await effects(db) == []
    assert (await states(db))[job] == ("available", 1)


async def test_old_jobs_are_deleted_and_their_errors_with_them(db: Database, make: Callable[..., JobQueue]) -> None:
    jobs = make(keep_completed=timedelta(hours=1), keep_failed=timedelta(hours=5))

    @jobs.task
    async def nothing() -> None: ...

    await jobs.migrate()
    async with db.begin() as session:
        await jobs.enqueue_many(session, [nothing.job() for _ in range(6)])
        for job, (state, hours) in enumerate(
            [
                ("completed", 0.5),
                ("completed", 2),
                ("cancelled", 2),
                ("discarded", 2),
                ("discarded", 6),
                ("cancelled", 6),
            ],
            1,
        ):
            await session.execute(
                text("UPDATE loopline_jobs SET state = :state, finished_at = created_at - :ago WHERE id = :id"),
                {"state": state, "ago": hours * 3600.0, "id": job},
            )
            await session.execute(text("INSERT INTO loopline_failures VALUES (:id, 1, 0, 'any', '')"), {"id": job})
    async with working(jobs):
        async with asyncio.timeout(30):
            while len(await states(db)) > 3:
                await asyncio.sleep(0.02)
        assert sorted(await states(db)) == [1, 3, 4]
        assert len(await failures(db)) == 3


class Address(BaseModel):
    city: str
    since: datetime


async def test_arguments_arrive_as_they_were_typed(db: Database, make: Callable[..., JobQueue]) -> None:
    jobs, got = make(), []

    @jobs.task
    async def take(address: Address, numbers: list[int], when: datetime, json: str = "x", schema: int = 0) -> None:
        got.append((address, numbers, when, json, schema))

    when = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    address = Address(city="Köln \N{TRAIN}", since=when)
    async with working(jobs):
        async with db.begin() as session:
            await take.enqueue(session, address, [1, 2], when, json="y")
        await ended(db)
    assert got == [(address, [1, 2], when, "y", 0)]


async def test_a_session_of_another_database_is_refused(
    db: Database, make: Callable[..., JobQueue], tmp_path: Any
) -> None:
    jobs = make()

    @jobs.task
    async def nothing() -> None: ...

    async with Database(f"sqlite+aiosqlite:///{tmp_path}/other.db") as other, other.begin() as session:
        with pytest.raises(ConfigurationError, match=r"other\.db"):
            await nothing.enqueue(session)


async def test_tables_that_are_missing_or_too_new_are_refused_at_the_start(
    db: Database, make: Callable[..., JobQueue]
) -> None:
    if db.engine.dialect.name == "postgresql":
        with pytest.raises(ConfigurationError, match="migrate"):
            await make().__aenter__()
    await make().migrate()
    assert await make().migrate() == []
    async with db.begin() as session:
        await session.execute(text("INSERT INTO loopline_schema VALUES (99)"))
    with pytest.raises(ConfigurationError, match="version 99"):
        await make().__aenter__()


@pytest.mark.parametrize("committed", [False, True])
async def test_a_database_that_fails_for_a_while_loses_no_job_and_runs_none_twice(
    db: Database, make: Callable[..., JobQueue], monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    """Whether the transaction was committed before the connection broke, or not."""
    jobs, begin, rng, failed, ran = make(concurrency=3), db.begin, random.Random(7), 0, []

    @jobs.task
    async def note(number: int) -> None:
        ran.append(number)

    @asynccontextmanager
    async def failing() -> AsyncIterator[AsyncSession]:
        nonlocal failed
        fail = failed < 20 and rng.random() < 0.5
        failed += fail
        if fail and not committed:
            raise OperationalError("any", None, OSError("connection reset"))
        async with begin() as session:
            yield session
        if fail:
            raise OperationalError("any", None, OSError("connection reset"))

    await jobs.migrate()
    async with begin() as session:
        await jobs.enqueue_many(session, [note.job(number) for number in range(40)])
    async with jobs:
        monkeypatch.setattr(db, "begin", failing)
        await until(lambda: failed >= 20 and len(ran) >= 40)
        monkeypatch.undo()
        assert set((await ended(db)).values()) == {("completed", 1)}
    assert sorted(ran) == list(range(40))


async def test_a_worker_that_never_heard_of_its_registration_takes_it_back_all_the_same(
    db: Database, make: Callable[..., JobQueue], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, begin, failed = make(), db.begin, asyncio.Event()

    @asynccontextmanager
    async def failing() -> AsyncIterator[AsyncSession]:
        async with begin() as session:
            yield session
            registered = await session.scalar(text("SELECT count(*) FROM loopline_workers"))
        if registered and not failed.is_set():
            failed.set()
            raise OperationalError("any", None, OSError("connection reset"))

    monkeypatch.setattr(db, "begin", failing)
    await jobs.migrate()
    async with jobs:
        await failed.wait()
    async with begin() as session:
        assert await session.scalar(text("SELECT count(*) FROM loopline_workers")) == 0


async def test_a_worker_that_was_taken_for_dead_begins_anew(
    db: Database, make: Callable[..., JobQueue], caplog: pytest.LogCaptureFixture
) -> None:
    jobs, started, cancelled = make(), [], []

    @jobs.task
    async def wait() -> None:
        started.append(current_job.get().attempt)
        if len(started) == 1:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(True)
                raise

    async with working(jobs):
        async with db.begin() as session:
            job = await wait.enqueue(session)
        await until(lambda: started)
        async with db.begin() as session:  # as another worker does
            await session.execute(text("UPDATE loopline_jobs SET state = 'available'"))
            await session.execute(text("DELETE FROM loopline_workers"))
        assert await ended(db) == {job: ("completed", 2)}
    assert cancelled == [True]
    assert started == [1, 2]
    assert "begins anew" in caplog.text


async def test_tables_of_the_next_version_will_do(db: Database, make: Callable[..., JobQueue]) -> None:
    jobs, ran = make(), []

    @jobs.task
    async def note() -> None:
        ran.append(1)

    await jobs.migrate()
    async with db.begin() as session:
        await session.execute(text(f"INSERT INTO loopline_schema VALUES ({NEWEST + 1})"))
        await note.enqueue(session)
    async with jobs:
        await ended(db)
    assert ran == [1]


async def test_a_job_that_its_worker_does_not_end_is_taken_over(db: Database, make: Callable[..., JobQueue]) -> None:
    """As with a blocked event loop, while which the worker still shows that it is alive."""
    jobs, ran = make(), []

    @jobs.task
    async def note() -> None:
        ran.append(current_job.get().attempt)

    async with working(jobs):
        await until(lambda: jobs._running and jobs._running.worker and jobs._running.worker.id)
        async with db.begin() as session:
            job = await note.options(delay=3600).enqueue(session)
            held = "state = 'running', attempt = 1, deadline = run_at - 3700, worker = loopline_workers.id"
            await session.execute(text(f"UPDATE loopline_jobs SET {held} FROM loopline_workers"))
        assert await ended(db) == {job: ("completed", 2)}
    assert ran == [2]
    assert "its event loop is blocked" in (await failures(db))[0]


@pytest.mark.parametrize("hours", [-1, 1])
async def test_the_machine_s_clock_decides_nothing(
    db: Database, make: Callable[..., JobQueue], monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    jobs, ran, now = make(), [], time.time

    @jobs.task
    async def note(what: str) -> None:
        ran.append(what)

    monkeypatch.setattr(time, "time", lambda: now() + 3600 * hours)
    async with working(jobs):
        async with db.begin() as session:
            await note.enqueue(session, "now")
            await note.options(delay=1800).enqueue(session, "in half an hour")
            await note.options(delay=0.05).enqueue(session, "soon")
        await until(lambda: len(ran) == 2)
        async with db.begin() as session:
            waits = await session.scalar(text("SELECT run_at FROM loopline_jobs WHERE state = 'scheduled'"))
    assert sorted(ran) == ["now", "soon"]
    assert waits == pytest.approx(now() + 1800, abs=120)


async def test_a_job_that_takes_its_worker_with_it_comes_back_ever_later(
    db: Database, make: Callable[..., JobQueue]
) -> None:
    jobs = make()

    @jobs.task(retry=Retry(attempts=100))
    async def note() -> None: ...

    await jobs.migrate()
    async with db.begin() as session:
        connection = await session.connection()
        worker = await jobs.store.add_worker(connection, "gone")
        for attempt in (1, 3, 20):
            job = await note.enqueue(session)
            held = "state = 'running', worker = :worker, attempt = :attempt"
            await session.execute(
                text(f"UPDATE loopline_jobs SET {held} WHERE id = :id"),
                {"worker": worker, "attempt": attempt, "id": job},
            )
        assert await jobs.store.rescue(connection, worker) == 3
        now = await jobs.store.now(connection)
        waits = [at - now for at in await session.scalars(text("SELECT run_at FROM loopline_jobs ORDER BY id"))]
    assert waits == pytest.approx([0, 4, 60], abs=1)
    assert {state for state, _ in (await states(db)).values()} == {"retryable"}
