"""When Python's garbage collector ran, and for how long."""

from __future__ import annotations

import gc
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

__all__ = ["Collection", "Collector"]

KEPT = 100  # collections; those of a stall are the last
WORTH = 0.001  # seconds: shorter ones explain no stall


@dataclass(frozen=True, slots=True)
class Collection:
    """A run of the collector.

    Attributes:
        began: When, by the monotonic clock.
        ended: Likewise.
        thread: In which thread.
    """

    began: float
    ended: float
    thread: int


class Collector:
    """Listens to the garbage collector, from ``start`` to ``stop``."""

    def __init__(self) -> None:
        self._began = 0.0
        self._recent: deque[Collection] = deque(maxlen=KEPT)

    def start(self) -> None:
        """Listen."""
        gc.callbacks.append(self._note)

    def stop(self) -> None:
        """Listen no more."""
        with suppress(ValueError):  # somebody has emptied the list
            gc.callbacks.remove(self._note)

    def seconds(self, began: float, ended: float, thread: int) -> float:
        """Return how much of a time a thread spent collecting."""
        recent = [one for one in list(self._recent) if one.thread == thread]
        return sum(max(0.0, min(one.ended, ended) - max(one.began, began)) for one in recent)

    def _note(self, phase: str, info: dict[str, Any]) -> None:
        now = monotonic()
        if phase == "start":
            self._began = now
        elif now - self._began > WORTH:
            self._recent.append(Collection(self._began, now, threading.get_ident()))
