"""The usual recipe: each route as tutorials and first answers write it. No line of it is meant to be slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx2
from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import create_engine, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

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
from benchmarks.service.work import blocking_call, digest

__all__ = ["app"]

# Module-level engines, as SQLAlchemy's and FastAPI's own examples have them: the async one for what is new, the
# blocking one for the code that was there before.
engine = create_async_engine(f"sqlite+aiosqlite:///{DATABASE}")
sync_engine = create_engine(f"sqlite:///{DATABASE}", connect_args={"check_same_thread": False})

# "CPU-bound work goes to a process pool": one global pool, started as the platform does by default.
process_pool = ProcessPoolExecutor(max_workers=WORKERS)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make the tables, and stop the pool at the end."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with AsyncSession(engine) as session:
        if await session.get(User, 1) is None:
            session.add_all(first_rows())
            await session.commit()
    yield
    process_pool.shutdown()
    await engine.dispose()
    sync_engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/correct")
async def correct() -> dict[str, int]:
    """Answer."""
    return {"answer": 42}


@app.post("/process")
async def process(data: str) -> dict[str, str]:
    """Compute in the pool, as the documentation of asyncio shows."""
    loop = asyncio.get_running_loop()
    return {"result": await loop.run_in_executor(process_pool, digest, data)}


@app.get("/sync-operation")
def sync_operation() -> dict[str, str]:
    """Block in a plain ``def``: FastAPI runs that in a thread, and says to do so."""
    return {"message": blocking_call()}


def get_db() -> Iterator[Session]:
    """Lend a session, in a `def` dependency with `yield`."""
    with Session(sync_engine) as session:
        yield session


@app.get("/items")
async def items(session: Annotated[Session, Depends(get_db)], limit: int = 10) -> list[ItemOut]:
    """Query. The endpoint was made ``async def`` like all the others; the query is short, and nobody notices."""
    found = session.scalars(select(Item).order_by(Item.price).limit(limit))
    return [ItemOut.model_validate(item) for item in found]


@app.get("/users/batch")
async def users_batch(user_ids: UserIds, mode: str = "ok") -> Batch:
    """Ask for all at once: ``gather``, and a client in ``async with`` as in the first example of its manual."""
    async with httpx2.AsyncClient() as client:
        answers = await asyncio.gather(*(fetch(client, user_id, mode) for user_id in user_ids), return_exceptions=True)
    users = [Person(**answer) for answer in answers if isinstance(answer, dict)]
    errors = [
        PersonError(user_id=user_id, error=explain(answer))
        for user_id, answer in zip(user_ids, answers, strict=True)
        if isinstance(answer, BaseException)
    ]
    return Batch(users=users, errors=errors)


async def fetch(client: httpx2.AsyncClient, user_id: int, mode: str) -> dict[str, Any]:
    """Ask the other service for one."""
    response = await client.get(f"{UPSTREAM}/people/{user_id}", params={"mode": mode})
    response.raise_for_status()
    person: dict[str, Any] = response.json()
    return person


def explain(error: BaseException) -> str:
    """Say what went wrong."""
    if isinstance(error, httpx2.HTTPStatusError) and error.response.status_code == 404:
        return "There is no such user."
    return "It could not be fetched."


@app.get("/users/{user_id}")
async def user(user_id: int) -> UserOut:
    """Read one user with an async session."""
    async with AsyncSession(engine) as session:
        found = await session.get(User, user_id)
    if found is None:
        raise HTTPException(404, f"There is no user {user_id}. This demo starts with the users 1 to 5.")
    return UserOut.model_validate(found)
