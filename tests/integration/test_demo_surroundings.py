"""The reference service where its surroundings are not what a developer's machine is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2
import pytest

from loopline import DatabaseBusy
from loopline.demo.background_work import write_receipt
from loopline.demo.resources import db

pytestmark = pytest.mark.anyio


def test_a_proxy_in_the_environment_is_not_asked_for_a_service_on_this_machine(start_demo: Callable[..., Any]) -> None:
    nowhere = "http://127.0.0.1:9"
    service = start_demo(HTTP_PROXY=nowhere, http_proxy=nowhere, ALL_PROXY=nowhere, NO_PROXY="", no_proxy="")
    with httpx2.Client(base_url=service.url, timeout=30, trust_env=False) as http:
        assert http.get("/external-api").status_code == 200
        assert http.get("/users/batch?user_ids=1").json()["errors"] == []


async def test_a_receipt_that_a_busy_database_keeps_from_being_written_is_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The response has been sent: an error would be logged as a request's, and as a baffling one."""

    def busy() -> AbstractAsyncContextManager[Any]:
        raise DatabaseBusy("All database connections are in use. Try again.")

    monkeypatch.setattr(db, "begin", busy)
    await write_receipt(7)
    assert caplog.messages == ["order 7 has no receipt: the database was busy"]
