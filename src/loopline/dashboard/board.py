"""Board: what the streams of a dashboard share, so that many who look cost little more than one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from loopline.dashboard.jobs_view import overview_as_json, shown_name
from loopline.dashboard.view import Rates
from loopline.errors import DatabaseBusy
from loopline.jobs.opened import OpenedStore, opened_stores
from loopline.jobs.overview import overview
from loopline.processes import Neighbours
from loopline.processes.neighbours import Neighbour

__all__ = ["Board", "Look"]

FRESH = 0.7  # seconds
# Jobs are counted again after so many times as long as it took, 1 % of a processor, or this pause.
JOBS_SHARE = 100
SELDOM = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one moment.

    Attributes:
        neighbours: The processes of the service.
        rates: Their requests a second, by place.
    """

    neighbours: Sequence[Neighbour]
    rates: dict[int, float]


class Board:
    """Asks the processes and the database, at most about once a second.

    Args:
        neighbours: The processes.
    """

    def __init__(self, neighbours: Neighbours) -> None:
        self._neighbours = neighbours
        self._rates = Rates()
        self._asking = asyncio.Lock()
        self._last: tuple[float, Look] | None = None
        self._counting = asyncio.Lock()
        self._counted: tuple[float, dict[str, Any]] | None = None  # until when it is fresh

    async def look(self) -> Look:
        """Return what they tell; what was asked for a moment ago is not asked for again."""
        async with self._asking:
            if self._last is not None and monotonic() - self._last[0] < FRESH:
                return self._last[1]
            neighbours = await self._neighbours.ask()
            look = Look(neighbours, self._rates.rates(neighbours))
            self._last = monotonic(), look
            return look

    async def jobs(self) -> dict[str, Any]:
        """Return how the jobs stand in each database, or the problem that keeps them from being counted."""
        async with self._counting:
            if self._counted is not None and monotonic() < self._counted[0]:
                return self._counted[1]
            began = monotonic()
            told = {"stores": await asyncio.gather(*map(_count, opened_stores()))}
            over = monotonic()
            pause = min(JOBS_SHARE * (over - began), SELDOM)
            self._counted = max(began + FRESH, over + pause), told
            return told

    def forget_jobs(self) -> None:
        """Count the jobs anew when somebody asks: something was done to them."""
        self._counted = None


async def _count(store: OpenedStore) -> dict[str, Any]:
    told = {"key": store.key, "name": shown_name(store.name)}
    try:
        return told | overview_as_json(await overview(store.db))
    except DatabaseBusy as error:
        return told | {"problem": error.detail}
    except Exception as error:  # noqa: BLE001 - whatever the database's driver raises while it is away
        return told | {"problem": f"The database does not answer: {type(error).__name__}"}
