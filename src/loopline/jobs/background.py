"""The call shape of FastAPI's BackgroundTasks, for jobs: what is added is stored with the request's own transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

from fastapi.params import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from loopline.jobs.job import NewJob
from loopline.jobs.task import Task

if TYPE_CHECKING:
    from loopline.jobs.queue import JobQueue

__all__ = ["Background", "background_dependency"]

P = ParamSpec("P")


class Background:
    """Collects jobs during a request. ``Annotated[Background, jobs.background]`` hands one out."""

    def __init__(self) -> None:
        self.jobs: list[NewJob] = []

    def add_task(self, task: Task[P, ..., Any], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Add a job. It is stored when the endpoint has returned, and runs once the request's session has committed.

        Args:
            task: The task, perhaps with ``options``.
            args: Its arguments; for a transactional task, those after the session.
            kwargs: The same, by name.

        Raises:
            ConfigurationError: If the arguments don't fit or are no JSON.
        """
        self.jobs.append(task.job(*args, **kwargs))


def background_dependency(jobs: JobQueue) -> Depends:
    """Return the dependency that hands out a Background for the session that the request has of ``jobs.db``."""

    async def background(session: AsyncSession) -> AsyncIterator[Background]:
        collected = Background()
        yield collected
        for job in collected.jobs:  # not in bulk: one may raise DuplicateJob
            await jobs.enqueue(session, job)

    # Said here, since FastAPI could not look up a name of this function.
    background.__annotations__["session"] = Annotated[AsyncSession, jobs.db.session]
    dependency: Callable[..., AsyncIterator[Background]] = background
    return Depends(dependency, scope="function")
