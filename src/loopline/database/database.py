"""The database of an application: one transaction for each request, ended before the response is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import TracebackType
from typing import Any, Self, TypeAlias, overload

from fastapi.params import Depends
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session

from loopline import _opened
from loopline.database.engines import Engines, PoolOptions, adopt_engine, open_engines
from loopline.database.override import session_inside
from loopline.database.pool import PoolStatistics, statistics_of
from loopline.database.sync import SyncSessions
from loopline.database.transaction import busy_as_answer, transaction
from loopline.database.url import checked_backend, checked_url, sync_url
from loopline.errors import ConfigurationError

__all__ = ["Database"]

Target: TypeAlias = URL | AsyncEngine | async_sessionmaker[AsyncSession]


@dataclass(slots=True)
class _Started:
    """What a Database holds while it is open; all of it belongs to one event loop."""

    target: Target
    engines: Engines
    make: async_sessionmaker[AsyncSession]
    sync: dict[bool, SyncSessions] = field(default_factory=dict)  # by whether they write


class Database:
    """A database with a session for each request, which commits before the response is sent.

    It is an async context manager and a resource for ``lifespan(...)``. Once closed it can be started again.

    ``db.session``, ``db.read_session``, ``db.sync_session`` and ``db.sync_read_session`` are dependencies::

        Session = Annotated[AsyncSession, db.session]

    Args:
        target: The URL, ``sqlite+aiosqlite:///shop.db`` or ``postgresql+asyncpg://user:password@host/shop``. Or an
            AsyncEngine, or an async_sessionmaker bound to one, that is yours and stays open; the options below are
            then its own matter.
        echo: Whether SQLAlchemy logs its statements. Default False.
        pool_size: How many connections there may be; on SQLite, how many readers beside the one writer. Default 10.
        pool_timeout: For how many seconds a session waits for a connection. Default 5.
        busy_timeout: For how many seconds an SQLite session waits for another process's lock. Default 5.
        transaction_pooler: Whether PostgreSQL is reached through a pooler in transaction mode (PgBouncer). Prepared
            statements are then not reused. Default False.

    Raises:
        ConfigurationError: If the target can't work: a blocking driver, an in-memory database, an unknown kind.
        MissingExtra: If the driver is not installed.
    """

    @overload
    def __init__(
        self,
        target: str | URL,
        *,
        echo: bool = False,
        pool_size: int = 10,
        pool_timeout: float = 5.0,
        busy_timeout: float = 5.0,
        transaction_pooler: bool = False,
        direct_url: str | URL | None = None,
    ) -> None: ...

    @overload
    def __init__(self, target: AsyncEngine | async_sessionmaker[AsyncSession]) -> None: ...

    def __init__(
        self,
        target: str | URL | AsyncEngine | async_sessionmaker[AsyncSession],
        *,
        echo: bool | None = None,
        pool_size: int | None = None,
        pool_timeout: float | None = None,
        busy_timeout: float | None = None,
        transaction_pooler: bool | None = None,
        direct_url: str | URL | None = None,
    ) -> None:
        options: dict[str, Any] = {
            "echo": echo,
            "pool_size": pool_size,
            "pool_timeout": pool_timeout,
            "busy_timeout": busy_timeout,
            "transaction_pooler": transaction_pooler,
            "direct_url": None if direct_url is None else checked_url(direct_url),
        }
        given = {name: value for name, value in options.items() if value is not None}
        self._target = _checked(target)
        if given and not isinstance(self._target, URL):
            raise ConfigurationError(f"{', '.join(given)}: set this where the engine is made, or give Database a URL")
        self._options = PoolOptions(**given)
        self._overriding: AsyncSession | None = None
        self._started: _Started | None = None
        self._session = Depends(self._write_in_request, scope="function")
        self._read_session = Depends(self._read_in_request, scope="function")

    @property
    def session(self) -> Depends:
        """The dependency that hands out a request's AsyncSession: ``Annotated[AsyncSession, db.session]``.

        When the endpoint has returned, and before its response is sent, the session commits; if anything raised, it
        rolls back. Nothing begins before its first use. It is function-scoped: a ``yield`` dependency that uses it must
        be so too (``Depends(..., scope="function")``), and what runs after the response needs ``begin()``.
        """
        return self._session

    @property
    def read_session(self) -> Depends:
        """The dependency that hands out an AsyncSession that only reads: it never commits, and writing is refused."""
        return self._read_session

    @cached_property
    def sync_session(self) -> Depends:
        """The dependency that hands out a Session to a ``def`` endpoint: ``Annotated[Session, db.sync_session]``.

        It uses sqlite3 or psycopg, and a pool of its own that is as large.

        Raises:
            ConfigurationError: If the Database was given an engine or sessionmaker.
            MissingExtra: If psycopg is needed and not installed.
        """
        sync_url(_url_of(self._target))
        return Depends(self._sync_write_in_request, scope="function")

    @cached_property
    def sync_read_session(self) -> Depends:
        """The same for a ``def`` endpoint that only reads: it never commits, and writing is refused.

        On SQLite readers do not wait for each other, nor for a writer. On PostgreSQL it has a pool of its own as well.
        """
        sync_url(_url_of(self._target))
        return Depends(self._sync_read_in_request, scope="function")

    @property
    def engine(self) -> AsyncEngine:
        """The engine that writing sessions use, while the Database is open.

        Raises:
            ConfigurationError: If it is not.
        """
        return self._open().engines.writing

    @property
    def direct_engine(self) -> AsyncEngine | None:
        """The engine whose connections are the PostgreSQL server's own, for LISTEN and the like, while it is open.

        None on SQLite, and behind a transaction pooler without ``direct_url``.

        Raises:
            ConfigurationError: If the Database is not open.
        """
        return self._open().engines.direct

    def begin(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a session outside a request: ``async with db.begin() as session:`` commits at the end of the block.

        Returns:
            A context manager with the same guarantees as ``session``.
        """
        return self._transaction(write=True)

    def begin_reading(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a session outside a request that only reads: it never commits, and writing is refused.

        On SQLite it waits for no writer, and none waits for it.

        Returns:
            A context manager with the same guarantees as ``read_session``.
        """
        return self._transaction(write=False)

    @asynccontextmanager
    async def begin_unsynced(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for a write that may be lost if the database's machine crashes right after it.

        Each statement is a transaction of its own, which takes one round trip instead of three. On SQLite none waits
        for the disk; on PostgreSQL a statement says so itself, by setting ``synchronous_commit``. With an adopted
        engine, or inside ``override(session)``, it is no different from ``begin()``.

        Returns:
            A context manager of the connection; at its end, all is committed.

        Raises:
            DatabaseBusy: If no connection or write lock was free in time.
        """
        unsynced = None if self._overriding is not None else self._open().engines.unsynced
        if unsynced is None:
            async with self.begin() as session:
                yield await session.connection()
            return
        pool = unsynced.pool
        with busy_as_answer(pool):
            connection = await unsynced.connect()
        async with transaction(connection, close=connection.close, commit=connection.commit, pool=pool):
            yield connection

    async def ping(self) -> None:
        """Make sure that the database answers: ``health_routes(database=db.ping)``.

        Raises:
            DatabaseBusy: If no connection was free in time.
            Exception: What the driver says is wrong.
        """
        async with self._transaction(write=False) as session:
            await session.execute(text("SELECT 1"))

    @contextmanager
    def override(
        self, target: str | URL | AsyncEngine | async_sessionmaker[AsyncSession] | AsyncSession
    ) -> Iterator[None]:
        """Use another database, or a session, inside a ``with`` block. For tests.

        Args:
            target: A URL, engine or sessionmaker: it is used when the Database starts inside the block. Or an
                AsyncSession: sessions are then handed out on its connection, each inside a SAVEPOINT, one at a time;
                what they commit is gone when it rolls back. The Database need not be started for that.

        Raises:
            ConfigurationError: If the Database is open already and the target is not a session.
        """
        previous = self._target, self._overriding, self._options
        if isinstance(target, AsyncSession):
            self._overriding = target
        elif self._started is not None:
            raise ConfigurationError("the database is open: override its target before it starts, or give a session")
        else:
            self._target, self._overriding = _checked(target), None
            self._options = replace(self._options, direct_url=None)  # it is the other database's
        try:
            yield
        finally:
            self._target, self._overriding, self._options = previous

    def statistics(self) -> list[PoolStatistics]:
        """Return how many connections each of its pools lends, and who waited for one. A closed Database has none."""
        started = self._started
        if started is None:
            return []
        engines = [("writing", started.engines.writing.sync_engine), ("reading", started.engines.reading.sync_engine)]
        for write, sessions in sorted(started.sync.items(), reverse=True):
            engines.append((f"{'writing' if write else 'reading'}, in def endpoints", sessions.engine))
        return statistics_of(engines)

    async def aclose(self) -> None:
        """Close the connections; an adopted engine stays open. Closing twice is harmless."""
        started, self._started = self._started, None
        _opened.databases.discard(self)
        if started is not None:
            try:
                for sessions in started.sync.values():
                    await sessions.aclose()
            finally:
                await started.engines.aclose()

    async def __aenter__(self) -> Self:
        """Start it. An SQLite file is made ready; PostgreSQL is connected to when a session is first used."""
        if self._started is not None:
            raise ConfigurationError("the database is open already: start it once, in lifespan(...) or by `async with`")
        self._started = _start(self._target, self._options)
        try:
            with busy_as_answer(None):
                await self._started.engines.prepare(self._options)
        except BaseException:
            await self.aclose()
            raise
        _opened.databases.add(self)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        await self.aclose()

    def _open(self) -> _Started:
        if self._started is None:
            raise ConfigurationError("the database is not open: give it to lifespan(...), or use `async with db:`")
        return self._started

    @asynccontextmanager
    async def _transaction(self, *, write: bool) -> AsyncIterator[AsyncSession]:
        if self._overriding is not None:
            async with session_inside(self._overriding, write=write) as session:
                yield session
            return
        started = self._open()
        engines = started.engines
        session = engines.writer(started.make) if write else engines.reader(started.make)
        pool = (engines.writing if write else engines.reading).pool
        async with transaction(session, close=session.close, commit=session.commit if write else None, pool=pool):
            yield session

    async def _write_in_request(self) -> AsyncIterator[AsyncSession]:
        async with self._transaction(write=True) as session:
            yield session

    async def _read_in_request(self) -> AsyncIterator[AsyncSession]:
        async with self._transaction(write=False) as session:
            yield session

    async def _sync_write_in_request(self) -> AsyncIterator[Session]:
        async with self._sync_sessions(write=True).session() as session:
            yield session

    async def _sync_read_in_request(self) -> AsyncIterator[Session]:
        async with self._sync_sessions(write=False).session() as session:
            yield session

    def _sync_sessions(self, *, write: bool) -> SyncSessions:
        if self._overriding is not None:
            raise ConfigurationError("a `def` endpoint can't use an AsyncSession: override the database's URL instead")
        started = self._open()
        if write not in started.sync:
            started.sync[write] = SyncSessions(_url_of(started.target), self._options, write=write)
        return started.sync[write]


def _start(target: Target, options: PoolOptions) -> _Started:
    if isinstance(target, URL):
        engines = open_engines(target, options)
    elif isinstance(target, AsyncEngine):
        engines = adopt_engine(target)
    else:
        engines = adopt_engine(target.kw["bind"])
    if isinstance(target, async_sessionmaker):
        return _Started(target, engines, target)
    # A session that is used after its end raises, where it would else hold a connection that nobody gives back.
    return _Started(target, engines, async_sessionmaker(expire_on_commit=False, close_resets_only=False))


def _checked(target: str | Target) -> Target:
    if isinstance(target, str | URL):
        return checked_url(target)
    engine = target.kw.get("bind") if isinstance(target, async_sessionmaker) else target
    if not isinstance(engine, AsyncEngine):
        raise ConfigurationError(
            f"Database needs a URL, an AsyncEngine or an async_sessionmaker(bind=engine), not {type(target).__name__}"
        )
    checked_backend(engine.url)
    return target


def _url_of(target: Target) -> URL:
    if isinstance(target, URL):
        return target
    raise ConfigurationError("sync_session needs a pool of its own: give Database a URL instead of an engine")
