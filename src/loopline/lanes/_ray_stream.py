"""A generator that runs in an actor on a Ray cluster for as long as its stream lives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Generic, TypeVar

from loopline.errors import LaneClosed, WorkerLost
from loopline.lanes import _ray_wire as ray_wire
from loopline.lanes import _wire as wire
from loopline.lanes._gate import Gate, Place
from loopline.lanes._process_call import noted, outcome, pack
from loopline.lanes._ray_answer import content_of, lost
from loopline.lanes._ray_process import Bridge
from loopline.lanes._ray_wire import Frame
from loopline.lanes.stream import Feed, Unreadable

__all__ = ["RaySource"]

R = TypeVar("R")


class RaySource(Generic[R]):
    """The source of a stream in a Ray lane; for the gate it is a place.

    Args:
        gate: The lane's gate.
        bridge: Returns the bridge to the cluster.
        fn: Returns the generator.
        args: Its arguments.
        feed: Where the items go.
        values: Returns the context variables' values that come along.
    """

    def __init__(
        self,
        gate: Gate,
        bridge: Callable[[], Awaitable[Bridge]],
        fn: Callable[..., Iterable[R]],
        args: tuple[Any, ...],
        feed: Feed[R],
        values: Callable[[], tuple[tuple[Any, Any], ...]],
    ) -> None:
        self.since = 0.0
        self.abandoned = False
        self.left = False
        self._gate = gate
        self._connect = bridge
        self._fn = fn
        self._args = args
        self._feed = feed
        self._values = values
        self._opening: asyncio.Task[None] | None = None
        self._bridge: Bridge | None = None
        self._number = 0

    def start(self) -> Place:
        """Ask for a place; see ``Source``.

        Raises:
            ConfigurationError: If the call can't be sent to the cluster.
        """
        self._packed = pack(self._fn, self._args, self._values())
        self._loop = asyncio.get_running_loop()
        self._gate.admit(self)
        return self

    def begin(self) -> bool:
        """Begin; see ``Place``."""
        self._opening = self._loop.create_task(self._open())
        return True

    def refuse(self, error: LaneClosed) -> None:
        """End without having begun; see ``Place``."""
        self._feed.end(error)

    def go_on(self) -> None:
        """Let the generator make another item."""
        if self._bridge is not None:
            self._bridge.say(self._number, wire.TAKEN)

    def stop(self) -> None:
        """Close the generator at its next item. If it has not begun, it never does."""
        if self._gate.withdraw(self):
            self._feed.end()
        elif self._bridge is not None:
            self._bridge.say(self._number, ray_wire.STOP)
        else:
            self.give_up()

    def give_up(self) -> None:
        """End the actor's process."""
        if self._bridge is not None:
            self._bridge.say(self._number, ray_wire.CANCEL)
        self._over()

    async def _open(self) -> None:
        try:
            bridge = await self._connect()
            number = bridge.number()
            bridge.hears[number] = self._heard
            try:
                await bridge.send(number, wire.STREAM, self._packed)
            except BaseException:
                bridge.hears.pop(number, None)
                raise
            self._number, self._bridge = number, bridge
        except Exception as error:  # noqa: BLE001 - the stream raises it
            self._over(error)

    def _heard(self, frame: Frame | WorkerLost) -> None:
        if isinstance(frame, Frame) and frame.kind == wire.ITEM:
            content = content_of(frame)
            if isinstance(content, Exception):
                self._feed.put(Unreadable(noted(self._fn, content)))
            else:
                self._feed.put(content[1][0])
            return
        try:
            if isinstance(frame, WorkerLost):
                raise frame
            lost(self._gate.name, self._fn, frame)
            outcome(self._fn, frame.kind, content_of(frame))
        except BaseException as error:  # noqa: BLE001 - the stream raises it
            self._over(error)
        else:
            self._over()

    def _over(self, error: BaseException | None = None) -> None:
        """End it, whoever is first to say so."""
        if self._opening is not None and self._bridge is None:
            self._opening.cancel()
        if self._bridge is not None:
            self._bridge.hears.pop(self._number, None)
            self._bridge = None
        if not self.left and self.since:
            self._gate.leave(self, self._loop.time())
        self._feed.end(error)
