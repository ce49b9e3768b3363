"""The reference service where its surroundings are not what a developer's machine is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2


def test_a_proxy_in_the_environment_is_not_asked_for_a_service_on_this_machine(start_demo: Callable[..., Any]) -> None:
    nowhere = "http://127.0.0.1:9"
    service = start_demo(HTTP_PROXY=nowhere, http_proxy=nowhere, ALL_PROXY=nowhere, NO_PROXY="", no_proxy="")
    with httpx2.Client(base_url=service.url, timeout=30, trust_env=False) as http:
        assert http.get("/external-api").status_code == 200
        assert http.get("/users/batch?user_ids=1").json()["errors"] == []
