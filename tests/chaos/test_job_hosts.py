"""Jobs on several hosts, one of which is cut off from the network: they move, and come to the same."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import host_worker
import pytest
from host_worker_process import HostWorker
from network import Network, network
from postgres_host import PostgresHost
from sqlalchemy import text
from waiting import until

from loopline import Database, JobQueue
from loopline.jobs import NewJob

__all__ = ["network"]

# The short form is part of the tests; `make chaos` runs the long one.
LONG = os.environ.get("LOOPLINE_CHAOS") == "long"
LIMIT = 300.0  # seconds; it only guards against a hang
OPEN = "SELECT count(*) FROM loopline_jobs WHERE state <> 'completed'"

# Not watched: it waits for the processes that it starts, and has nothing else to do meanwhile.
pytestmark = [pytest.mark.anyio, pytest.mark.loopline(off=True)]


@pytest.fixture
def server(network: Network) -> Iterator[PostgresHost]:
    with PostgresHost(network, "database") as server:
        yield server


@pytest.fixture
async def jobs(server: PostgresHost) -> AsyncIterator[JobQueue]:
    """The jobs, for those who enqueue and look from outside."""
    async with Database(server.here) as db:
        jobs = host_worker.jobs_of(db, "outside")
        await jobs.migrate()
        async with db.begin() as session:
            for statement in host_worker.TABLES:
                await session.execute(text(statement))
        yield jobs


async def _ask(jobs: JobQueue, question: str) -> Any:
    async with jobs.db.begin() as session:
        return await session.scalar(text(question))


async def _become(jobs: JobQueue, question: str, wanted: object) -> None:
    async with asyncio.timeout(LIMIT):
        while await _ask(jobs, question) != wanted:
            await asyncio.sleep(0.05)


async def _enqueue(jobs: JobQueue, *new: NewJob) -> None:
    async with jobs.db.begin() as session:
        await jobs.enqueue_many(session, new)


@pytest.mark.parametrize("back", (["before the database misses it", "after all is done"] * 10)[0 if LONG else -1 :])
async def test_the_jobs_of_a_host_that_is_cut_off_move_and_it_works_again_when_it_is_back(
    network: Network, server: PostgresHost, jobs: JobQueue, tmp_path: Path, back: str
) -> None:
    count, hold, note = (jobs.tasks[name] for name in ("count", "hold", "note"))
    first = HostWorker(network, "first", server.url, tmp_path)
    try:
        await _enqueue(jobs, hold.job(0, str(tmp_path)), note.job(str(tmp_path)))
        await until(lambda: (tmp_path / "hold-1-first").exists() and (tmp_path / "note-1-first").exists())
        second = HostWorker(network, "second", server.url, tmp_path)
        try:
            network.cut("first")
            await _become(jobs, "SELECT count(*) FROM loopline_jobs WHERE attempt = 2", 2)
            (tmp_path / "go").touch()  # now the first ends what it has, and can tell nobody
            if back.startswith("before"):
                network.mend("first")  # and now it can, but others have its jobs
            await _enqueue(jobs, *(count.job(number) for number in range(1, 50)))
            await _become(jobs, OPEN, 0)
            assert await _ask(jobs, "SELECT n FROM counter") == 50
            assert await _ask(jobs, "SELECT host FROM counted WHERE number = 0") == "second"
            if back.startswith("after"):
                assert await _ask(jobs, "SELECT count(*) FROM counted WHERE host = 'first'") == 0
                network.mend("first")
            second.end()
        finally:
            second.kill()
        await _enqueue(jobs, *(count.job(number) for number in range(50, 100)))
        await _become(jobs, OPEN, 0)
        first.end()
    finally:
        first.kill()
    assert await _ask(jobs, "SELECT n FROM counter") == 100
    assert await _ask(jobs, "SELECT count(*) FROM counted WHERE host = 'first' AND number >= 50") == 50
    assert await _ask(jobs, "SELECT count(*) FROM loopline_workers") == 0
    assert sorted((tmp_path / "notes").read_text().split()) == ["first", "second"], "at least once"
