"""A generator that runs in a worker process for as long as its stream lives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from loopline.lanes import _wire as wire
from loopline.lanes._carried import Which
from loopline.lanes._gate import Gate, Place
from loopline.lanes._process_call import Call, noted, outcome, pack
from loopline.lanes.stream import Feed, Unreadable

__all__ = ["ProcessSource"]

R = TypeVar("R")


class ProcessSource(Generic[R]):
    """The source of a stream in a process lane.

    Args:
        gate: The lane's gate.
        fn: Returns the generator.
        args: Its arguments.
        feed: Where the items go.
        values: Returns the context variables' values that come along.
        begin: Gives the call to a worker, once it may run.
        give_up: Ends the call, and its worker with it.
    """

    def __init__(
        self,
        gate: Gate,
        fn: Callable[..., Iterable[R]],
        args: tuple[Any, ...],
        feed: Feed[R],
        *,
        values: Callable[[], tuple[tuple[Which, Any], ...]],
        begin: Callable[[Call], None],
        give_up: Callable[[Call], None],
    ) -> None:
        self._gate = gate
        self._fn = fn
        self._args = args
        self._feed = feed
        self._values = values
        self._begin = begin
        self._give_up = give_up

    def start(self) -> Place:
        """Ask for a place; see ``Source``.

        Raises:
            ConfigurationError: If the call can't be sent to a process.
        """
        body, owned, buffers = pack(self._fn, self._args, self._values())
        done: asyncio.Future[tuple[int, Any]] = asyncio.get_running_loop().create_future()
        done.add_done_callback(self._ended)
        call = Call(body, owned, buffers, done, self._begin, wire.STREAM, self._arrived)
        self._gate.admit(call)
        self._call = call
        return call

    def go_on(self) -> None:
        """Let the generator make another item."""
        if self._call.worker is not None:
            self._call.worker.go_on(self._call)

    def stop(self) -> None:
        """Close the generator at its next item. Without a worker it has none: it never begins."""
        self._call.stopped = True
        if self._call.worker is not None:
            self._call.worker.stop(self._call)
        else:
            self.give_up()

    def give_up(self) -> None:
        """End the process, if it has not ended the call."""
        self._give_up(self._call)
        self._feed.end()

    def _arrived(self, content: Any) -> None:
        if isinstance(content, Exception):
            self._feed.put(Unreadable(noted(self._fn, content)))
        else:
            self._feed.put(content[1][0])

    def _ended(self, done: asyncio.Future[tuple[int, Any]]) -> None:
        try:
            outcome(self._fn, *done.result())
        except BaseException as error:  # noqa: BLE001 - the stream raises it
            self._feed.end(error)
        else:
            self._feed.end()
