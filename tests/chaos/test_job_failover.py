"""Jobs when PostgreSQL's machine is lost and its standby is promoted: what was committed is there, and is done once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import host_worker
import pytest
from host_worker_process import HostWorker
from network import Network, network
from postgres_host import PostgresHost
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from waiting import until

from loopline import Database, DatabaseBusy, JobQueue

__all__ = ["network"]

# The short form is part of the tests; `make chaos` runs the long one.
LONG = os.environ.get("LOOPLINE_CHAOS") == "long"
JOBS = 1000 if LONG else 200  # before the fail-over, and again after it
CASES = [
    ("is killed", "an URL with both"),
    *[
        ("is cut off", "an URL with both"),
        ("is killed", "an address that moves"),
        ("is cut off", "an address that moves"),
    ]
    * LONG,
] * (10 if LONG else 1)
FLOATING = "10.77.0.100"
LIMIT = 300.0  # seconds; it only guards against a hang

# Not watched: it waits for the processes that it starts, and has nothing else to do meanwhile.
pytestmark = [pytest.mark.anyio, pytest.mark.loopline(off=True)]


@pytest.fixture
def primary(network: Network) -> Iterator[PostgresHost]:
    with PostgresHost(network, "primary") as primary:
        yield primary


@pytest.fixture
def standby(network: Network, primary: PostgresHost) -> Iterator[PostgresHost]:
    """A standby that has all that a commit has returned for."""
    with PostgresHost(network, "standby", copied=primary, synchronous_standby_names="") as standby:
        primary.ask("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        primary.ask("SELECT pg_reload_conf()")
        yield standby


@pytest.fixture
async def jobs(primary: PostgresHost, standby: PostgresHost) -> AsyncIterator[JobQueue]:
    """The jobs, for those who enqueue and look from outside, wherever the database is."""
    where = f"host={primary.folder},{standby.folder}&port=5432,5432&target_session_attrs=primary"
    async with Database(f"postgresql+asyncpg://postgres@/postgres?{where}") as db:
        jobs = host_worker.jobs_of(db, "outside")
        await jobs.migrate()
        async with db.begin() as session:
            for statement in host_worker.TABLES:
                await session.execute(text(statement))
        yield jobs


async def _keep_enqueuing(jobs: JobQueue, first: int, last: int, known: set[int]) -> None:
    """Enqueue job after job, and note those whose commit has returned. What failed is not tried again."""
    for number in range(first, last):
        try:
            async with jobs.db.begin() as session:
                await jobs.enqueue(session, jobs.tasks["count"].job(number))
        except (OSError, DBAPIError, DatabaseBusy):
            await asyncio.sleep(0.1)
        else:
            known.add(number)


async def _count(jobs: JobQueue, question: str) -> int:
    async with jobs.db.begin() as session:
        return await session.scalar(text(f"SELECT count(*) FROM {question}")) or 0


@pytest.mark.parametrize(("fate", "reached_by"), CASES)
async def test_what_was_committed_is_done_once_though_a_standby_had_to_take_over(
    network: Network,
    primary: PostgresHost,
    standby: PostgresHost,
    jobs: JobQueue,
    tmp_path: Path,
    fate: str,
    reached_by: str,
) -> None:
    both = f"host={primary.address}:5432&host={standby.address}:5432&target_session_attrs=primary"
    url = f"postgresql+asyncpg://postgres@/postgres?{both}"
    if reached_by == "an address that moves":
        url = f"postgresql+asyncpg://postgres@{FLOATING}/postgres"
        network.move(FLOATING, "primary")
    workers: list[HostWorker] = []
    known: set[int] = set()
    try:
        workers += [HostWorker(network, host, url, tmp_path) for host in ("first", "second")]
        async with asyncio.TaskGroup() as group:
            for part in range(4):
                group.create_task(_keep_enqueuing(jobs, part * 10_000, part * 10_000 + JOBS, known))
            await until(lambda: len(known) > JOBS)
            if fate == "is cut off":
                network.cut("primary")
                await asyncio.sleep(2)  # longer than a lease: nobody is there to take the jobs
            # Whoever promotes a standby first makes sure that the old server takes no more writes.
            await asyncio.to_thread(primary.stop, "immediate")
            await asyncio.to_thread(standby.promote)
            if reached_by == "an address that moves":
                network.move(FLOATING, "standby")
        async with asyncio.timeout(LIMIT):
            while await _count(jobs, "loopline_jobs WHERE state <> 'completed'"):
                await asyncio.sleep(0.05)
        for worker in workers:
            worker.end()
    finally:
        for worker in workers:
            worker.kill()
    async with jobs.db.begin() as session:
        counted = set(await session.scalars(text("SELECT number FROM counted")))
        assert known <= counted
        assert await session.scalar(text("SELECT n FROM counter")) == len(counted)
    assert await _count(jobs, "loopline_workers") == 0


async def test_a_standby_that_is_away_holds_commits_up_and_makes_no_worker_look_dead(
    primary: PostgresHost, standby: PostgresHost, jobs: JobQueue
) -> None:
    async with Database(primary.here) as db, host_worker.jobs_of(db, "here"):
        await until(lambda: primary.ask("SELECT count(*) FROM loopline_workers"))
        standby.stop("fast")
        try:
            before = primary.ask("SELECT beat FROM loopline_workers")
            await until(lambda: primary.ask("SELECT beat FROM loopline_workers") > before + 2)
            adding = asyncio.create_task(_keep_enqueuing(jobs, 0, 1, set()))
            await until(lambda: primary.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"))
            before = primary.ask("SELECT beat FROM loopline_workers")
            await until(lambda: primary.ask("SELECT beat FROM loopline_workers") > before + 2)
        finally:  # else no commit ever returns
            standby.start()
        await adding
        await until(lambda: primary.ask("SELECT n FROM counter") == 1)
