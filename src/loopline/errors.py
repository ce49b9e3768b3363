"""The whole error tree. Every class says what happened and what to do.

Some errors are also HTTP exceptions, so that a request which meets one is answered without any handler.
Their ``detail`` is what the client reads and holds nothing internal.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException

__all__ = [
    "BlockedLoop",
    "ConfigurationError",
    "DatabaseBusy",
    "DuplicateJob",
    "DuplicateTask",
    "ForgottenAwait",
    "LaneClosed",
    "LaneFull",
    "LaneTimeout",
    "LaneUnavailable",
    "LooplineError",
    "MissingExtra",
    "RemoteError",
    "ResourceError",
    "UpstreamError",
    "UpstreamTimeout",
    "WorkerLost",
]


class LooplineError(Exception):
    """The base of every error that Loopline raises itself. Catch it to catch them all."""


class ConfigurationError(LooplineError):
    """Raised when something was set up or called in a way that can't work.

    The message says what to write instead. It is raised as early as it can be known: when an object is made,
    when the application starts, or at the call.
    """


class MissingExtra(LooplineError, ImportError):
    """Raised when a feature needs an optional package that is not installed.

    The message holds the ``pip install`` command.
    """

    def __init__(self, package: str, extra: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(f"{package} is not installed. Run: pip install 'loopline[{extra}]'")

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str]]:
        return type(self), (self.package, self.extra)


class BlockedLoop(LooplineError, AssertionError):
    """Raised when a test under ``pytest --loopline`` made the event loop stand still for too long.

    The message says where, and what to write instead. ``@pytest.mark.loopline(threshold=…)`` allows a test more.
    """


class ForgottenAwait(LooplineError, AssertionError):
    """Raised when a test under ``pytest --loopline`` dropped a coroutine that nobody awaited.

    The message says where. ``@pytest.mark.loopline(off=True)`` allows it in a test.
    """


class ResourceError(LooplineError):
    """Raised when a resource of ``lifespan(...)`` fails to start, to stay up, or to close.

    The message names the resource; the cause holds its own error. The resources that had started are closed.
    """


class LaneFull(LooplineError, HTTPException):
    """Raised when a lane runs and queues as many calls as it may. In a request: 503 with ``Retry-After``.

    Try again after ``retry_after`` seconds, or give the lane more workers or a longer queue.
    """

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        self.retry_after = retry_after
        HTTPException.__init__(self, 503, detail, headers={"Retry-After": str(retry_after)})

    def __reduce__(self) -> tuple[type[LaneFull], tuple[str, int]]:
        return type(self), (self.detail, self.retry_after)


class LaneTimeout(LooplineError, HTTPException, TimeoutError):
    """Raised when a call was not finished within its timeout, waiting included. In a request: 504.

    Whether the work itself was stopped depends on the lane: a process can be killed, a thread can't.
    """

    def __init__(self, detail: str) -> None:
        HTTPException.__init__(self, 504, detail)

    def __reduce__(self) -> tuple[type[LaneTimeout], tuple[str]]:
        return type(self), (self.detail,)


class LaneClosed(LooplineError):
    """Raised when a call reaches a lane that has not started or is closed.

    Give the lane to ``lifespan(...)``, or use it inside ``async with lane:``.
    """


class LaneUnavailable(LooplineError, HTTPException):
    """Raised when the cluster behind a lane is out of reach. In a request: 503 with ``Retry-After``.

    The lane connects again by itself. ``reason`` says what is wrong, for the log; the client does not see it.
    """

    def __init__(self, detail: str, reason: str, retry_after: int = 5) -> None:
        self.reason = reason
        self.retry_after = retry_after
        HTTPException.__init__(self, 503, detail, headers={"Retry-After": str(retry_after)})

    def __str__(self) -> str:
        return f"{self.detail} Reason: {self.reason}"

    def __reduce__(self) -> tuple[type[LaneUnavailable], tuple[str, str, int]]:
        return type(self), (self.detail, self.reason, self.retry_after)


class WorkerLost(LooplineError):
    """Raised when the worker process that ran a call ended before the call did.

    The work may have been done in part. Retry it only if that is harmless.
    """


class RemoteError(LooplineError):
    """Raised when a function raised an error in a worker process that can't be brought back as it is.

    The message holds its traceback. Raise errors that can be pickled, or catch them in the function.
    """


class DatabaseBusy(LooplineError, HTTPException):
    """Raised when no connection or write lock was free within the stated wait. In a request: 503, ``Retry-After``.

    Try again, make transactions shorter, or raise ``pool_size``.
    """

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        self.retry_after = retry_after
        HTTPException.__init__(self, 503, detail, headers={"Retry-After": str(retry_after)})

    def __reduce__(self) -> tuple[type[DatabaseBusy], tuple[str, int]]:
        return type(self), (self.detail, self.retry_after)


class UpstreamTimeout(LooplineError, HTTPException, TimeoutError):
    """Raised when another service did not answer in time. In a request: 504.

    ``reason`` says which call, for the log; the client does not see it.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        HTTPException.__init__(self, 504, "A service that this answer needs did not respond in time.")

    def __str__(self) -> str:
        return self.reason

    def __reduce__(self) -> tuple[type[UpstreamTimeout], tuple[str]]:
        return type(self), (self.reason,)


class UpstreamError(LooplineError, HTTPException):
    """Raised when another service could not be reached, or answered with an error. In a request: 502.

    ``reason`` says which call, for the log; ``upstream_status`` is the status it answered, or None. The client sees
    neither, nor anything of the other service's body.
    """

    def __init__(self, reason: str, upstream_status: int | None = None) -> None:
        self.reason = reason
        self.upstream_status = upstream_status
        HTTPException.__init__(self, 502, "A service that this answer needs failed.")

    def __str__(self) -> str:
        return self.reason

    def __reduce__(self) -> tuple[type[UpstreamError], tuple[str, int | None]]:
        return type(self), (self.reason, self.upstream_status)


class DuplicateTask(LooplineError):
    """Raised when two tasks of one JobQueue have the same name. Give one of them ``name=``."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is a task {name!r} already: give one of them another name, with @jobs.task(name=…)")

    def __reduce__(self) -> tuple[type[DuplicateTask], tuple[str]]:
        return type(self), (self.name,)


class DuplicateJob(LooplineError):
    """Raised when a job is enqueued with ``on_conflict="raise"``, and one that has not ended has its ``unique`` key.

    ``job_id`` is the latter; None if such jobs came and ended too fast to be seen, in which case it is raised with
    ``on_conflict="keep"`` too.
    """

    def __init__(self, unique_key: str, job_id: int | None) -> None:
        self.unique_key = unique_key
        self.job_id = job_id
        super().__init__(
            f"job {job_id} has the unique key {unique_key!r} and has not ended"
            if job_id is not None
            else f"jobs with the unique key {unique_key!r} come and end too fast for another to be enqueued"
        )

    def __reduce__(self) -> tuple[type[DuplicateJob], tuple[str, int | None]]:
        return type(self), (self.unique_key, self.job_id)
