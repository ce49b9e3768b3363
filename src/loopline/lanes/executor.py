"""ExecutorLane: any ``concurrent.futures.Executor`` behind the lanes' protocol."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, ParamSpec, Self, TypeVar, TypeVarTuple

from anyio import CapacityLimiter, move_on_after, to_thread

from loopline import _opened
from loopline._finish import finish_first
from loopline.errors import ConfigurationError, LaneClosed, WorkerLost
from loopline.lanes._account import counted
from loopline.lanes._callable import check_callable, name_of
from loopline.lanes._carried import carried_trace
from loopline.lanes._deadline import choose_timeout
from loopline.lanes._envelope import Call, Outcome
from loopline.lanes._gate import Gate, Place
from loopline.lanes._map import map_over
from loopline.lanes._offload import offload_to
from loopline.lanes._owned_executor import OwnedExecutor
from loopline.lanes._traced import call_span
from loopline.lanes.lane import LaneStatistics
from loopline.lanes.stream import Stream

__all__ = ["ExecutorLane"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

logger = logging.getLogger("loopline.lanes")

# Seconds that killing the workers may take, once the lane's own close_timeout has passed.
KILL_TIMEOUT = 5.0


class ExecutorLane:
    """Runs functions in an executor: ProcessPoolExecutor, ThreadPoolExecutor, and others of ``concurrent.futures``.

    What it can't do is what executors can't. A call that runs can't be stopped: one that is given up, at its timeout
    or because its caller was cancelled, goes on, and its place stays taken until it ends. Context variables don't come
    along, the trace does. To and from processes everything is pickled. When a worker process dies, all calls in flight
    fail with WorkerLost, though perhaps only when another call begins or ends: a ProcessPoolExecutor may not notice
    before. If the lane has a function that makes executors, the next call gets a new one. A thread that never ends
    holds up the exit of the program.

    Args:
        executor: An executor, which the lane shuts down when it closes; or, better, a function without parameters
            that makes one, so that the lane can be started again and can replace a broken executor. Let a
            ProcessPoolExecutor spawn (``mp_context=get_context("spawn")``): a fork of a process with threads can hang.
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
        self._given: Executor | None = executor if isinstance(executor, Executor) else None
        self._owned: OwnedExecutor | None = None
        self._gate = Gate(name, size, max_queue)
        self._timeout = choose_timeout(None, timeout)
        self._close_timeout = close_timeout

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

        gate = self._gate

        async def work(place: Place) -> R:
            return await self._in_executor(gate, place, fn, args)

        seconds = choose_timeout(timeout, self._timeout)
        with call_span(self.name, fn, args) as span:
            return await counted(gate, work, span, timeout=seconds, late="ran longer; an executor can't stop it")

    async def _in_executor(self, gate: Gate, place: Place, fn: Callable[[*Ts], R], args: tuple[*Ts]) -> R:
        loop = asyncio.get_running_loop()
        owned = self._owned
        over = asyncio.Event()

        def leave() -> None:
            gate.leave(place, loop.time())
            over.set()

        def ended() -> None:
            with suppress(RuntimeError):  # the loop may be closed, and with it the lane
                loop.call_soon_threadsafe(leave)

        if owned is None:
            leave()
            raise LaneClosed(f"lane {self.name!r} closed before the call of {name_of(fn)} began")
        hand_over = _HandOver(owned, Call(fn, args, carried_trace()), ended)
        try:
            future = await to_thread.run_sync(hand_over, abandon_on_cancel=True, limiter=CapacityLimiter(1))
            await over.wait()
        except BaseException as error:
            if hand_over.withdraw():
                leave()
            elif isinstance(error, asyncio.CancelledError) and not hand_over.cancel():
                gate.abandon(place)
            raise
        if future.cancelled():
            raise WorkerLost(f"lane {self.name!r}: the executor dropped the call of {name_of(fn)}")
        try:
            outcome = future.result()
        except BrokenExecutor as error:
            why = "a worker was lost" if gate.open else f"the lane closed, {self._close_timeout:g} s had passed,"
            raise WorkerLost(f"lane {self.name!r}: {why} while {name_of(fn)} was in flight: {error}") from error
        return outcome.get()

    def stream(self, fn: Callable[[*Ts], Iterable[R]], *args: *Ts, timeout: float | None = None) -> Stream[R]:
        """Refuse: an executor gives back one result, when all the work is done.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(
            f"lane {self.name!r}: an executor can't stream. Use a ProcessLane or a ThreadLane, or give "
            "run() a function that returns a list."
        )

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
        """Refuse new calls, wait ``close_timeout`` for those that run, shut the executor down. Or else kill it."""
        self._gate.close()
        _opened.lanes.discard(self)
        owned, self._owned = self._owned, None
        if owned is None:
            return
        try:
            async with asyncio.timeout(self._close_timeout):
                await self._gate.drained()
                await to_thread.run_sync(owned.shutdown, abandon_on_cancel=True, limiter=CapacityLimiter(1))
        except (TimeoutError, asyncio.CancelledError) as error:
            logger.warning(
                "lane %r: %d calls still run as it closes: worker processes are killed, threads are left behind",
                self.name,
                self._gate.running,
            )
            await finish_first(_kill(owned))
            if not isinstance(error, TimeoutError):
                raise

    async def __aenter__(self) -> Self:
        """Open the lane and make its executor."""
        if self._gate.open:
            raise ConfigurationError(f"lane {self.name!r} has started already: one `async with` at a time")
        given, self._given = self._given, None
        if self._make is None and given is None:
            raise ConfigurationError(
                f"lane {self.name!r}: its executor is shut down. To start the lane again, give it a function "
                "that makes one: ExecutorLane(lambda: ProcessPoolExecutor(2), …)"
            )
        # A gate of its own for each start: what an earlier one left behind would never tell this event loop of its end.
        self._gate = Gate(self._gate.name, self._gate.size, self._gate.max_queue, open=True)
        self._owned = OwnedExecutor(self.name, given, self._make)
        try:
            await to_thread.run_sync(self._owned.start, abandon_on_cancel=True, limiter=CapacityLimiter(1))
        except BaseException:
            await self.aclose()
            raise
        _opened.lanes.add(self)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the lane."""
        await self.aclose()


