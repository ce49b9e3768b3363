"""The reference service answers on every route, over real HTTP, on both databases."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest
from waiting import wait_until


@pytest.fixture(scope="module", params=["make run, SQLite", "PostgreSQL"])
def http(
    request: pytest.FixtureRequest, start_demo: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx2.Client]:
    """A client of a reference service: of one that `make run` sets up and starts in a fresh copy of the project with
    an empty package cache, and of one on PostgreSQL."""
    with ExitStack() as stack:
        if request.param == "PostgreSQL":
            service = start_demo(stack.enter_context(request.getfixturevalue("new_postgres_database")()))
        else:
            cache = str(tmp_path_factory.mktemp("empty cache"))
            service = start_demo(
                command=["make", "run"], cwd=request.getfixturevalue("clean_copy"), PIP_CACHE_DIR=cache
            )
        yield stack.enter_context(httpx2.Client(base_url=service.url, timeout=30))


def test_the_start_page_and_the_api_page_are_served(http: httpx2.Client) -> None:
    page = http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"] == "default-src 'self'"
    assert http.get("/page/script.js").status_code == 200
    docs = http.get("/docs").text
    assert "://" not in "".join(re.findall(r'(?:src|href)="([^"]+)"', docs)), "/docs needs no Internet"


def test_external_calls_give_the_other_services_answer(http: httpx2.Client) -> None:
    quote = {"quote": "Let the slow train step aside.", "by": "a signalman"}
    assert http.get("/external-api").json() == quote
    assert http.get("/external-api?mode=slow").json() == quote
    assert http.get("/external").json() == quote


def test_a_failing_upstream_is_a_502_and_a_hanging_one_a_504_without_its_words(http: httpx2.Client) -> None:
    failed = http.get("/external-api?mode=fail")
    assert failed.status_code == 502
    assert failed.json() == {"detail": "A service that this answer needs failed."}
    hung = http.get("/external-api?mode=hang")
    assert hung.status_code == 504
    assert hung.json() == {"detail": "A service that this answer needs did not respond in time."}


def test_the_report_sums_the_file(http: httpx2.Client) -> None:
    assert http.get("/report").json() == {"lines": 90, "total": 400_307}


@pytest.mark.parametrize("query", ["", "&lane=process", "&lane=executor"])
def test_process_hashes_in_a_process(http: httpx2.Client, query: str) -> None:
    expected = b"hello"
    for _ in range(50_000):
        expected = hashlib.sha256(expected).digest()
    assert http.post(f"/process?data=hello{query}").json() == {"result": expected.hex()}


def test_primes_are_sent_as_events_that_tell_how_far_the_search_is(http: httpx2.Client) -> None:
    with http.stream("GET", "/primes?below=1000") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data: ")]
    assert [event["checked"] for event in events] == list(range(10, 1001, 10))
    assert events[0] == {"checked": 10, "below": 1000, "found": 4, "largest": 7}
    assert events[-1] == {"checked": 1000, "below": 1000, "found": 168, "largest": 997}


@pytest.mark.parametrize(("below", "found", "largest"), [(1, 0, 0), (2, 0, 0), (3, 1, 2), (100_000, 9592, 99_991)])
def test_primes_are_all_found(http: httpx2.Client, below: int, found: int, largest: int) -> None:
    last = http.get(f"/primes?below={below}").text.strip().splitlines()[-1]
    assert json.loads(last.removeprefix("data: ")) == {
        "checked": below,
        "below": below,
        "found": found,
        "largest": largest,
    }


def test_process_refuses_a_lane_that_is_not_there(http: httpx2.Client) -> None:
    refused = http.post("/process?data=hello&lane=warp")
    assert refused.status_code == 422
    assert "'process', 'executor' or 'ray'" in refused.text, "the answer names what there is"


def test_process_on_a_cluster_that_is_not_there_says_how_to_have_one(http: httpx2.Client) -> None:
    refused = http.post("/process?data=hello&lane=ray")
    assert refused.status_code == 501
    assert "LOOPLINE_DEMO_RAY_ADDRESS" in refused.json()["detail"]


def test_blocking_calls_answer(http: httpx2.Client) -> None:
    assert http.get("/sync-operation").json() == {"message": "done in a thread of the lane 'legacy'"}
    assert http.get("/also-good").json() == {"message": "done in one of FastAPI's threads"}


def test_items_come_cheapest_first(http: httpx2.Client) -> None:
    items = http.get("/items?limit=2").json()
    assert items == [{"id": 1, "name": "Ticket", "price": 250}, {"id": 2, "name": "Timetable", "price": 400}]
    assert len(http.get("/items").json()) == 6
    assert http.get("/items?limit=0").status_code == 422


def test_the_profile_needs_the_right_token(http: httpx2.Client) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}):
        refused = http.get("/profile", headers=headers)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert "ada-demo-token" in refused.json()["detail"], "the answer says what to send"
    answer = http.get("/profile", headers={"Authorization": "Bearer ada-demo-token"})
    assert answer.json() == {"id": 1, "name": "Ada Lovelace", "email": "ada@example.com"}


def test_a_user_is_read_and_an_unknown_one_is_a_404(http: httpx2.Client) -> None:
    assert http.get("/users/2").json() == {"id": 2, "name": "Grace Hopper", "email": "grace@example.com"}
    missing = http.get("/users/999")
    assert missing.status_code == 404
    assert missing.json() == {"detail": "There is no user 999. This demo starts with the users 1 to 5."}
    for wrong in ("x", "0", "-1", str(2**31), str(2**80)):
        assert http.get(f"/users/{wrong}").status_code == 422


def test_a_batch_answers_for_each_user(http: httpx2.Client) -> None:
    assert http.get("/users/batch?user_ids=1&user_ids=2&user_ids=999").json() == {
        "users": [{"id": 1, "name": "Ada Lovelace"}, {"id": 2, "name": "Grace Hopper"}],
        "errors": [{"user_id": 999, "error": "There is no such user."}],
    }


@pytest.mark.parametrize("query", ["user_ids=x", "", "user_ids=0", "&".join(["user_ids=1"] * 51)])
def test_a_batch_refuses_what_it_can_not_take(http: httpx2.Client, query: str) -> None:
    refused = http.get(f"/users/batch?{query}")
    assert refused.status_code == 422
    assert refused.json()["detail"]


def test_a_batch_tells_of_an_upstream_that_fails_without_its_words(http: httpx2.Client) -> None:
    answer = http.get("/users/batch?user_ids=1&mode=fail").json()
    assert answer == {"users": [], "errors": [{"user_id": 1, "error": "A service that this answer needs failed."}]}


def test_a_notification_is_accepted_and_its_tasks_run(http: httpx2.Client) -> None:
    accepted = http.post("/send-notification", json={"email": "ada@example.com", "message": "Hello"})
    assert accepted.status_code == 202
    assert accepted.json() == {"message": "ada@example.com will be notified."}
    refused = http.post("/send-notification", json={"email": "a\n@example.com", "message": "Hello"})
    assert refused.status_code == 422


def test_an_order_is_committed_before_the_answer_and_its_receipt_follows(http: httpx2.Client) -> None:
    made = http.post("/orders", json={"user_id": 1, "item_id": 2, "quantity": 3})
    assert made.status_code == 201
    assert made.json() | {"id": 0} == {
        "id": 0, "user_id": 1, "item_id": 2, "quantity": 3, "note": "", "receipt": None,
    }  # fmt: skip
    path = f"/orders/{made.json()['id']}"
    assert http.get(path).status_code == 200, "it is there as soon as the client knows"
    wait_until(lambda: http.get(path).json()["receipt"] is not None)
    assert http.get(path).json()["receipt"] == "3 × Timetable: 12.00"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"user_id": 999}, 404),
        ({"item_id": 999}, 404),
        ({"item_id": 2**31}, 422),
        ({"quantity": 0}, 422),
        ({"note": "a\x00b"}, 422),
        ({"note": "a" * 201}, 422),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_and_not_stored(
    http: httpx2.Client, change: dict[str, Any], status: int
) -> None:
    before = http.post("/orders", json={"user_id": 1, "item_id": 2}).json()["id"]
    refused = http.post("/orders", json={"user_id": 1, "item_id": 2, "quantity": 3} | change)
    assert refused.status_code == status
    assert refused.json()["detail"]
    assert http.get(f"/orders/{before + 1}").status_code == 404


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", r'"\ud800"', r'["\udfff"]'])
def test_json_that_can_be_read_and_not_written_is_refused_as_any_other_mistake(http: httpx2.Client, value: str) -> None:
    for field in ("user_id", "note"):
        body = f'{{"user_id": 1, "item_id": 2, "{field}": {value}}}'
        refused = http.post("/orders", content=body, headers={"content-type": "application/json"})
        assert refused.status_code == 422
        assert refused.json()["detail"][0]["loc"] == ["body", field]


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_refused(http: httpx2.Client, announced: bool) -> None:
    body = b"[" + b" " * 200_000
    # Sent in parts, nothing announces its size.
    content = body if announced else iter([body[:100], body[100:]])
    refused = httpx2.post(f"{http.base_url}/orders", content=content, headers={"content-type": "application/json"})
    assert refused.status_code == 413


def test_the_mistakes_behave_as_labelled(http: httpx2.Client) -> None:
    assert http.get("/bad").json() == {"message": "every other request waited for this one"}
    assert http.get("/good").json() == {"message": "nobody waited for this one"}
    # uvicorn closes the connection after an application's error: this one is not used again.
    assert httpx2.get(f"{http.base_url}/wrong").status_code == 500
    assert http.get("/correct").json() == {"answer": 42}
    paths = http.get("/openapi.json").json()["paths"]
    for path in ("/bad", "/wrong"):
        assert paths[path]["get"]["summary"].startswith("MISTAKE")
