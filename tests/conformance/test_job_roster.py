"""Which workers there are: what each says of itself, how busy it is, and when it last showed that it is alive."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from waiting import until

from loopline import Database, JobQueue
from loopline.jobs.overview import overview
from loopline.jobs.roster import MOST_WORKERS, PresentWorker

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as db:
        yield db


async def workers(db: Database) -> list[PresentWorker]:
    return (await overview(db)).roster


async def test_a_worker_says_who_it_is_and_how_busy(db: Database) -> None:
    jobs = JobQueue(db, queues=["mail", "default"], concurrency=3, poll=0.05, lease=1.0)
    held = asyncio.Event()

    @jobs.task
    async def hold() -> None:
        await held.wait()

    await jobs.migrate()
    async with jobs:
        async with db.begin() as session:
            for _ in range(2):
                await hold.enqueue(session)
        async with asyncio.timeout(60):
            while not (seen := await workers(db)) or seen[0].busy < 2:
                await asyncio.sleep(0.01)
        (one,) = seen
        assert one.facts is not None
        assert (one.facts.host, one.facts.pid) == (socket.gethostname(), os.getpid())
        assert (one.facts.queues, one.facts.concurrency) == (("default", "mail"), 3)
        assert one.silent is not None
        assert 0 <= one.silent < 60
        assert 0 <= one.up < 60
        held.set()
    assert await workers(db) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_each_beat_is_a_sign_of_life(db: Database) -> None:
    jobs = JobQueue(db, lease=0.5)
    await jobs.migrate()
    seen: list[float] = []

    async def shown() -> bool:
        async with db.begin_reading() as session:
            seen.append(await session.scalar(text("SELECT max(beat_at) FROM loopline_workers")) or 0.0)
        return len({at for at in seen if at}) >= 3

    async with jobs, asyncio.timeout(60):
        while not await shown():
            await asyncio.sleep(0.05)
    assert seen == sorted(seen)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_worker_whose_file_nobody_holds_shows_no_sign_of_life(db: Database) -> None:
    jobs = JobQueue(db)
    await jobs.migrate()
    async with db.begin() as session:
        await session.execute(text("INSERT INTO loopline_workers (name, started_at, host) VALUES ('gone', 0, 'x')"))
        await session.execute(text("UPDATE loopline_workers SET pid = 1, queues = '[]', concurrency = 1"))
    assert [worker.silent for worker in await workers(db)] == [None]


async def test_a_worker_of_the_version_before_is_there_without_what_it_does_not_say(db: Database) -> None:
    jobs = JobQueue(db)
    await jobs.migrate()
    async with db.begin() as session:
        await session.execute(text("INSERT INTO loopline_workers (name, started_at) VALUES ('old', 0)"))
    (old,) = await workers(db)
    assert (old.facts, old.silent, old.busy) == (None, None, 0)


async def test_of_very_many_the_first_are_listed_and_all_are_counted(db: Database) -> None:
    jobs = JobQueue(db)
    await jobs.migrate()
    async with db.begin() as session:
        values = [{"name": str(number)} for number in range(MOST_WORKERS + 30)]
        await session.execute(text("INSERT INTO loopline_workers (name, started_at) VALUES (:name, 0)"), values)
    found = await overview(db)
    assert (len(found.roster), found.workers) == (MOST_WORKERS, MOST_WORKERS + 30)
    assert [worker.id for worker in found.roster] == sorted(worker.id for worker in found.roster)


async def test_a_worker_goes_on_until_it_is_told_to_stop_though_somebody_looks_whether_it_is_there(
    db: Database,
) -> None:
    """On SQLite, to look is to try its lock."""
    jobs = JobQueue(db, poll=0.05, lease=0.5)
    done: list[int] = []

    @jobs.task
    async def note(number: int) -> None:
        done.append(number)

    await jobs.migrate()
    async with jobs:
        for number in range(20):
            assert len(await workers(db)) <= 1
            async with db.begin() as session:
                await note.enqueue(session, number)
        await until(lambda: len(done) == 20)
        assert len(await workers(db)) == 1
