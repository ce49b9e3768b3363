"""The engines behind a Database: how its connections are made and bounded, and how their transactions begin.

On SQLite one connection writes and others read: writers of this process then wait in turn instead of polling for the
file's lock, and readers never wait for writers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from anyio.to_thread import run_sync
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import NullPool

from loopline._finish import finish_first
from loopline.database import postgres, sqlite
from loopline.database.one_hop import connect_in_one_hop
from loopline.database.pool import PatientPool
from loopline.database.url import sync_url
from loopline.errors import ConfigurationError

__all__ = ["Engines", "PoolOptions", "adopt_engine", "open_engines", "open_sync_engine"]

# Half of FastAPI's threads: who waits for SQLite's lock keeps a thread, and who holds the lock needs one to answer.
SYNC_WRITERS = 20


Begin: TypeAlias = Callable[[Connection], None]


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """How a Database makes and bounds its connections; Database documents them."""

    echo: bool = False
    pool_size: int = 10
    pool_timeout: float = 5.0
    busy_timeout: float = 5.0
    transaction_pooler: bool = False
    direct_url: URL | None = None

    def __post_init__(self) -> None:
        if self.direct_url is not None and not self.transaction_pooler:
            raise ConfigurationError("direct_url: this is for transaction_pooler=True; else the URL itself is direct")
        if self.direct_url is not None and self.direct_url.get_backend_name() != "postgresql":
            raise ConfigurationError("direct_url: give the URL of the PostgreSQL server behind the pooler")
        if self.pool_size < 1:
            raise ConfigurationError(f"pool_size={self.pool_size}: a pool needs at least one connection")
        for name in ("pool_timeout", "busy_timeout"):
            if getattr(self, name) <= 0:
                raise ConfigurationError(f"{name}={getattr(self, name)}: give seconds, more than 0")

    def for_pool(self, size: int | None = None) -> dict[str, Any]:
        """Return what ``create_engine`` needs to make a pool that never grows beyond its size."""
        return {
            "echo": self.echo,
            "pool_size": self.pool_size if size is None else size,
            "max_overflow": 0,
            "pool_timeout": self.pool_timeout,
        }


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of a started Database.

    Attributes:
        writing: Its transactions may write. On SQLite they hold the write lock from their beginning.
        reading: The database refuses to write in its transactions.
        owned: Those that are closed with the Database; adopted ones are not.
        begin_writing: What a session does when its transaction on ``writing`` has begun; None if the engine does it.
        begin_reading: The same for ``reading``.
        unsynced: Writes too, each statement as a transaction of its own that need not wait for the disk. None for
            adopted engines: their owner may count on what happens when a transaction begins.
        direct: Its connections are the server's own, so that they hear what is announced. None where there is none.
    """

    writing: AsyncEngine
    reading: AsyncEngine
    owned: tuple[AsyncEngine, ...] = ()
    begin_writing: Begin | None = None
    begin_reading: Begin | None = None
    unsynced: AsyncEngine | None = None
    direct: AsyncEngine | None = None

    def writer(self, make: async_sessionmaker[AsyncSession]) -> AsyncSession:
        """Make a session that may write."""
        return _with_begin(make(bind=self.writing), self.begin_writing)

    def reader(self, make: async_sessionmaker[AsyncSession]) -> AsyncSession:
        """Make a session that only reads."""
        return _with_begin(make(bind=self.reading), self.begin_reading)

    async def prepare(self, options: PoolOptions) -> None:
        """Make a database file of ours ready. PostgreSQL and adopted engines are left as they are."""
        if self.owned and self.writing.dialect.name == "sqlite":
            await run_sync(sqlite.use_write_ahead_log, sync_url(self.writing.url), options.busy_timeout)

    async def aclose(self) -> None:
        """Close the connections of the engines that are ours."""
        await finish_first(self._dispose())

    async def _dispose(self) -> None:
        for engine in self.owned:
            await engine.dispose()


