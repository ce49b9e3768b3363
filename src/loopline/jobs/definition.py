"""Make a function a task, or say why it can't be one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from loopline.errors import ConfigurationError
from loopline.jobs.arguments import Arguments
from loopline.jobs.retry import Retry
from loopline.jobs.task import Task
from loopline.lanes.lane import Lane

if TYPE_CHECKING:
    from loopline.jobs.queue import JobQueue

__all__ = ["Definition", "TaskOptions", "TransactionalOptions"]


class TransactionalOptions(TypedDict, total=False):
    """What can be said of a transactional task.

    Attributes:
        name: What is stored of it with its jobs; ``module.function`` unless given.
        aliases: Former names, whose jobs it runs too.
        queue: Where its jobs go. Default ``default``.
        priority: Lower ones first within their queue. Default 0.
        retry: How often a job is tried, and how long it waits in between. Default ``Retry()``: 10 attempts.
        timeout: Seconds that an attempt may take. Default 300.
    """

    name: str | None
    aliases: Iterable[str]
    queue: str
    priority: int
    retry: Retry | None
    timeout: float


class TaskOptions(TransactionalOptions, total=False):
    """What can be said of a task.

    Attributes:
        lane: Where a plain function runs; in threads of the queue's own unless given.
    """

    lane: Lane | None


@dataclass(frozen=True, slots=True)
class Definition:
    """What is said of a task beside its function, with the defaults of TaskOptions."""

    transactional: bool
    name: str | None = None
    aliases: Iterable[str] = ()
    queue: str = "default"
    priority: int = 0
    retry: Retry | None = None
    timeout: float = 300.0
    lane: Lane | None = None

    def task(self, jobs: JobQueue, fn: Callable[..., Any]) -> Task[..., ..., Any]:
        """Make the task.

        Args:
            jobs: Where it belongs.
            fn: The function.

        Raises:
            ConfigurationError: If the function can't be one, or what is said of it can't be.
        """
        name = self.name or f"{fn.__module__}.{fn.__qualname__}"
        is_coroutine_function = inspect.iscoroutinefunction(fn)
        if inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
            raise ConfigurationError(
                f"task {name}: a generator function does nothing when it is called. Remove the yield"
            )
        if self.transactional and not (is_coroutine_function and inspect.signature(fn).parameters):
            raise ConfigurationError(f"task {name}: a transactional task is an `async def` that takes a session first")
        if self.lane is not None and is_coroutine_function:
            raise ConfigurationError(f"task {name}: a coroutine function runs on the event loop, not in a lane")
        if not self.timeout > 0:
            raise ConfigurationError(f"task {name}: timeout={self.timeout}: give seconds, more than 0")
        return Task(
            name,
            fn,
            self.transactional,
            self.queue,
            self.priority,
            self.retry or Retry(),
            self.timeout,
            self.lane,
            jobs,
            Arguments(name, fn, skip=int(self.transactional)),
        )
