"""What is open in this process: lanes, databases, job queues, watchers. The dashboard and the metrics look here."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from loopline.database import Database
    from loopline.jobs import JobQueue
    from loopline.lanes.lane import LaneStatistics
    from loopline.watch.watcher import Watcher

T = TypeVar("T")


class HasStatistics(Protocol):
    """A lane, or a Limiter."""

    def statistics(self) -> LaneStatistics:
        """Return what it is doing and has done."""
        ...


class Opened(Generic[T]):
    """Things of one kind, in the order in which they were opened. It keeps none of them alive."""

    def __init__(self) -> None:
        self._numbers = count()
        self._things: weakref.WeakValueDictionary[int, T] = weakref.WeakValueDictionary()

    def add(self, thing: T) -> None:
        """Note that it is open."""
        self._things[next(self._numbers)] = thing

    def discard(self, thing: T) -> None:
        """Note that it is closed. Harmless if it never was open."""
        for number, known in list(self._things.items()):
            if known is thing:
                del self._things[number]

    def __iter__(self) -> Iterator[T]:
        """Go through them."""
        return iter([thing for _, thing in sorted(self._things.items())])


lanes: Opened[HasStatistics] = Opened()
databases: Opened[Database] = Opened()
job_queues: Opened[JobQueue] = Opened()
watchers: Opened[Watcher] = Opened()
