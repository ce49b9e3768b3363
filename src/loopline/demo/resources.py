"""What the reference service opens at its start and shares between its routes, and the dependencies that name it."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing import get_context
from typing import Annotated, Any, TypeAlias

from fastapi import Path
from httpx2 import AsyncHTTPTransport
from pydantic import BaseModel, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session as SyncSession

from loopline.database import Database
from loopline.demo.settings import Settings
from loopline.demo.tables import tables
from loopline.demo.upstream import Upstream
from loopline.http_client import HttpClient
from loopline.jobs import JobQueue
from loopline.lanes import ExecutorLane, Lane, Limiter, RayLane, ThreadLane
from loopline.lanes.named import lane
from loopline.resources import Lifespan, lifespan

__all__ = [
    "BUSY",
    "Id",
    "Problem",
    "ReadSession",
    "Session",
    "SyncReadSession",
    "Text",
    "batches",
    "cluster",
    "cpu",
    "db",
    "executor",
    "files",
    "jobs",
    "legacy",
    "resources",
    "upstream",
]

db = Database(Settings().database_url)
upstream = Upstream()

# A bulkhead each: whoever waits for the slow legacy system never holds up the reading of a file, or FastAPI's threads.
legacy = ThreadLane("legacy", size=20, max_queue=200, timeout=30)
files = ThreadLane("files", size=4, max_queue=100, timeout=10)
# Two processes here, unless LOOPLINE_LANES says that the name stands for something else: "cpu=ray://head:10001", say.
cpu = lane("cpu", "process:2", max_queue=50, preload=["loopline.demo.compute"], timeout=10)


# What was promised for after the response; stored in the request's own transaction.
jobs = JobQueue(db)
# Eight calls each: their share of the event loop, and of what the other service bears, has a bound.
batches = Limiter("batches", size=20)


def _processes() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        2,
        mp_context=get_context("spawn"),  # a fork of a process that has threads can hang
        # A terminal's Ctrl+C reaches the workers too. They are told to stop when the calls that they run have ended.
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_IGN),
    )


# The same work as most would run it, to compare.
executor = ExecutorLane(_processes, size=2, name="executor", timeout=10)

# The same work on a cluster, where there is one.
_address = Settings().ray_address
cluster: Lane | None = RayLane(_address, name="ray", timeout=10) if _address else None


def _http_client() -> HttpClient:
    # A transport of its own looks for no proxy in the environment: the other service is on this machine.
    return HttpClient(timeout=2, transport=AsyncHTTPTransport())


@asynccontextmanager
async def _tables() -> AsyncIterator[None]:
    async with tables(db):
        await jobs.migrate()
        yield


_clusters = [cluster] if cluster is not None else []
resources: Lifespan = lifespan(
    db, _tables, upstream, legacy, files, cpu, executor, *_clusters, jobs, http_client=_http_client
)

Session: TypeAlias = Annotated[AsyncSession, db.session]
ReadSession: TypeAlias = Annotated[AsyncSession, db.read_session]
SyncReadSession: TypeAlias = Annotated[SyncSession, db.sync_read_session]

# What PostgreSQL's integer column holds: a larger id could never be there.
Id: TypeAlias = Annotated[int, Path(ge=1, le=2**31 - 1, openapi_examples={"the first": {"value": 1}})]
# PostgreSQL stores no NUL in a text.
Text: TypeAlias = Annotated[str, StringConstraints(max_length=200, pattern="^[^\\x00]*$")]


class Problem(BaseModel):
    """What a client reads when something is wrong."""

    detail: str


BUSY: dict[int | str, dict[str, Any]] = {
    503: {"model": Problem, "description": "Too much is waiting already; Retry-After says when to come again"}
}
