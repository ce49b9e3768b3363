"""SIGTERM under load: what was begun ends, what was opened closes, nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx2
import psutil
import pytest
from waiting import wait_until

# Not watched: it waits for the processes that it starts and kills, and has nothing else to do meanwhile.
pytestmark = [pytest.mark.anyio, pytest.mark.loopline(off=True)]

# What a shell starts with & ignores SIGINT, and so does all that it starts.
IN_THE_FOREGROUND = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


async def test_requests_in_flight_end_and_no_process_is_left(start_demo: Callable[..., Any]) -> None:
    service = start_demo()
    server = psutil.Process(service.process.pid)
    async with httpx2.AsyncClient(base_url=service.url, timeout=60, limits=httpx2.Limits(max_connections=None)) as http:
        assert (await http.post("/process?data=warm")).status_code == 200, "the worker processes have started"
        children = server.children(recursive=True)
        assert children
        calls = [
            ("POST", "/process?data=x"),
            ("GET", "/sync-operation"),
            ("GET", "/good"),
            ("GET", "/users/batch?user_ids=1&mode=slow"),
        ]
        sent = 0

        async def trace(event: str, _: Any) -> None:
            nonlocal sent
            sent += event == "http11.send_request_body.complete"

        requests = [asyncio.create_task(http.request(*call, extensions={"trace": trace})) for call in calls * 10]
        while sent < len(requests):
            await asyncio.sleep(0)
        # A connection made after all that is accepted and read after them: once it is answered, they are under way.
        async with httpx2.AsyncClient(base_url=service.url, timeout=60) as later:
            assert (await later.get("/correct")).status_code == 200
        service.process.send_signal(signal.SIGTERM)
        answers = await asyncio.gather(*requests)
    assert [answer.status_code for answer in answers] == [200] * len(requests)
    assert service.process.wait(60) == -signal.SIGTERM, "uvicorn raises the signal again once all is closed"
    wait_until(lambda: not any(child.is_running() for child in children))
    log = service.log.read_text()
    assert "did not close" not in log
    assert "Traceback" not in log


async def test_ctrl_c_in_a_terminal_stops_it_without_a_word_and_spares_the_call_in_a_worker(
    start_demo: Callable[..., Any],
) -> None:
    """The terminal sends SIGINT to the whole group, worker processes included."""
    loopline = str(Path(sys.executable).with_name("loopline"))
    service = start_demo(command=(sys.executable, "-c", IN_THE_FOREGROUND, loopline, "demo"))
    statuses: list[int] = []
    async with httpx2.AsyncClient(base_url=service.url, timeout=60) as http:

        async def call_until_it_stops() -> None:
            while True:
                try:
                    statuses.append((await http.post("/process?data=x")).status_code)
                except httpx2.TransportError:
                    return

        calls = asyncio.create_task(call_until_it_stops())
        with anyio.fail_after(60):
            while len(statuses) < 3:
                await asyncio.sleep(0.001)
            os.killpg(service.process.pid, signal.SIGINT)
            await calls
    assert set(statuses) == {200}
    assert service.process.wait(60) == 130
    assert "Traceback" not in service.log.read_text()


async def test_a_client_is_refused_once_the_service_stops(start_demo: Callable[..., Any]) -> None:
    service = start_demo()
    assert service.stop() == -signal.SIGTERM
    async with httpx2.AsyncClient(base_url=service.url) as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get("/correct")
