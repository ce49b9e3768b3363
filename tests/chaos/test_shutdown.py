"""SIGTERM under load: what was begun ends, what was opened closes, nothing is left behind."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import httpx2
import psutil
import pytest
from waiting import wait_until

pytestmark = pytest.mark.anyio


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
        requests = [asyncio.create_task(http.request(*call)) for call in calls * 10]
        # /sync-operation takes 0.2 s and there are ten: once one is back, the others are under way.
        while not any(task.done() for task in requests):
            await asyncio.sleep(0)
        service.process.send_signal(signal.SIGTERM)
        answers = await asyncio.gather(*requests)
    assert [answer.status_code for answer in answers] == [200] * len(requests)
    assert service.process.wait(60) == -signal.SIGTERM, "uvicorn raises the signal again once all is closed"
    wait_until(lambda: not any(child.is_running() for child in children))
    log = service.log.read_text()
    assert "did not close" not in log
    assert "Traceback" not in log


async def test_a_client_is_refused_once_the_service_stops(start_demo: Callable[..., Any]) -> None:
    service = start_demo()
    assert service.stop() == -signal.SIGTERM
    async with httpx2.AsyncClient(base_url=service.url) as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get("/correct")