class _HandOver(Generic[R]):
    """A call on its way into the executor, through a thread; its caller may give it up at any moment.

    Args:
        owned: The executor.
        call: The call.
        ended: Called in whichever thread, once the executor is done with the call or has refused it.
    """

    def __init__(self, owned: OwnedExecutor, call: Call[R], ended: Callable[[], None]) -> None:
        self._owned = owned
        self._call = call
        self._ended = ended
        # Whoever takes it first decides: the thread that begins, or the caller that withdraws.
        self._begun = threading.Lock()
        self._given_up = False
        self._future: Future[Outcome[R]] | None = None

    def __call__(self) -> Future[Outcome[R]]:
        """Hand the call over; blocking."""
        if not self._begun.acquire(blocking=False):
            raise asyncio.CancelledError  # nobody hears it
        try:
            future = self._owned.submit(self._call)
        except BaseException:
            self._ended()
            raise
        self._future = future
        future.add_done_callback(lambda _: self._ended())
        if self._given_up:
            future.cancel()
        return future

    def withdraw(self) -> bool:
        """Return whether it had not begun; then it never will."""
        return self._begun.acquire(blocking=False)

    def cancel(self) -> bool:
        """Return whether the executor had not begun it; then it never will."""
        self._given_up = True
        return self._future is not None and self._future.cancel()


async def _kill(owned: OwnedExecutor) -> None:
    with move_on_after(KILL_TIMEOUT):
        await to_thread.run_sync(owned.kill, abandon_on_cancel=True, limiter=CapacityLimiter(1))
