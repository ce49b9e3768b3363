"""How many connections a process opens at most is what the page on deployment says."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text
from waiting import until

from loopline import Database, JobQueue

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("works", "own"), [(True, 2), (False, 1)], ids=["a worker", "a web process"])
async def test_a_process_opens_its_pools_and_one_or_two_more(
    postgres_url: str, works: bool, own: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool_size = 3
    if not works:
        monkeypatch.setenv("LOOPLINE_WORKER", "off")
    async with Database(postgres_url) as looking:
        count = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")

        async def opened() -> int:
            async with looking.begin() as session:
                return (await session.scalar(count) or 0) - 1

        async with Database(postgres_url, pool_size=pool_size) as db:
            jobs = JobQueue(db)
            await jobs.migrate()
            async with jobs, AsyncExitStack() as stack:
                await until(lambda: jobs._running and jobs._running.announcements and jobs._running.announcements._pid)
                for _ in range(pool_size):
                    session = await stack.enter_async_context(db.begin())
                    await session.execute(text("SELECT 1"))
                async with asyncio.timeout(30):
                    while await opened() != pool_size + own:
                        await asyncio.sleep(0.02)
                for write in (True, False):
                    for _ in range(pool_size):
                        plain = await stack.enter_async_context(db._sync_sessions(write=write).session())
                        await asyncio.to_thread(plain.execute, text("SELECT 1"))
                assert await opened() == 3 * pool_size + own
