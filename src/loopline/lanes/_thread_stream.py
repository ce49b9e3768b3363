"""A generator that runs in a thread for as long as its stream lives."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Generic, TypeVar

from loopline.errors import LaneClosed
from loopline.lanes._callable import items_of, name_of
from loopline.lanes._gate import Gate, Place
from loopline.lanes._wire import AHEAD
from loopline.lanes.stream import Feed

__all__ = ["ThreadSource"]

R = TypeVar("R")


class ThreadSource(Generic[R]):
    """The source of a stream in a thread lane; for the gate it is a place.

    Args:
        gate: The lane's gate.
        in_thread: Runs a function in a thread on a place of the gate, which it leaves.
        fn: Returns the generator.
        args: Its arguments.
        feed: Where the items go.
    """

    def __init__(
        self,
        gate: Gate,
        in_thread: Callable[[Gate, ThreadSource[R], Callable[[], None]], Awaitable[None]],
        fn: Callable[..., Iterable[R]],
        args: tuple[Any, ...],
        feed: Feed[R],
    ) -> None:
        self.since = 0.0
        self.abandoned = False
        self.left = False
        self._gate = gate
        self._in_thread = in_thread
        self._fn = fn
        self._args = args
        self._feed = feed
        self._room = threading.Semaphore(AHEAD)
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> Place:
        """Ask for a place; see ``Source``."""
        self._loop = asyncio.get_running_loop()
        # It may begin in another call's context.
        self._context = contextvars.copy_context()
        self._gate.admit(self)
        return self

    def begin(self) -> bool:
        """Begin; see ``Place``."""
        self._task = self._loop.create_task(self._run(), context=self._context)
        return True

    def refuse(self, error: LaneClosed) -> None:
        """End without having begun; see ``Place``."""
        self._feed.end(error)

    def go_on(self) -> None:
        """Let the generator make another item."""
        self._room.release()

    def stop(self) -> None:
        """Close the generator at its next item."""
        if self._gate.withdraw(self):
            self._feed.end()
        self._stopping = True
        self._room.release()

    def give_up(self) -> None:
        """Leave the thread to itself; it closes the generator when it gets there."""
        self.stop()
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        def give_out() -> None:
            self._give_out()

        give_out.__qualname__ = name_of(self._fn)
        try:
            await self._in_thread(self._gate, self, give_out)
        except asyncio.CancelledError:
            self._feed.end()  # nobody waits for it any more
        except BaseException as error:  # noqa: BLE001 - the stream raises it
            self._feed.end(error)
        else:
            self._feed.end()

    def _give_out(self) -> None:
        """Iterate in the thread, some items ahead of the consumer."""
        with items_of(self._fn, self._args) as items:
            for item in items:
                self._room.acquire()
                if self._stopping:
                    return
                self._loop.call_soon_threadsafe(self._feed.put, item)
