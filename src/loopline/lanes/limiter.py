"""Limiter: a bound on how many requests an async route works on, since what awaits costs the loop as well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property

from fastapi import params

from loopline import _opened
from loopline.lanes._gate import Gate
from loopline.lanes.lane import LaneStatistics

__all__ = ["Limiter"]


class Limiter:
    """So many at once, so many in line, the next is refused: a lane's bounds for work that stays on the event loop.

    As a dependency it bounds a route, or with ``APIRouter(dependencies=[…])`` several together::

        batches = Limiter("batches", size=20)

        @app.get("/users/batch", dependencies=[batches.place])

    Elsewhere: ``async with batches.entered():``. It needs no start, belongs to one event loop, and has no timeout:
    write ``asyncio.timeout`` around it.

    Args:
        name: Its name, for messages and statistics.
        size: How many may be inside at once.
        max_queue: How many more may wait in line. Default 0.

    Raises:
        ConfigurationError: If a number can't work.
    """

    def __init__(self, name: str, *, size: int, max_queue: int = 0) -> None:
        self._gate = Gate(name, size, max_queue, open=True)
        _opened.lanes.add(self)

    @cached_property
    def place(self) -> params.Depends:
        """The dependency that holds a place while the endpoint runs. When there is none: 503 with ``Retry-After``."""
        return params.Depends(self._hold, scope="function")

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """Hold a place while the block runs, waiting in line for it if there is a line.

        Raises:
            LaneFull: If as many are inside and in line as may.
        """
        place = await self._gate.enter()
        try:
            yield
            self._gate.completed += 1
        except asyncio.CancelledError:
            self._gate.cancelled += 1
            raise
        except BaseException:
            self._gate.failed += 1
            raise
        finally:
            self._gate.leave(place, asyncio.get_running_loop().time())

    def statistics(self) -> LaneStatistics:
        """Return what it is doing now, and what has become of those that entered."""
        return self._gate.statistics()

    async def _hold(self) -> AsyncIterator[None]:
        async with self.entered():
            yield
