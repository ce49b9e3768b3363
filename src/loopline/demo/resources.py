"""What the reference service opens at its start and shares between its routes, and the dependencies that name it."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractAsyncContextManager
from multiprocessing import get_context
from typing import Annotated, TypeAlias

from fastapi import Path
from pydantic import BaseModel, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session as SyncSession

from loopline.database import Database
from loopline.demo.settings import Settings
from loopline.demo.tables import tables
from loopline.demo.upstream import Upstream
from loopline.http_client import HttpClient
from loopline.lanes import ExecutorLane, ProcessLane, ThreadLane
from loopline.resources import Lifespan, lifespan

__all__ = [
    "Id",
    "Problem",
    "ReadSession",
    "Session",
    "SyncReadSession",
    "Text",
    "cpu",
    "db",
    "executor",
    "files",
    "http",
    "legacy",
    "resources",
    "upstream",
]

db = Database(Settings().database_url)
http = HttpClient(timeout=2)
upstream = Upstream()

# A bulkhead each: whoever waits for the slow legacy system never holds up the reading of a file, or FastAPI's threads.
legacy = ThreadLane("legacy", size=20, max_queue=500, timeout=30)
files = ThreadLane("files", size=4, max_queue=100, timeout=10)
cpu = ProcessLane(2, name="cpu", preload=["loopline.demo.compute"], timeout=10)
# The same work as most would run it, to compare. Spawned: a fork of a process that has threads can hang.
executor = ExecutorLane(
    lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")), size=2, name="executor", timeout=10
)


def _tables() -> AbstractAsyncContextManager[None]:
    return tables(db)


resources: Lifespan = lifespan(db, _tables, upstream, legacy, files, cpu, executor, http_client=http)

Session: TypeAlias = Annotated[AsyncSession, db.session]
ReadSession: TypeAlias = Annotated[AsyncSession, db.read_session]
SyncReadSession: TypeAlias = Annotated[SyncSession, db.sync_session]

# What PostgreSQL's integer column holds: a larger id could never be there.
Id: TypeAlias = Annotated[int, Path(ge=1, le=2**31 - 1)]
# PostgreSQL stores no NUL in a text.
Text: TypeAlias = Annotated[str, StringConstraints(max_length=200, pattern="^[^\\x00]*$")]


class Problem(BaseModel):
    """What a client reads when something is wrong."""

    detail: str
