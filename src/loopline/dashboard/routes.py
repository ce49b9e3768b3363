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
from loopline.jobs import JobQueue, JobState
from loopline.jobs.search import search
from loopline.processes.room import PLACES

__all__ = ["routes_of"]

MOST_STREAMS = 20
PER_PAGE = 50  # jobs

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern="^[^\\x00]*$")]
JobId = Annotated[int, Field(ge=1, le=2**63 - 1)]


class _QueueName(BaseModel):
    """Which queue."""

    queue: Name


class _WhichJob(BaseModel):
    """Which job."""

    id: JobId


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

    def opened() -> JobQueue:
        queue = board.queue
        if queue is None:
            raise HTTPException(404, "This process has no JobQueue open.")
        return queue

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
    ) -> dict[str, Any]:
        jobs = opened()
        found = await search(jobs.db, state=state, task=task, queue=queue, before=before, limit=PER_PAGE)
        return {
            "jobs": [job_in_list(job, hiding, jobs.tasks) for job in found.jobs],
            "more": found.more,
            "complete": found.complete,
        }

    @router.get("/jobs/names")
    async def names() -> dict[str, Any]:
        jobs = opened()
        return {"states": STATES, "tasks": sorted(jobs.tasks)[:500], "queues": jobs.queues[:500]}

    @router.get("/jobs/{job_id}")
    async def show_job(job_id: JobId) -> dict[str, Any]:
        jobs = opened()
        job = await jobs.operations.get(job_id)
        if job is None:
            raise HTTPException(404, f"There is no job {job_id}. Ended jobs are deleted after some time.")
        return job_in_full(job, hiding, jobs.tasks)

    @router.post("/jobs/retry")
    async def retry(job: _WhichJob) -> dict[str, bool]:
        done = await opened().operations.retry(job.id)
        board.forget_jobs()
        return {"done": done}

    @router.post("/jobs/cancel")
    async def cancel(job: _WhichJob) -> dict[str, bool]:
        done = await opened().operations.cancel(job.id)
        board.forget_jobs()
        return {"done": done}

    @router.post("/queues/pause")
    async def pause(which: _QueueName) -> dict[str, bool]:
        await opened().operations.pause(which.queue)
        board.forget_jobs()
        return {"done": True}

    @router.post("/queues/resume")
    async def resume(which: _QueueName) -> dict[str, bool]:
        done = await opened().operations.resume(which.queue)
        board.forget_jobs()
        return {"done": done}

    return router
