"""Starting: an SQLite file is made ready, or it is said why it can't be."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from sqlalchemy import text

from loopline import ConfigurationError, Database, DatabaseBusy

pytestmark = pytest.mark.anyio


async def read(db: Database, pragma: str) -> object:
    async with db.begin() as session:
        return (await session.execute(text(f"PRAGMA {pragma}"))).scalar()


async def test_the_file_is_logged_ahead_and_what_is_committed_is_on_the_disk(sqlite_url: str) -> None:
    async with Database(sqlite_url, busy_timeout=0.25) as db:
        assert await read(db, "journal_mode") == "wal"
        assert await read(db, "synchronous") == 2, "FULL"
        assert await read(db, "foreign_keys") == 1
        assert await read(db, "busy_timeout") == 250


async def test_statements_are_echoed_if_asked_for(sqlite_url: str) -> None:
    assert Database(sqlite_url)._options.echo is False
    async with Database(sqlite_url, echo=True) as db:
        assert db.engine.sync_engine.echo is True


async def test_many_may_start_on_one_new_file_at_once(sqlite_url: str) -> None:
    async def start() -> None:
        async with Database(sqlite_url) as db:
            assert await read(db, "journal_mode") == "wal"

    async with anyio.create_task_group() as group:
        for _ in range(12):
            group.start_soon(start)


async def test_it_waits_for_a_file_that_is_being_written_to_though_sqlite_would_not(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlocked = []
    with closing(sqlite3.connect(tmp_path / "test.db", check_same_thread=False)) as other:
        other.execute("CREATE TABLE numbers (n INTEGER)")
        other.execute("BEGIN IMMEDIATE")

        def unlock(_: float) -> None:
            other.rollback()
            unlocked.append(True)

        monkeypatch.setattr("loopline.database.sqlite.sleep", unlock)
        async with Database(sqlite_url, busy_timeout=30) as db:
            assert await read(db, "journal_mode") == "wal"
    assert unlocked == [True]


async def test_a_file_that_stays_locked_is_a_busy_database_and_it_can_be_started_later(
    sqlite_url: str, tmp_path: Path
) -> None:
    db = Database(sqlite_url, busy_timeout=0.05)
    with closing(sqlite3.connect(tmp_path / "test.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseBusy):
            await db.__aenter__()
    async with db:
        assert await read(db, "journal_mode") == "wal"


async def test_a_file_that_can_not_be_opened_is_named(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/missing/shop.db")
    with pytest.raises(ConfigurationError, match=r"missing/shop.db: unable to open database file"):
        await db.__aenter__()


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "shop.db").write_bytes(bytes(range(256)) * 16)
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/shop.db")
    with pytest.raises(ConfigurationError, match=r"shop.db: file is not a database"):
        await db.__aenter__()


async def test_a_file_that_can_not_be_logged_ahead_is_named(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///file:{tmp_path}/shop.db?nolock=1&uri=true")
    with pytest.raises(ConfigurationError, match=r"shop.db can't be logged ahead"):
        await db.__aenter__()
