"""The same service by an engineer who knows the traps, with standard tools only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing import get_context
from typing import Annotated, Any, TypeAlias, TypedDict

import httpx2
from fastapi import Depends, FastAPI, HTTPException, Request
from sqlalchemy import create_engine, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.service.bulkhead import Bulkhead
from benchmarks.service.shop import (
    DATABASE,
    UPSTREAM,
    WORKERS,
    Base,
    Batch,
    Item,
    ItemOut,
    Person,
    PersonError,
    User,
    UserIds,
    UserOut,
    first_rows,
)
from benchmarks.service.work import blocking_call, digest, step_back

__all__ = ["app"]

THREADS = 20  # as the reference service has for it
QUEUE = 50  # calls that may wait for a process; at 50 a second they wait for a second
BATCHES = 20  # requests that may do so at once
IN_FLIGHT = 8  # calls of one request to the other service
PATIENCE = 2.0  # seconds for one of those calls, its wait for a connection included


class State(TypedDict):
    """What the lifespan opens and the routes use."""

    cpu: Bulkhead
    legacy: Bulkhead
    batches: asyncio.Semaphore
    http: httpx2.AsyncClient
    sessions: async_sessionmaker[AsyncSession]
    sync_sessions: sessionmaker[Session]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[State]:
    """Open everything, and close it in reverse."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{DATABASE}", pool_size=10, max_overflow=0, pool_timeout=5)
    sync_engine = create_engine(f"sqlite:///{DATABASE}", pool_size=10, max_overflow=0, pool_timeout=5)
    limits = httpx2.Limits(max_connections=100, max_keepalive_connections=20)
    # spawn: a fork of a process with threads can hang. Workers are nice: the loop goes first.
    processes = ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn"), initializer=step_back)
    threads = ThreadPoolExecutor(THREADS)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    try:
        async with httpx2.AsyncClient(timeout=PATIENCE, limits=limits, trust_env=False) as http:
            await make_tables(sessions)
            yield State(
                cpu=Bulkhead(processes, most=WORKERS + QUEUE, timeout=10),
                legacy=Bulkhead(threads, most=THREADS + 100, timeout=10),
                batches=asyncio.Semaphore(BATCHES),
                http=http,
                sessions=sessions,
                sync_sessions=sessionmaker(sync_engine),
            )
    finally:
        for executor in (processes, threads):
            await asyncio.to_thread(executor.shutdown, cancel_futures=True)
        await engine.dispose()
        sync_engine.dispose()


async def make_tables(sessions: async_sessionmaker[AsyncSession]) -> None:
    """Make the tables, and fill empty ones. Readers shall not wait for writers."""
    async with sessions.begin() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        await connection.run_sync(Base.metadata.create_all)
        if await session.get(User, 1) is None:
            session.add_all(first_rows())


app = FastAPI(lifespan=lifespan)


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Lend a session that only reads."""
    async with request.state.sessions() as session:
        yield session


def get_sync_session(request: Request) -> Iterator[Session]:
    """Lend a blocking session, for ``def`` code."""
    with request.state.sync_sessions() as session:
        yield session


AsyncDb: TypeAlias = Annotated[AsyncSession, Depends(get_session)]
SyncDb: TypeAlias = Annotated[Session, Depends(get_sync_session)]


@app.get("/correct")
async def correct() -> dict[str, int]:
    """Answer."""
    return {"answer": 42}


@app.post("/process")
async def process(request: Request, data: str) -> dict[str, str]:
    """Compute in another process. What a worker has begun it ends, even if the client has left: it can't be stopped."""
    return {"result": await request.state.cpu.run(digest, data)}


@app.get("/sync-operation")
async def sync_operation(request: Request) -> dict[str, str]:
    """Block in threads that nobody else needs."""
    return {"message": await request.state.legacy.run(blocking_call)}


def cheapest_items(session: SyncDb, limit: int = 10) -> list[ItemOut]:
    """Query in a ``def`` dependency, so that it blocks a thread and not the loop."""
    return [ItemOut.model_validate(item) for item in session.scalars(select(Item).order_by(Item.price).limit(limit))]


@app.get("/items")
async def items(items: Annotated[list[ItemOut], Depends(cheapest_items)]) -> list[ItemOut]:
    """Answer with what the dependency has found."""
    return items


@app.get("/users/batch")
async def users_batch(request: Request, user_ids: UserIds, mode: str = "ok") -> Batch:
    """Ask the other service for each: one shared client, a bound for this request, an outcome for each call."""
    state = request.state
    if state.batches.locked():
        raise HTTPException(503, "Too busy. Try again.", headers={"Retry-After": "1"})
    async with state.batches:
        return await fetch_all(state.http, user_ids, mode)


async def fetch_all(http: httpx2.AsyncClient, user_ids: list[int], mode: str) -> Batch:
    """Make the calls of one request."""
    places = asyncio.Semaphore(IN_FLIGHT)

    async def fetch(user_id: int) -> Person | PersonError:
        try:
            async with places, asyncio.timeout(PATIENCE):
                response = await http.get(f"{UPSTREAM}/people/{user_id}", params={"mode": mode})
                response.raise_for_status()
        except (httpx2.HTTPError, TimeoutError) as error:
            return PersonError(user_id=user_id, error=explain(error))
        return Person(**response.json())

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(fetch(user_id)) for user_id in user_ids]
    outcomes: list[Any] = [task.result() for task in tasks]
    return Batch(
        users=[outcome for outcome in outcomes if isinstance(outcome, Person)],
        errors=[outcome for outcome in outcomes if isinstance(outcome, PersonError)],
    )


def explain(error: Exception) -> str:
    """Say what went wrong, and nothing internal."""
    if isinstance(error, httpx2.HTTPStatusError) and error.response.status_code == 404:
        return "There is no such user."
    return "It could not be fetched."


@app.get("/users/{user_id}")
async def user(user_id: int, session: AsyncDb) -> UserOut:
    """Read one user with an async session."""
    found = await session.get(User, user_id)
    if found is None:
        raise HTTPException(404, f"There is no user {user_id}. This demo starts with the users 1 to 5.")
    return UserOut.model_validate(found)
