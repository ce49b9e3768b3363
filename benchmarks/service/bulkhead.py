"""An executor with a bound, as an engineer writes it who has read the manuals: 503 when full, 504 when late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar, TypeVarTuple

from fastapi import HTTPException

__all__ = ["Bulkhead"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Bulkhead:
    """Calls in an executor that is closed elsewhere.

    Args:
        executor: Where they run.
        most: How many calls may run or wait; the next is refused.
        timeout: Seconds that one may take, its wait included.
    """

    def __init__(self, executor: Executor, *, most: int, timeout: float) -> None:
        self._executor = executor
        self._most = most
        self._timeout = timeout
        self._inside = 0

    async def run(self, fn: Callable[[*Ts], T], *args: *Ts) -> T:
        """Run a function there.

        Raises:
            HTTPException: 503 if too many calls are there, 504 if it took too long.
        """
        if self._inside >= self._most:
            raise HTTPException(503, "Too busy. Try again.", headers={"Retry-After": "1"})
        loop = asyncio.get_running_loop()
        future = self._executor.submit(fn, *args)
        self._inside += 1
        # A call that is given up may still run, so its place is free when the executor says so.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise HTTPException(504, "It took too long.") from error

    def _leave(self) -> None:
        self._inside -= 1
