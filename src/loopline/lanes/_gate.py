"""Admission to a lane: so many calls run, so many wait in line, the rest are refused."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from loopline.durations import DurationCounter
from loopline.errors import ConfigurationError, LaneClosed, LaneFull
from loopline.lanes.lane import LaneStatistics

__all__ = ["Gate", "Place"]

# How much the newest call counts in the average duration, on which Retry-After is based.
NEWEST = 0.2


class Place(Protocol):
    """The right to run, asked for with ``Gate.admit`` and held until ``Gate.leave``.

    Attributes:
        since: When the call began, in the loop's time; 0 before that.
        abandoned: Whether nobody waits for the call any more, although it runs.
        left: Whether the place was given back.
    """

    since: float
    abandoned: bool
    left: bool

    def begin(self) -> bool:
        """Begin: called at once, or when it is its turn. Returns False if nobody wants that any more."""
        ...

    def refuse(self, error: LaneClosed) -> None:
        """Called instead of ``begin`` if the lane closes before."""
        ...


@dataclass(slots=True, eq=False)
class _Turn:
    """A place whose holder awaits its turn."""

    come: asyncio.Future[None]
    since: float = 0.0
    abandoned: bool = False
    left: bool = False

    def begin(self) -> bool:
        if self.come.done():
            return False  # cancelled, and not awake yet to take itself out of the line
        self.come.set_result(None)
        return True

    def refuse(self, error: LaneClosed) -> None:
        if not self.come.done():
            self.come.set_exception(error)


@dataclass(slots=True)
class Gate:
    """The places of a lane, given in the order of asking. Used from the event loop's thread alone.

    Args:
        name: The lane's name.
        size: How many calls run at once.
        max_queue: How many may wait.
    """

    name: str
    size: int
    max_queue: int
    open: bool = False
    running: int = 0
    abandoned: int = 0
    completed: int = 0
    failed: int = 0
    timed_out: int = 0
    cancelled: int = 0
    rejected: int = 0
    durations: DurationCounter = field(default_factory=DurationCounter)
    _waiting: deque[Place] = field(default_factory=deque)
    _average: float = 0.0
    _drained: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ConfigurationError(f"lane {self.name!r}: size must be at least 1, not {self.size}")
        if self.max_queue < 0:
            raise ConfigurationError(f"lane {self.name!r}: max_queue must be at least 0, not {self.max_queue}")

    def admit(self, place: Place) -> None:
        """Let a call begin, now or when it is its turn.

        Raises:
            LaneFull: If as many run and wait as may.
            LaneClosed: If the lane is not open.
        """
        if not self.open:
            raise self.closed_error()
        if self.running < self.size:
            self.running += 1
            self._begin(place)
        elif len(self._waiting) < self.max_queue:
            self._waiting.append(place)
        else:
            self.rejected += 1
            retry_after = max(1, math.ceil(self._average * (len(self._waiting) + 1) / self.size))
            full = LaneFull(f"Lane {self.name!r} is full. Try again in {retry_after} s.", retry_after)
            # For the log: a client need not know.
            full.add_note(
                f"size={self.size}, max_queue={self.max_queue}; {self.abandoned} of those that run are abandoned"
            )
            raise full

    def withdraw(self, place: Place) -> bool:
        """Take a call out of the line. Return False if it has begun already."""
        if place in self._waiting:
            self._waiting.remove(place)
            return True
        return False

    async def enter(self) -> Place:
        """Take a place, waiting for one in line.

        Raises:
            LaneFull: If as many run and wait as may.
            LaneClosed: If the lane is not open, or closes meanwhile.
        """
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = _Turn(turn)
        self.admit(place)
        if place.since:
            return place
        try:
            await turn
        except LaneClosed:
            self.failed += 1
            raise
        except asyncio.CancelledError:
            if not self.withdraw(place) and place.since:
                self._pass_on()  # the place came in the same moment
            raise
        return place

    def leave(self, place: Place, now: float) -> None:
        """Give the place to the next in line. ``now`` is the loop's time in seconds."""
        place.left = True
        took = now - place.since
        self.durations.count(took, now)
        self._average = took if not self._average else (1 - NEWEST) * self._average + NEWEST * took
        if place.abandoned:
            self.abandoned -= 1
        self._pass_on()

    def abandon(self, place: Place) -> None:
        """Note that nobody waits for the call any more, although it still runs."""
        if not place.left:
            place.abandoned = True
            self.abandoned += 1

    def close(self) -> None:
        """Let nobody in any more; those in line get LaneClosed."""
        self.open = False
        while self._waiting:
            self._waiting.popleft().refuse(self.closed_error())

    async def drained(self) -> None:
        """Wait until nothing runs."""
        while self.running:
            self._drained.clear()
            await self._drained.wait()

    def statistics(self) -> LaneStatistics:
        """Return the numbers."""
        return LaneStatistics(
            name=self.name,
            size=self.size,
            max_queue=self.max_queue,
            running=self.running,
            abandoned=self.abandoned,
            waiting=len(self._waiting),
            completed=self.completed,
            failed=self.failed,
            timed_out=self.timed_out,
            cancelled=self.cancelled,
            rejected=self.rejected,
            ever=self.durations.ever(),
            recent=self.durations.recent(),
        )

    def _pass_on(self) -> None:
        while self._waiting:
            if self._begin(self._waiting.popleft()):
                return
        self.running -= 1
        if not self.running:
            self._drained.set()

    def _begin(self, place: Place) -> bool:
        place.since = asyncio.get_running_loop().time()
        if not place.begin():
            place.since = 0.0
        return bool(place.since)

    def closed_error(self) -> LaneClosed:
        """Return what a call gets that the lane does not let in."""
        return LaneClosed(
            f"lane {self.name!r} is not running: give it to lifespan(...), or call it inside `async with`"
        )
