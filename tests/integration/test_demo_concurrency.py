"""The reference service under many requests at once: judged by order and by counts, never by time."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import uvicorn
from waiting import wait_until

from loopline import ProcessLane
from loopline.demo.app import app
from loopline.demo.concurrent_calls import IN_FLIGHT, MOST_IDS
from loopline.demo.resources import cpu, db, upstream

pytestmark = pytest.mark.anyio


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Serve the application in a thread on a real socket, so that a test can look into it."""
    with db.override(f"sqlite+aiosqlite:///{tmp_path}/demo.db"), socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_until(lambda: server.started or not thread.is_alive())
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()


async def test_200_slow_neighbours_leave_the_light_routes_answering(url: str) -> None:
    finished: list[str] = []
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=url, timeout=120, limits=limits) as http:

        async def get(path: str) -> None:
            assert (await http.get(path)).status_code == 200
            finished.append(path)

        async with asyncio.TaskGroup() as group:
            for _ in range(200):
                group.create_task(get("/sync-operation"))
            while not finished:  # the first slow ones are done, so all of them are under way
                await asyncio.sleep(0)
            for path in ("/good", "/also-good", "/items"):
                group.create_task(get(path))
    light = [finished.index(path) for path in ("/good", "/also-good", "/items")]
    assert finished.count("/sync-operation") == 200
    assert max(light) < 150, f"the light routes came in at the places {light} of 203"


async def test_a_batch_never_has_more_than_its_limit_in_flight(url: str) -> None:
    async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
        answer = await http.get("/users/batch", params={"user_ids": [1] * MOST_IDS, "mode": "slow"})
    assert len(answer.json()["users"]) == MOST_IDS
    assert upstream.traffic.started == MOST_IDS
    assert upstream.traffic.most == IN_FLIGHT


async def test_a_client_that_leaves_stops_the_rest_of_its_batch(url: str) -> None:
    async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
        batch = asyncio.create_task(http.get("/users/batch", params={"user_ids": [1] * MOST_IDS, "mode": "slow"}))
        with anyio.fail_after(120):
            while upstream.traffic.started < IN_FLIGHT:
                await asyncio.sleep(0.001)
        batch.cancel()
        await asyncio.wait({batch})
        with anyio.fail_after(120):
            while upstream.traffic.running:
                await asyncio.sleep(0.001)
        assert (await http.get("/users/batch?user_ids=1")).status_code == 200, "the service goes on"
    assert upstream.traffic.started <= 2 * IN_FLIGHT + 1, "the other 42 were not all asked for"


async def test_a_client_that_leaves_frees_the_cpu_and_the_next_call_works(url: str) -> None:
    assert isinstance(cpu, ProcessLane)
    async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
        before = set(cpu.pids)
        # Far more than the workers get done meanwhile: some run when their client leaves.
        calls = [asyncio.create_task(http.post("/process?data=x")) for _ in range(40)]
        with anyio.fail_after(120):
            while (now := cpu.statistics()).completed < 1 or now.running + now.waiting < len(
                calls
            ) - now.completed - now.timed_out:
                await asyncio.sleep(0.001)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        with anyio.fail_after(120):
            while cpu.statistics().running or cpu.statistics().waiting:
                await asyncio.sleep(0.001)
        end = cpu.statistics()
        assert end.cancelled == len(calls) - end.completed - end.timed_out > 1
        with anyio.fail_after(120):
            while not before - set(cpu.pids):  # a worker that burned for nobody has ended
                await asyncio.sleep(0.001)
        assert (await http.post("/process?data=x")).status_code == 200


async def test_a_client_that_leaves_ends_its_search_for_primes_and_those_that_wait(url: str) -> None:
    async with httpx2.AsyncClient(base_url=url, timeout=60) as http:

        async def watch(until: int) -> int:
            async with http.stream("GET", "/primes") as answer:
                lines = answer.aiter_lines()
                for _ in range(until):
                    while not (await anext(lines)).startswith("data: "):
                        pass
            return answer.status_code

        searches = [asyncio.create_task(watch(3)) for _ in range(2)]
        waits = asyncio.create_task(watch(1000))
        assert await asyncio.gather(*searches) == [200, 200]
        waits.cancel()
        await asyncio.wait({waits})
        with anyio.fail_after(120):
            while cpu.statistics().running or cpu.statistics().waiting:
                await asyncio.sleep(0.001)
        assert (await http.post("/process?data=x")).status_code == 200


async def test_a_full_lane_refuses_a_search_for_primes_before_the_response_begins(url: str) -> None:
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=url, timeout=120, limits=limits) as http:
        answers: list[Any] = await asyncio.gather(*(http.get("/primes?below=1000") for _ in range(150)))
    assert {answer.status_code for answer in answers} == {200, 503}
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert int(refused.headers["retry-after"]) >= 1
    stated = app.openapi()["paths"]["/primes"]["get"]["responses"]["503"]["content"]
    assert [refused.headers["content-type"]] == ["application/json"] == list(stated), "as the schema says"


async def test_more_than_a_lane_takes_is_refused_with_a_time_to_come_again(url: str) -> None:
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=url, timeout=120, limits=limits) as http:
        answers: list[Any] = await asyncio.gather(*(http.post("/process?data=x") for _ in range(150)))
    statuses = {answer.status_code for answer in answers}
    assert {200, 503} <= statuses <= {200, 503, 504}, "504 where the machine is so slow that they wait for too long"
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert int(refused.headers["retry-after"]) >= 1
    assert "cpu" in refused.json()["detail"]
