"""ExecutorLane: any ``concurrent.futures.Executor`` behind the lanes' protocol."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread

from loopline._finish import finish_first
from loopline.errors import ConfigurationError, LaneClosed, LaneTimeout, WorkerLost
from loopline.lanes._callable import call_plain, check_callable, name_of
from loopline.lanes._deadline import choose_timeout
from loopline.lanes._gate import Gate, Place
from loopline.lanes._map import map_over
from loopline.lanes._offload import offload_to
from loopline.lanes.lane import LaneStatistics

__all__ = ["ExecutorLane"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

logger = logging.getLogger("loopline.lanes")


class ExecutorLane:
    """Runs functions in an executor: ProcessPoolExecutor, ThreadPoolExecutor, loky, a Dask client's, and others.

    What it can't do is what executors can't: a call that runs can't be stopped, so one that is given up, at its
    timeout or because its caller was cancelled, goes on, and its place stays taken until it ends; context variables
    don't come along. When a worker process of a ProcessPoolExecutor dies, all calls in flight fail with
    WorkerLost; if the lane has a function that makes executors, the next call gets a new one.

    Args:
        executor: An executor, which the lane shuts down when it closes; or, better, a function without parameters
            that makes one, so that the lane can be started again and can replace a broken executor.
        size: How many calls are handed to the executor at once: its number of workers.
        name: What messages and statistics call it.
        max_queue: How many more calls may wait; the next is refused with LaneFull.
        timeout: Seconds that a call may take, waiting included, unless it says otherwise; None is no bound.
        close_timeout: Seconds that running calls may take to end when the lane closes. Then worker processes
            are killed, and threads left behind.

    Raises:
        ConfigurationError: If ``executor`` is neither, or a number can't work.
    """

    def __init__(
        self,
        executor: Executor | Callable[[], Executor],
        *,
        size: int,
        name: str = "executor",
        max_queue: int = 100,
        timeout: float | None = None,
        close_timeout: float = 5.0,
    ) -> None:
        if not isinstance(executor, Executor) and not callable(executor):
            raise ConfigurationError(f"lane {name!r}: give an executor, or a function that makes one, not {executor!r}")
        if not close_timeout > 0:
            raise ConfigurationError(f"lane {name!r}: close_timeout must be more than 0 seconds, not {close_timeout}")
        self._make = None if isinstance(executor, Executor) else executor
        self._executor: Executor | None = executor if isinstance(executor, Executor) else None
        self._gate = Gate(name, size, max_queue)
        self._timeout = choose_timeout(None, timeout)
        self._close_timeout = close_timeout
        # Making an executor and handing it work may start processes, which blocks: a thread does it, one at a time.
        self._submitting = asyncio.Lock()

    @property
    def name(self) -> str:
        """The lane's name."""
        return self._gate.name

    async def run(self, fn: Callable[[*Ts], R], *args: *Ts, timeout: float | None = None) -> R:
        """Run ``fn(*args)`` in the executor; see ``Lane.run``.

        Raises:
            WorkerLost: If the process that ran it died.
        """
        check_callable(fn)
        timeout = choose_timeout(timeout, self._timeout)
        gate = self._gate
        place: Place | None = None
        try:
            async with asyncio.timeout(timeout) as deadline:
                place = await gate.enter()
                result = await self._in_executor(fn, args, place)
        except asyncio.CancelledError:
            gate.cancelled += 1
            raise
        except BaseException as error:
            if isinstance(error, TimeoutError) and deadline.expired():
                gate.timed_out += 1
                what = "was still waiting for a place" if place is None else "ran longer; an executor can't stop it"
                raise LaneTimeout(f"Lane {self.name!r}: the call had {timeout:g} s and {what}.") from None
            if place is not None:
                gate.failed += 1
            raise
        gate.completed += 1
        return result

    async def _in_executor(self, fn: Callable[[*Ts], R], args: tuple[*Ts], place: Place) -> R:
        loop = asyncio.get_running_loop()
        gate = self._gate
        future: Future[R] | None = None

        def ended(_: Future[R]) -> None:
            with suppress(RuntimeError):  # the loop may be closed, and with it the lane
                loop.call_soon_threadsafe(lambda: gate.leave(place, loop.time()))

        async def submit() -> Future[R]:
            nonlocal future
            future = await self._submit(functools.partial(call_plain, fn, args))
            future.add_done_callback(ended)
            return future

        try:
            return await asyncio.wrap_future(await finish_first(submit()))
        except asyncio.CancelledError:
            if future is None:
                gate.leave(place, loop.time())
            elif not future.cancel():
                gate.abandon(place)
            raise
        except BrokenExecutor as error:
            raise WorkerLost(f"lane {self.name!r}: a worker died while {name_of(fn)} was in flight: {error}") from error
        except Exception as error:
            if future is None:
                gate.leave(place, loop.time())
            else:
                _explain(error, fn)
            raise

    async def _submit(self, call: Callable[[], R]) -> Future[R]:
        async with self._submitting:
            if not self._gate.open:
                raise LaneClosed(f"lane {self.name!r} is closed")
            try:
                return await to_thread.run_sync(self._hand_over, call, limiter=CapacityLimiter(1))
            except BrokenExecutor as error:
                if self._make is None:
                    raise WorkerLost(
                        f"lane {self.name!r}: the executor is broken for good, since a worker died: {error}. "
                        "Give the lane a function that makes executors, and it gets a new one."
                    ) from error
                broken, self._executor = self._executor, None
                assert broken is not None
                await to_thread.run_sync(broken.shutdown, limiter=CapacityLimiter(1))
                return await to_thread.run_sync(self._hand_over, call, limiter=CapacityLimiter(1))

    def _hand_over(self, call: Callable[[], R]) -> Future[R]:
        if self._executor is None:
            assert self._make is not None
            self._executor = self._make()
        return self._executor.submit(call)

    async def map(
        self,
        fn: Callable[[T], R],
        items: Iterable[T],
        *,
        limit: int | None = None,
        timeout: float | None = None,
        chunk: int = 1,
    ) -> list[R]:
        """Run ``fn(item)`` for each item; see ``Lane.map``."""
        return await map_over(
            self, fn, items, limit=self._gate.size if limit is None else limit, timeout=timeout, chunk=chunk
        )

    def offload(self, fn: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
        """Make a ``def`` an ``async def`` that runs in the lane; see ``Lane.offload``."""
        return offload_to(self, fn)

    def statistics(self) -> LaneStatistics:
        """Return what the lane is doing and has done."""
        return self._gate.statistics()

    async def aclose(self) -> None:
        """Refuse new calls, wait ``close_timeout`` for those that run, shut the executor down."""
        self._gate.close()
        async with self._submitting:
            executor, self._executor = self._executor, None
            if executor is None:
                return
            try:
                async with asyncio.timeout(self._close_timeout):
                    await self._gate.drained()
            except TimeoutError:
                logger.warning("lane %r: %d calls still ran when it closed", self.name, self._gate.running)
                _kill_workers(executor)
                executor.shutdown(wait=False, cancel_futures=True)
            else:
                await finish_first(to_thread.run_sync(executor.shutdown, limiter=CapacityLimiter(1)))

    async def __aenter__(self) -> Self:
        """Open the lane; the executor is made when it is needed."""
        if self._gate.open:
            raise ConfigurationError(f"lane {self.name!r} has started already: one `async with` at a time")
        if self._make is None and self._executor is None:
            raise ConfigurationError(
                f"lane {self.name!r}: its executor is shut down. To start the lane again, give it a function "
                "that makes one: ExecutorLane(lambda: ProcessPoolExecutor(2), …)"
            )
        self._gate = Gate(self._gate.name, self._gate.size, self._gate.max_queue, open=True)
        self._submitting = asyncio.Lock()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the lane."""
        await self.aclose()


def _explain(error: Exception, fn: Callable[..., Any]) -> None:
    """Add to the user's own error what an executor knows of it."""
    cause = error.__cause__
    if type(cause).__name__ in ("_RemoteTraceback", "_ExceptionWithTraceback"):
        error.__cause__ = None
        error.add_note(f"In the worker:{cause}")
        if "pickle" in str(error):
            error.add_note(f"What {name_of(fn)} is given and returns must be picklable: send plain data.")


def _kill_workers(executor: Executor) -> None:
    if hasattr(executor, "kill_workers"):  # ProcessPoolExecutor, from Python 3.14
        executor.kill_workers()
        return
    # Before 3.14 nothing public ends a busy ProcessPoolExecutor. Without the private mapping, nothing is killed.
    for process in list((getattr(executor, "_processes", None) or {}).values()):
        process.kill()
