"""A stream, seen from the bridge: an actor, what it was asked for, and its answers in that order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

import ray

from loopline.lanes import _wire as wire
from loopline.lanes._ray_task import Answer

__all__ = ["Actor"]


class Actor:
    """A generator's actor. Ray's answers may overtake each other; here they go on in the order of asking.

    Args:
        handle: Ray's handle of the actor.
        read: Reads what Ray says of an answer.
        give: Is given each answer, the first that is no item as the last.
    """

    def __init__(self, handle: Any, read: Callable[[Future[Answer]], Answer], give: Callable[[Answer], None]) -> None:
        self._handle = handle
        self._read = read
        self._give = give
        self._asked = 0
        self._given = 0
        self._early: dict[int, Answer] = {}
        self._ended = False
        self._lock = threading.RLock()

    def ask(self, *, stop: bool = False) -> None:
        """Ask for one more item, or for the generator's end."""
        if stop:
            self._handle.stop.options(concurrency_group="control").remote()
        index, self._asked = self._asked, self._asked + 1
        self._handle.take.remote(stop=stop).future().add_done_callback(partial(self._answered, index))

    def end(self) -> None:
        """End the actor's process. Not in a thread that Ray calls back from: there it would wait for itself."""
        self._ended = True
        with suppress(Exception):  # it has ended, or the cluster is gone
            ray.kill(self._handle)

    def _answered(self, index: int, future: Future[Answer]) -> None:
        answer = self._read(future)
        with self._lock:
            self._early[index] = answer
            while not self._ended and self._given in self._early:
                answer = self._early.pop(self._given)
                self._given += 1
                self._ended = answer[0] != wire.ITEM
                self._give(answer)
