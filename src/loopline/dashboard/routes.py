"""The dashboard's routes: the page, its stream, jobs, and what is done to them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from loopline.dashboard.board import Board
from loopline.dashboard.events import EventStream
from loopline.dashboard.hiding import Hiding
from loopline.dashboard.jobs_view import STATES, job_in_full, job_in_list
from loopline.dashboard.page import file_response
from loopline.jobs import JobState
from loopline.jobs.opened import OpenedStore, opened_stores
from loopline.jobs.search import search
from loopline.processes.room import PLACES

__all__ = ["routes_of"]

MOST_STREAMS = 20
PER_PAGE = 50  # jobs

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern="^[^\\x00]*$")]
JobId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Key = Annotated[str, StringConstraints(pattern="^[0-9a-f]{1,64}$")]  # of the database; needless if there is one


class _QueueName(BaseModel):
    """Which queue."""

    queue: Name
    store: Key | None = None


class _WhichJob(BaseModel):
    """Which job."""

    id: JobId
    store: Key | None = None


class _Answered(Response):
    """Lets an ASGI application of our own answer."""

    def __init__(self, stream: EventStream) -> None:
        super().__init__()
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._stream(scope, receive, send)


def routes_of(board: Board, hiding: Hiding) -> APIRouter:
    """Make the routes.

    Args:
        board: What is looked at.
        hiding: What is never shown.
    """
    router = APIRouter()
    streams: set[object] = set()

    @router.get("/")
    async def page() -> Response:
        return file_response("index.html")

    @router.get("/session")
    async def session() -> dict[str, bool]:
        return {"admitted": True}

    @router.get("/events")
    async def events(process: Annotated[int | None, Query(ge=0, lt=PLACES)] = None) -> Response:
        if len(streams) >= MOST_STREAMS:
            raise HTTPException(503, f"{MOST_STREAMS} pages look at this already: close one.")
        one = object()
        streams.add(one)
        return _Answered(EventStream(board, process, lambda: streams.discard(one)))

    @router.get("/jobs")
    async def find_jobs(
        state: JobState | None = None,
        task: Name | None = None,
        queue: Name | None = None,
        before: JobId | None = None,
        store: Key | None = None,
    ) -> dict[str, Any]:
        jobs = _opened(store)
        found = await search(jobs.db, state=state, task=task, queue=queue, before=before, limit=PER_PAGE)
        return {
            "jobs": [job_in_list(job, hiding, jobs.tasks) for job in found.jobs],
            "more": found.more,
            "complete": found.complete,
        }

    @router.get("/jobs/names")
    async def names(store: Key | None = None) -> dict[str, Any]:
        jobs = _opened(store)
        return {"states": STATES, "tasks": sorted(jobs.tasks)[:500], "queues": jobs.queues[:500]}

    @router.get("/jobs/{job_id}")
    async def show_job(job_id: JobId, store: Key | None = None) -> dict[str, Any]:
        jobs = _opened(store)
        job = await jobs.operations.get(job_id)
        if job is None:
            raise HTTPException(404, f"There is no job {job_id}. Ended jobs are deleted after some time.")
        return job_in_full(job, hiding, jobs.tasks)

    @router.post("/jobs/retry")
    async def retry(job: _WhichJob) -> dict[str, bool]:
        done = await _opened(job.store).operations.retry(job.id)
        board.forget_jobs()
        return {"done": done}

    @router.post("/jobs/cancel")
    async def cancel(job: _WhichJob) -> dict[str, bool]:
        done = await _opened(job.store).operations.cancel(job.id)
        board.forget_jobs()
        return {"done": done}

    @router.post("/queues/pause")
    async def pause(which: _QueueName) -> dict[str, bool]:
        await _opened(which.store).operations.pause(which.queue)
        board.forget_jobs()
        return {"done": True}

    @router.post("/queues/resume")
    async def resume(which: _QueueName) -> dict[str, bool]:
        done = await _opened(which.store).operations.resume(which.queue)
        board.forget_jobs()
        return {"done": done}

    return router


def _opened(key: str | None) -> OpenedStore:
    """Return the database with jobs that is meant.

    Raises:
        HTTPException: If it is not open in this process, or it is not said which of several.
    """
    stores = opened_stores()
    if not stores:
        raise HTTPException(404, "This process has no JobQueue open.")
    if key is None:
        if len(stores) > 1:
            raise HTTPException(422, "There are several databases with jobs: say which store.")
        return stores[0]
    found = next((store for store in stores if store.key == key), None)
    if found is None:
        raise HTTPException(404, "This process does not have that database open.")
    return found
