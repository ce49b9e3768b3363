"""A Limiter bounds what runs on the event loop as a lane bounds what leaves it."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from waiting import until

from loopline import ConfigurationError, LaneFull, Limiter

pytestmark = pytest.mark.anyio


async def test_no_more_are_inside_than_may_be_and_the_line_is_served_in_order() -> None:
    limiter, order, most = Limiter("any", size=2, max_queue=3), [], 0

    async def enter(number: int) -> None:
        nonlocal most
        async with limiter.entered():
            order.append(number)
            most = max(most, limiter.statistics().running)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(enter(number))
    assert (order, most) == ([0, 1, 2, 3, 4], 2)
    assert limiter.statistics().completed == 5
    assert limiter.statistics().running == 0


async def test_the_next_is_refused_and_told_when_to_come_again() -> None:
    limiter = Limiter("any", size=1)
    async with limiter.entered():
        with pytest.raises(LaneFull, match="any") as refused:
            async with limiter.entered():
                pytest.fail("it was let in")
    assert refused.value.retry_after >= 1
    assert limiter.statistics().rejected == 1
    async with limiter.entered():
        assert limiter.statistics().running == 1


async def test_a_place_is_given_back_whatever_ends_the_block() -> None:
    limiter = Limiter("any", size=1, max_queue=1)
    with pytest.raises(ZeroDivisionError):
        async with limiter.entered():
            _ = 1 / 0
    async with limiter.entered():
        waiting = asyncio.create_task(_enter(limiter))
        await until(lambda: limiter.statistics().waiting == 1)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert limiter.statistics().waiting == 0
    running = asyncio.create_task(_enter(limiter))
    await until(lambda: limiter.statistics().running == 1)
    running.cancel()
    await asyncio.wait([running])
    statistics = limiter.statistics()
    assert (statistics.running, statistics.failed, statistics.cancelled, statistics.completed) == (0, 1, 1, 1)


async def _enter(limiter: Limiter) -> None:
    async with limiter.entered():
        await asyncio.Event().wait()


async def test_a_route_that_is_full_answers_503_and_the_others_go_on() -> None:
    limiter, app, go_on = Limiter("slow", size=1), FastAPI(), asyncio.Event()

    @app.get("/slow", dependencies=[limiter.place])
    async def slow() -> str:
        await go_on.wait()
        return "done"

    @app.get("/light")
    async def light() -> str:
        return "here"

    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as http:
        first = asyncio.create_task(http.get("/slow"))
        await until(lambda: limiter.statistics().running == 1)
        refused = await http.get("/slow")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json() == {"detail": "Lane 'slow' is full. Try again in 1 s."}
        assert (await http.get("/light")).json() == "here"
        go_on.set()
        assert (await first).json() == "done"
        assert (await http.get("/slow")).json() == "done"


@pytest.mark.parametrize(("size", "max_queue"), [(0, 0), (1, -1)])
def test_bounds_that_can_t_work_are_refused_at_once(size: int, max_queue: int) -> None:
    with pytest.raises(ConfigurationError, match="'any'"):
        Limiter("any", size=size, max_queue=max_queue)
