"""The protocol that every lane follows, and what a lane says about itself."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, Self, TypeVar, TypeVarTuple

from loopline.durations import Durations

if TYPE_CHECKING:
    from loopline.lanes.stream import Stream

__all__ = ["Lane", "LaneStatistics"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@dataclass(frozen=True, slots=True)
class LaneStatistics:
    """What a lane is doing now, and what has become of its calls since it started.

    Attributes:
        name: The lane's name.
        size: How many calls it runs at once.
        max_queue: How many calls may wait.
        running: Calls that run now, abandoned ones included.
        abandoned: Those of them that nobody waits for any more.
        waiting: Calls that wait for a place now.
        completed: Calls that returned a value.
        failed: Calls that raised.
        timed_out: Calls that were given up at their timeout.
        cancelled: Calls whose caller was cancelled.
        rejected: Calls refused with LaneFull.
        ever: How long calls ran, without what they waited for a place.
        recent: How long those of the last minute or two ran.
    """

    name: str
    size: int
    max_queue: int
    running: int
    abandoned: int
    waiting: int
    completed: int
    failed: int
    timed_out: int
    cancelled: int
    rejected: int
    ever: Durations
    recent: Durations


class Lane(Protocol):
    """A place off the event loop where a plain function runs, with a bound on how many run and how many wait.

    A lane is an async context manager and a resource for ``lifespan(...)``. It can be started again once closed.
    """

    @property
    def name(self) -> str:
        """The lane's name, used in messages and statistics."""
        ...

    async def run(self, fn: Callable[[*Ts], R], *args: *Ts, timeout: float | None = None) -> R:
        """Run ``fn(*args)`` in the lane and return its result.

        Args:
            fn: A plain function. For keyword arguments use ``functools.partial``.
            args: Its positional arguments.
            timeout: Seconds that the call may take, waiting included; None means the lane's own default.

        Returns:
            What the function returned.

        Raises:
            LaneFull: If as many calls run and wait as may.
            LaneTimeout: If the call was not finished in time.
            LaneClosed: If the lane has not started or is closed.
            ConfigurationError: If ``fn`` is a coroutine function or a generator function.
            Exception: Whatever the function raised, unchanged.
        """
        ...

    def stream(self, fn: Callable[[*Ts], Iterable[R]], *args: *Ts, timeout: float | None = None) -> Stream[R]:
        """Iterate over ``fn(*args)`` in the lane: its items arrive here as they are made.

        It holds one place of the lane until it ends. Use it as ``async with lane.stream(fn) as items``, then
        ``async for item in items``: leaving the block closes the generator.

        Args:
            fn: A generator function, or any that returns something to iterate over.
            args: Its positional arguments.
            timeout: Seconds that may pass until the next item, for the first waiting for a place included; None means
                the lane's own default.

        Returns:
            The items, as an asynchronous iterator. Nothing has been asked of the lane yet.

        Raises:
            ConfigurationError: If ``fn`` is an async function, or the lane can't do this.
        """
        ...

    async def map(
        self,
        fn: Callable[[T], R],
        items: Iterable[T],
        *,
        limit: int | None = None,
        timeout: float | None = None,
        chunk: int = 1,
    ) -> list[R]:
        """Run ``fn(item)`` for each item and return the results in the items' order.

        The first error ends the whole: it is raised, and calls that have not started never do.

        Args:
            fn: A plain function of one argument.
            items: The items; taken one by one as places become free.
            limit: How many calls may be in flight at once; None means the lane's size.
            timeout: Seconds that each call may take, waiting included; None means the lane's own default.
            chunk: How many items one call works through.

        Returns:
            The results, in the order of the items.

        Raises:
            LooplineError: As ``run`` does.
            Exception: The first error that the function raised.
        """
        ...

    def offload(self, fn: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
        """Make a plain function an ``async def`` one that runs in the lane: an endpoint, a dependency, any function.

        Args:
            fn: The function. Its signature is kept, so FastAPI reads its parameters as before.

        Returns:
            A coroutine function with the same parameters and result.

        Raises:
            ConfigurationError: If ``fn`` is a coroutine function or a generator function.
        """
        ...

    def statistics(self) -> LaneStatistics:
        """Return what the lane is doing now and what it has done since it started."""
        ...

    async def aclose(self) -> None:
        """Refuse new calls, wait for those that run, and free what the lane holds. Closing twice is harmless."""
        ...

    async def __aenter__(self) -> Self:
        """Start the lane."""
        ...

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the lane."""
        ...
