"""ThreadLane: blocking calls in threads of their own number."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, TypeVarTuple

from anyio import CancelScope, CapacityLimiter, to_thread

from loopline import _opened
from loopline.errors import ConfigurationError
from loopline.lanes._account import counted
from loopline.lanes._callable import call_plain, check_callable, check_source
from loopline.lanes._deadline import choose_timeout
from loopline.lanes._gate import Gate, Place
from loopline.lanes._map import map_over
from loopline.lanes._offload import offload_to
from loopline.lanes._thread_stream import ThreadSource
from loopline.lanes._traced import call_span
from loopline.lanes.lane import LaneStatistics
from loopline.lanes.stream import Feed, Stream

__all__ = ["ThreadLane"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

logger = logging.getLogger("loopline.lanes")


class ThreadLane:
    """Runs blocking functions in threads, apart from the 40 that FastAPI shares among all ``def`` endpoints.

    Context variables are copied into the thread. A thread can't be killed: a call that is given up, at its timeout or
    because its caller was cancelled, goes on, and its place stays taken until it ends. It can look for itself:
    ``anyio.from_thread.check_cancelled()`` raises in it then. A thread that never ends holds up an ordinary exit of
    the program, though not one by a signal, which is how uvicorn ends after SIGTERM.

    Args:
        name: What messages and statistics call it.
        size: How many calls run at once.
        max_queue: How many more may wait; the next is refused with LaneFull.
        timeout: Seconds that a call may take, waiting included, unless it says otherwise; None is no bound.

    Raises:
        ConfigurationError: If a number can't work.
    """

    def __init__(self, name: str, *, size: int = 10, max_queue: int = 100, timeout: float | None = None) -> None:
        self._gate = Gate(name, size, max_queue)
        self._timeout = choose_timeout(None, timeout)

    @property
    def name(self) -> str:
        """The lane's name."""
        return self._gate.name

    async def run(self, fn: Callable[[*Ts], R], *args: *Ts, timeout: float | None = None) -> R:
        """Run ``fn(*args)`` in a thread; see ``Lane.run``."""
        check_callable(fn)
        gate = self._gate

        async def work(place: Place) -> R:
            return await self._in_thread(gate, place, fn, *args)

        seconds = choose_timeout(timeout, self._timeout)
        with call_span(self.name, fn, args) as span:
            return await counted(gate, work, span, timeout=seconds, late="ran longer; its thread can't be stopped")

    def stream(self, fn: Callable[[*Ts], Iterable[R]], *args: *Ts, timeout: float | None = None) -> Stream[R]:
        """Iterate over ``fn(*args)`` in one thread; see ``Lane.stream``."""
        check_source(fn)
        gate, feed = self._gate, Feed[R]()
        source = ThreadSource(gate, self._in_thread, fn, args, feed)
        return Stream(gate, fn, source, feed, choose_timeout(timeout, self._timeout))

    async def _in_thread(self, gate: Gate, place: Place, fn: Callable[[*Ts], R], *args: *Ts) -> R:
        loop = asyncio.get_running_loop()
        # Whoever takes it first decides: the thread that begins the call, or the caller that withdraws it.
        begun = threading.Lock()

        def leave() -> None:
            gate.leave(place, loop.time())

        def body() -> R:
            if not begun.acquire(blocking=False):
                raise asyncio.CancelledError  # nobody hears it
            try:
                return call_plain(fn, args)
            finally:
                with suppress(RuntimeError):  # the loop may be closed, and with it the lane
                    loop.call_soon_threadsafe(leave)

        scope = CancelScope()
        try:
            with scope:
                # The limiter is no bound here: a gate's place is held by the thread, not by whoever waits for it.
                result = await to_thread.run_sync(body, abandon_on_cancel=True, limiter=CapacityLimiter(1))
        except BaseException as error:
            if begun.acquire(blocking=False):
                leave()  # cancelled in time, or no thread could be started
            elif isinstance(error, asyncio.CancelledError):
                gate.abandon(place)
                scope.cancel()  # check_cancelled() in the thread looks here
            raise
        return result

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
        """Refuse new calls and wait for those that run, abandoned ones included."""
        self._gate.close()
        _opened.lanes.discard(self)
        try:
            await self._gate.drained()
        except asyncio.CancelledError:
            logger.warning("lane %r: %d calls still run in threads and are left behind", self.name, self._gate.running)
            raise

    async def __aenter__(self) -> Self:
        """Open the lane; threads start when they are needed."""
        if self._gate.open:
            raise ConfigurationError(f"lane {self.name!r} has started already: one `async with` at a time")
        # A gate of its own for each start: a thread left behind by an earlier one may never tell of its end.
        self._gate = Gate(self._gate.name, self._gate.size, self._gate.max_queue, open=True)
        _opened.lanes.add(self)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the lane."""
        await self.aclose()
