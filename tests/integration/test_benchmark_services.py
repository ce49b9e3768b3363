"""The three services that the service benchmark compares: the same answers, each by its own means."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from benchmarks.service.processes import serving
from benchmarks.service.routes import BATCH, PROCESS, ROUTES
from benchmarks.service.serve import OURS, SERVICES

ASKED = (
    *((route.method, target) for route in ROUTES.values() if route is not BATCH for target in route.targets),
    ("GET", "/users/999"),
    ("GET", "/items?limit=2"),
    ("GET", "/users/batch?user_ids=1&user_ids=999&user_ids=3"),
)


def _ask(service: str) -> dict[str, tuple[int, Any]]:
    with serving(service) as port, httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        answers = {f"{method} {target}": http.request(method, target) for method, target in ASKED}
    return {asked: (answer.status_code, answer.json()) for asked, answer in answers.items()}


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, tuple[int, Any]]]:
    with ThreadPoolExecutor(len(SERVICES)) as threads:
        return dict(zip(SERVICES, threads.map(_ask, SERVICES), strict=True))


@pytest.mark.parametrize("service", [name for name in SERVICES if name != OURS])
def test_a_service_written_by_hand_answers_as_the_reference_service_does(
    answers: dict[str, dict[str, tuple[int, Any]]], service: str
) -> None:
    assert answers[service] == answers[OURS]


def test_the_answers_are_what_the_routes_are_for(answers: dict[str, dict[str, tuple[int, Any]]]) -> None:
    ours = answers[OURS]
    assert ours["GET /users/2"] == (200, {"id": 2, "name": "Grace Hopper", "email": "grace@example.com"})
    assert [item["price"] for item in ours["GET /items?limit=2"][1]] == [250, 400]
    assert ours["GET /users/999"][0] == 404
    people, errors = ours["GET /users/batch?user_ids=1&user_ids=999&user_ids=3"][1].values()
    assert [person["id"] for person in people] == [1, 3]
    assert errors == [{"user_id": 999, "error": "There is no such user."}]
    status, processed = ours[f"POST {PROCESS.targets[0]}"]
    assert status == 200
    assert len(processed["result"]) == 64


@pytest.mark.parametrize("service", [name for name in SERVICES if name != OURS])
def test_a_service_written_by_hand_does_not_use_loopline(service: str) -> None:
    code = f"import sys, {SERVICES[service]}; sys.exit(sum(name.split('.')[0] == 'loopline' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
