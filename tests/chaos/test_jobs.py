"""Jobs while the processes that work them off are killed: every one is done, and its effect is there once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import counting_worker
import httpx2
import pytest
from restartable_postgres import RestartablePostgres
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from waiting import until

from loopline import Database, JobQueue

# The short form is part of the tests; `make chaos` runs the long one.
LONG = os.environ.get("LOOPLINE_CHAOS") == "long"
JOBS, KILLS, CRASHES = (10_000, 50, 20) if LONG else (600, 3, 2)
LIMIT = 900.0  # seconds; it only guards against a hang

# Not watched: it waits for the processes that it starts and kills, and has nothing else to do meanwhile.
pytestmark = [pytest.mark.anyio, pytest.mark.loopline(off=True)]


class Workers:
    """Processes that work jobs off."""

    def __init__(self, url: str, count: int) -> None:
        self._url = url
        self._running = [self._start() for _ in range(count)]

    def kill_one(self) -> None:
        """Kill one with SIGKILL and start another."""
        process = random.choice(self._running)
        self._kill(process)
        self._running.remove(process)
        self._running.append(self._start())

    def send(self, number: signal.Signals) -> None:
        """Send all of them a signal."""
        for process in self._running:
            process.send_signal(number)

    def end(self) -> None:
        """Let them end as they should."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            assert process.wait(60) == 0

    def kill(self) -> None:
        """Kill what is left."""
        for process in self._running:
            self._kill(process)

    def _kill(self, process: subprocess.Popen[str]) -> None:
        process.kill()
        process.communicate()

    def _start(self) -> subprocess.Popen[str]:
        """Start one, and wait until it works: one whose connection is cut while it starts rightly gives up."""
        process = subprocess.Popen(
            [sys.executable, counting_worker.__file__, self._url], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        return process


async def _tables(db: Database) -> JobQueue:
    jobs = counting_worker.jobs_of(db)
    await jobs.migrate()
    async with db.begin() as session:
        await session.execute(text("CREATE TABLE counted (number INTEGER PRIMARY KEY)"))
        await session.execute(text("CREATE TABLE counter (n INTEGER NOT NULL)"))
        await session.execute(text("INSERT INTO counter VALUES (0)"))
    return jobs


async def _ask(db: Database, question: str) -> int:
    """Ask for a number, again if the connection was cut."""
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                async with db.begin() as session:
                    return int(await session.scalar(text(question)) or 0)
            except DBAPIError:
                await asyncio.sleep(0.01)


async def _cut_connections(db: Database) -> None:
    """Cut every connection to a PostgreSQL database; on SQLite there is none to cut."""
    if db.engine.dialect.name == "postgresql":
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        await _ask(db, f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {others}")


async def _forget_the_dead(db: Database, url: str) -> None:
    """Let a worker start after all others have ended, and end once it has found those that were killed."""
    newest = await _ask(db, "SELECT max(id) FROM loopline_workers")
    one = Workers(url, 1)
    try:
        async with asyncio.timeout(60):
            while await _ask(db, f"SELECT count(*) FROM loopline_workers WHERE id <= {newest}"):
                await asyncio.sleep(0.05)
        one.end()
    finally:
        one.kill()


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> Iterator[RestartablePostgres | None]:
    """A PostgreSQL server of one's own; None where the database is an SQLite file."""
    if request.param == "sqlite":
        yield None
    else:
        with RestartablePostgres() as server:
            yield server


@pytest.mark.parametrize("workers", [1, 3])
async def test_a_counter_is_exact_though_workers_are_killed_connections_cut_and_the_server_restarted(
    server: RestartablePostgres | None, sqlite_url: str, workers: int
) -> None:
    left = "SELECT count(*) FROM loopline_jobs WHERE state <> 'completed'"
    database_url = sqlite_url if server is None else server.url
    async with Database(database_url) as db:
        jobs = await _tables(db)
        async with db.begin() as session:
            await jobs.enqueue_many(session, (jobs.tasks["count"].job(number) for number in range(JOBS)))
        running = Workers(database_url, workers)
        try:
            for kill in range(1, KILLS + 1):
                # each kill when some more are done, however fast this machine is
                async with asyncio.timeout(LIMIT):
                    while await _ask(db, left) > JOBS - kill * JOBS // (KILLS + 1):
                        await asyncio.sleep(0.05)
                running.kill_one()
                if kill % 2:
                    await _cut_connections(db)
                if server is not None and kill in (1, KILLS - 1):
                    await asyncio.to_thread(server.stop, "immediate" if kill == 1 else "fast")
                    await asyncio.to_thread(server.start)
            async with asyncio.timeout(LIMIT):
                while await _ask(db, left):
                    await asyncio.sleep(0.05)
            running.end()
        finally:
            running.kill()
        await _forget_the_dead(db, database_url)
        assert await _ask(db, "SELECT n FROM counter") == JOBS
        assert await _ask(db, "SELECT count(*) FROM counted") == JOBS
        assert await _ask(db, "SELECT count(*) FROM loopline_workers") == 0


async def test_a_worker_that_stood_still_past_its_lease_adds_nothing_to_what_another_has_done(
    postgres_url: str, tmp_path: Path
) -> None:
    async with Database(postgres_url) as db:
        jobs = await _tables(db)
        async with db.begin() as session:
            await jobs.enqueue_many(session, [jobs.tasks["slow"].job(str(tmp_path))])
        first = Workers(postgres_url, 1)
        try:
            await until((tmp_path / "attempt-1").exists)
            first.send(signal.SIGSTOP)
            second = Workers(postgres_url, 1)
            try:
                async with asyncio.timeout(60):
                    while await _ask(db, "SELECT attempt FROM loopline_jobs") < 2:
                        await asyncio.sleep(0.05)
                (tmp_path / "go").touch()
                first.send(signal.SIGCONT)
                async with asyncio.timeout(60):
                    while await _ask(db, "SELECT count(*) FROM loopline_jobs WHERE state <> 'completed'"):
                        await asyncio.sleep(0.05)
                second.end()
            finally:
                second.kill()
            first.end()
        finally:
            first.send(signal.SIGCONT)
            first.kill()
        assert await _ask(db, "SELECT n FROM counter") == 1
        assert await _ask(db, "SELECT attempt FROM loopline_jobs") == 2


def _has(answered: list[int], enough: int) -> bool:
    return len(answered) >= enough


async def test_an_order_that_was_answered_gets_its_receipt_though_the_service_is_killed(
    start_demo: Callable[..., Any], tmp_path: Path
) -> None:
    answered: list[int] = []
    order = {"user_id": 1, "item_id": 2, "quantity": 3}

    async def keep_ordering(url: str) -> None:
        async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
            while True:
                try:
                    response = await http.post("/orders", json=order)
                except httpx2.TransportError:
                    return  # it was killed
                if response.status_code == 201:
                    answered.append(response.json()["id"])

    for _ in range(CRASHES):
        demo, enough = start_demo(cwd=tmp_path), len(answered) + random.randint(1, 60)
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(keep_ordering(demo.url))
            await until(partial(_has, answered, enough))
            os.killpg(demo.process.pid, signal.SIGKILL)
        demo.process.wait()

    demo = start_demo(cwd=tmp_path)
    async with httpx2.AsyncClient(base_url=demo.url, timeout=60) as http:
        for number in answered:
            async with asyncio.timeout(60):
                while (found := (await http.get(f"/orders/{number}")).json())["receipt"] is None:
                    await asyncio.sleep(0.02)
            assert found["receipt"] == "3 × Timetable: 12.00"
    assert demo.stop() in (0, -signal.SIGTERM)
    assert len(set(answered)) == len(answered) >= CRASHES
    with sqlite3.connect(tmp_path / "loopline-demo.db") as database:
        without = database.execute("SELECT count(*) FROM demo_orders WHERE receipt IS NULL").fetchone()
        jobs = database.execute("SELECT state, count(*) FROM loopline_jobs GROUP BY state").fetchall()
        orders = database.execute("SELECT count(*) FROM demo_orders").fetchone()
    assert without == (0,)
    assert jobs == [("completed", *orders)]
