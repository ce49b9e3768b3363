"""An executor that a lane owns: handed work, replaced when it breaks, ended whatever it does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any, TypeVar

from loopline.errors import ConfigurationError, LaneClosed, WorkerLost

__all__ = ["OwnedExecutor"]

R = TypeVar("R")

# Seconds: how long an end waits for a hand-over that is stuck in the executor, and for a killed process to be reaped.
PATIENCE = 1.0


class OwnedExecutor:
    """An executor and its successors. Starting processes and joining them block, so every method is for a thread.

    Args:
        name: The lane's name, for messages.
        given: The executor, if it was given as one.
        make: Makes one, if a function was given.
    """

    def __init__(self, name: str, given: Executor | None, make: Callable[[], Executor] | None) -> None:
        self._name = name
        self._executor = given
        self._make = make
        self._closed = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Make the executor, if it is to be made.

        Raises:
            ConfigurationError: If the function made something else.
            Exception: What the function raised.
        """
        with self._lock:
            if self._executor is None:
                self._renew()

    def submit(self, call: Callable[[], R]) -> Future[R]:
        """Hand a call over. A broken executor is replaced first, if one can be made.

        Raises:
            LaneClosed: If the lane is closed.
            WorkerLost: If the executor is broken for good, or the new one breaks at once.
            Exception: What the executor says, or the function that makes one.
        """
        with self._lock:
            if self._closed or self._executor is None:
                raise LaneClosed(f"lane {self._name!r} is closed")
            try:
                return self._executor.submit(call)
            except BrokenExecutor as error:
                if self._make is None:
                    raise WorkerLost(
                        f"lane {self._name!r}: the executor is broken for good, since a worker was lost: {error}. "
                        "Give the lane a function that makes executors, and it gets a new one."
                    ) from error
            _end(self._executor)
            try:
                return self._renew().submit(call)
            except BrokenExecutor as error:
                raise WorkerLost(f"lane {self._name!r}: the new executor is broken at once: {error}") from error

    def shutdown(self) -> None:
        """Let nothing in any more, and wait until the workers have ended."""
        self._closed = True
        with self._lock:
            executor = self._executor
        if executor is not None:
            executor.shutdown(wait=True)

    def kill(self) -> None:
        """Let nothing in any more, and end the workers now: processes are killed, threads can't be and are left."""
        self._closed = True
        unstuck = self._lock.acquire(timeout=PATIENCE)
        try:
            if self._executor is not None:
                _end(self._executor)
        finally:
            if unstuck:
                self._lock.release()

    def _renew(self) -> Executor:
        assert self._make is not None
        made = self._make()
        if not isinstance(made, Executor):
            raise ConfigurationError(
                f"lane {self._name!r}: the function made {made!r}, which is no executor: "
                "let it return one, as in ExecutorLane(lambda: ProcessPoolExecutor(2), …)"
            )
        if self._closed:  # meanwhile
            _end(made)
            raise LaneClosed(f"lane {self._name!r} is closed")
        self._executor = made
        return made


def _end(executor: Executor) -> None:
    # Before Python 3.14 nothing public ends a busy ProcessPoolExecutor, and in no version can its processes be waited
    # for; so its private mapping is read. Where that is missing, it is shut down and left to end by itself.
    processes: list[Any] = list((getattr(executor, "_processes", None) or {}).values())
    kill_workers = getattr(executor, "kill_workers", None)
    if kill_workers is not None:
        kill_workers()
    else:
        for process in processes:
            process.kill()
    executor.shutdown(wait=bool(processes))
    for process in processes:
        process.join(PATIENCE)
