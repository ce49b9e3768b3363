"""A URL that names several hosts, as of a server and its standby."""

from __future__ import annotations

import socket
import tempfile
import time

import pytest
from sqlalchemy import make_url, text

from loopline import ConfigurationError, Database
from loopline.database.engines import PoolOptions
from loopline.database.sync import SyncSessions

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("first", ["refuses", "says nothing"])
async def test_of_several_hosts_the_one_that_answers_is_used_and_asked_first_from_then_on(
    postgres_url: str, first: str
) -> None:
    url = make_url(postgres_url)
    with socket.socket(socket.AF_UNIX) as dead, tempfile.TemporaryDirectory() as folder:
        dead.bind(f"{folder}/.s.PGSQL.5432")
        if first == "says nothing":
            dead.listen(16)  # connections are made, and then nobody is there
        hosts = f"{folder},{url.query['host']}"
        async with Database(url.set(query={"host": hosts, "port": "5432,5432", "timeout": "0.5"}), pool_size=3) as db:
            async with db.begin() as session:
                assert await session.scalar(text("SELECT 1")) == 1
            began = time.monotonic()
            async with db.begin() as one, db.begin() as another:
                for session in (one, another):
                    assert await session.scalar(text("SELECT 1")) == 1
            assert first == "refuses" or time.monotonic() - began < 0.5, "the dead one is not asked again"


async def test_what_was_wrong_with_the_last_of_several_hosts_is_told() -> None:
    async with Database("postgresql+asyncpg://user@/shop?host=127.0.0.1:1&host=127.0.0.1:2") as db:
        with pytest.raises(OSError, match="2"):
            await db.ping()


@pytest.mark.parametrize("timeout", ["soon", "0", "-1", "inf"])
async def test_a_timeout_that_is_none_is_refused_at_the_start(timeout: str) -> None:
    with pytest.raises(ConfigurationError, match=f"timeout={timeout} in the database URL"):
        async with Database(f"postgresql+asyncpg://user@server/shop?timeout={timeout}"):
            pass


async def test_plain_code_takes_the_same_timeout(postgres_url: str) -> None:
    url = make_url(postgres_url).update_query_dict({"timeout": "0.5"})
    sessions = SyncSessions(url, PoolOptions(), write=True)
    async with sessions.session() as session:
        assert session.scalar(text("SELECT 1")) == 1
    await sessions.aclose()