def open_engines(url: URL, options: PoolOptions) -> Engines:
    """Make engines for a checked URL. Nothing connects yet.

    Args:
        url: A URL that ``checked_url`` has passed.
        options: The bounds.

    Returns:
        Engines that belong to the running event loop and are to be closed in it.
    """
    if url.get_backend_name() == "sqlite":
        wait = {"timeout": options.busy_timeout}
        writer = create_async_engine(url, connect_args=wait, poolclass=PatientPool, **options.for_pool(1))
        reader = create_async_engine(url, connect_args=wait, poolclass=PatientPool, **options.for_pool())
        for engine in (writer, reader):
            event.listen(engine.sync_engine, "do_connect", connect_in_one_hop)
        event.listen(writer.sync_engine, "connect", sqlite.make_strict)
        event.listen(reader.sync_engine, "connect", sqlite.make_read_only)
        event.listen(reader.sync_engine, "begin", sqlite.begin_deferred)
        event.listen(writer.sync_engine, "begin", sqlite.begin_immediate)
        unsynced = writer.execution_options(**{sqlite.UNSYNCED: True})
        return Engines(writer, reader, owned=(writer, reader), unsynced=unsynced)
    engine = _open_postgres(url, options.transaction_pooler, poolclass=PatientPool, **options.for_pool())
    owned, direct = [engine], None if options.transaction_pooler else engine
    if options.direct_url is not None:
        direct = _open_postgres(options.direct_url, False, echo=options.echo, poolclass=NullPool)
        owned.append(direct)
    reading = engine.execution_options(postgresql_readonly=True)
    unsynced = engine.execution_options(isolation_level="AUTOCOMMIT")
    return Engines(engine, reading, owned=tuple(owned), unsynced=unsynced, direct=direct)


def _open_postgres(url: URL, pooled: bool, **options: Any) -> AsyncEngine:
    connect: dict[str, Any] = {"timeout": postgres.connect_timeout(url)}
    if pooled:
        # Without caches asyncpg leaves every statement unnamed: there is no name that another client's could collide
        # with.
        connect |= {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    engine = create_async_engine(url, connect_args=connect, **options)
    event.listen(engine.sync_engine, "do_connect", postgres.OneOfMany())
    event.listen(engine.sync_engine, "connect", partial(postgres.give_up_async, server=not pooled))
    return engine


def adopt_engine(engine: AsyncEngine) -> Engines:
    """Use somebody else's engine. Its own transactions, pool and connections stay as they are.

    Args:
        engine: An engine for SQLite or PostgreSQL.

    Returns:
        Engines that share its pool.
    """
    if engine.dialect.name != "sqlite":
        direct = engine if engine.dialect.driver == "asyncpg" else None
        return Engines(engine, engine.execution_options(postgresql_readonly=True), direct=direct)
    reading = engine.execution_options()
    event.listen(reading.sync_engine, "commit", sqlite.end_read_only)
    event.listen(reading.sync_engine, "rollback", sqlite.end_read_only)
    # The sessions begin, not these engines: listeners of the engine's owner would run after ours and begin once more.
    return Engines(engine, reading, begin_writing=sqlite.begin_immediate, begin_reading=sqlite.begin_read_only)


def open_sync_engine(url: URL, options: PoolOptions, *, write: bool) -> tuple[Engine, int]:
    """Make an engine for plain ``def`` code. Nothing connects yet.

    Args:
        url: A URL that ``checked_url`` has passed.
        options: The bounds.
        write: Whether its transactions may write.

    Returns:
        The engine and the number of its connections.
    """
    if url.get_backend_name() == "sqlite":
        size = min(options.pool_size, SYNC_WRITERS) if write else options.pool_size
        engine = create_engine(sync_url(url), connect_args={"timeout": options.busy_timeout}, **options.for_pool(size))
        event.listen(engine, "connect", sqlite.make_strict if write else sqlite.make_read_only)
        event.listen(engine, "begin", sqlite.begin_immediate if write else sqlite.begin_deferred)
        return engine, size
    target = sync_url(url)
    connect = postgres.libpq_options(target)
    if options.transaction_pooler:
        connect["prepare_threshold"] = None
    engine = create_engine(target, connect_args=connect, **options.for_pool())
    if not options.transaction_pooler:
        event.listen(engine, "connect", postgres.give_up_sync)
    return engine if write else engine.execution_options(postgresql_readonly=True), options.pool_size


def _with_begin(session: AsyncSession, begin: Begin | None) -> AsyncSession:
    if begin is None:
        return session

    @event.listens_for(session.sync_session, "after_begin")
    def after_begin(_: Session, transaction: SessionTransaction, connection: Connection) -> None:
        if transaction.parent is None:  # else it is a SAVEPOINT
            begin(connection)

    return session
