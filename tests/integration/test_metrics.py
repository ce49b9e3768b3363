"""The metrics: names as Prometheus has them, bounded labels, and all worker processes whichever answers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from fastapi import FastAPI
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse
from sqlalchemy import text
from waiting import wait_until

from loopline import Database, JobQueue, LaneFull, Limiter, Metrics, Retry, ThreadLane, Watch, lifespan
from loopline.testing import client

pytestmark = pytest.mark.anyio

LOOPLINE = str(Path(sys.executable).with_name("loopline"))


def samples(answer: httpx2.Response) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every series and its value."""
    assert answer.status_code == 200
    found = {}
    for family in parse(answer.text):
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found, "Prometheus refuses a series that is there twice"
            found[key] = sample.value
    return found


def of(found: dict[Any, float], name: str, **labels: str) -> float:
    """The one series of a name and labels."""
    (value,) = [
        value for (known, given), value in found.items() if known == name and labels.items() <= dict(given).items()
    ]
    return value


@asynccontextmanager
async def shop(url: str) -> AsyncIterator[tuple[httpx2.AsyncClient, Database]]:
    db = Database(url)
    jobs = JobQueue(db, poll=0.02)
    lane = ThreadLane("pictures", size=1, max_queue=0)
    app = FastAPI(lifespan=lifespan(db, lane, jobs))
    app.mount("/metrics", Metrics())
    app.add_middleware(Watch, threshold=0.05)

    @jobs.task(name="fail", retry=Retry(attempts=1))
    async def fail() -> None:
        raise LookupError

    @app.get("/items/{item}")
    async def item(item: str) -> str:
        return item

    @app.get("/blocks")
    async def blocks() -> None:
        time.sleep(0.1)

    @app.get("/fails")
    async def fails() -> int:
        async with db.begin() as session:
            return await fail.enqueue(session)

    @app.get("/lane")
    async def run() -> None:
        await lane.run(time.sleep, 0.01)

    async with client(app) as http:
        yield http, db


async def scraped(http: httpx2.AsyncClient) -> dict[Any, float]:
    return samples(await http.get("/metrics/"))


@pytest.mark.loopline(off=True)  # that watch would count the stall too
async def test_each_part_has_its_metrics(sqlite_url: str) -> None:
    async with shop(sqlite_url) as (http, _):
        for path in ("/items/secret-7", "/items/secret-8", "/blocks", "/lane", "/fails"):
            assert (await http.get(path)).status_code == 200
        found = await scraped(http)
        # the job and the stall are told of a little later
        while not {"loopline_jobs discarded", "loopline_stalls_total None"} <= {
            f"{name} {dict(labels).get('state')}" for name, labels in found
        }:
            found = await scraped(http)
        assert "secret" not in (await http.get("/metrics/")).text
    assert of(found, "loopline_worker_up", worker="0") == 1
    assert of(found, "loopline_loop_lag_seconds_count") > 0
    assert of(found, "loopline_loop_lag_seconds_bucket", le="+Inf") == of(found, "loopline_loop_lag_seconds_count")
    route = {"route": "GET /items/{item}"}
    assert of(found, "loopline_request_duration_seconds_count", **route) == 2
    assert of(found, "loopline_request_duration_seconds_bucket", le="+Inf", **route) == 2
    assert of(found, "loopline_request_duration_seconds_bucket", le="0.05", route="GET /blocks") == 0
    assert of(found, "loopline_request_duration_seconds_bucket", le="10.0", route="GET /blocks") == 1
    assert of(found, "loopline_lane_calls_total", lane="pictures", outcome="completed") == 1
    assert of(found, "loopline_lane_calls_total", lane="pictures", outcome="rejected") == 0
    assert of(found, "loopline_lane_call_duration_seconds_count", lane="pictures") == 1
    assert of(found, "loopline_lane_size", lane="pictures") == 1
    assert of(found, "loopline_database_connections_max", pool="reading") == 10
    assert of(found, "loopline_database_sessions_rejected_total", pool="reading") == 0
    assert of(found, "loopline_database_connection_wait_seconds_count", pool="reading") == 0
    assert of(found, "loopline_stalls_total", kind="blocking") == 1
    assert of(found, "loopline_stall_seconds_total", kind="blocking") >= 0.05
    assert of(found, "loopline_jobs", queue="default", state="discarded") == 1
    assert of(found, "loopline_job_workers") == 1
    assert of(found, "loopline_job_queue_paused", queue="default") == 0


async def test_names_follow_the_conventions_and_never_clash(sqlite_url: str) -> None:
    async with shop(sqlite_url) as (http, _):
        await http.get("/blocks")
        await http.get("/fails")
        plain = await http.get("/metrics/")
        assert plain.headers["content-type"].startswith("text/plain")
        accept = "application/openmetrics-text; version=1.0.0"
        newer = await http.get("/metrics/", headers={"Accept": accept})
        assert newer.headers["content-type"].startswith("application/openmetrics-text")
    families: list[Metric] = list(parse(plain.text))
    assert len(families) == len({family.name for family in families}) >= 18
    assert {
        family.name
        for family in parse_openmetrics(newer.text)  # type: ignore[no-untyped-call] # it has no types
    } == {family.name for family in families}
    for family in families:
        assert family.name.startswith("loopline_")
        assert family.documentation.endswith(".")
        assert not re.search(r"milli|micro|minute|percent|_ms$", family.name), "base units"
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter")
            assert sample.labels.keys() <= {
                "worker",
                "route",
                "database",
                "lane",
                "outcome",
                "pool",
                "kind",
                "queue",
                "state",
                "task",
                "le",
            }


async def test_lanes_of_one_name_are_counted_together(sqlite_url: str) -> None:
    app = FastAPI()
    app.mount("/metrics", Metrics())
    two = Limiter("two", size=1), Limiter("two", size=2)
    async with two[0].entered(), two[1].entered(), client(app) as http:
        with pytest.raises(LaneFull):
            async with two[0].entered():
                pass
        found = await scraped(http)
    assert of(found, "loopline_lane_size", lane="two") == 3
    assert of(found, "loopline_lane_running", lane="two") == 2
    assert of(found, "loopline_lane_calls_total", lane="two", outcome="rejected") == 1


async def test_label_values_have_a_limit(sqlite_url: str) -> None:
    app = FastAPI()
    app.mount("/metrics", Metrics())
    app.add_middleware(Watch)

    def add(number: int) -> None:
        @app.get(f"/{number}")
        async def endpoint() -> None: ...

    for number in range(130):
        add(number)
    limiters = [Limiter(f"lane {number} {'x' * 300}", size=1) for number in range(130)]
    async with client(app) as http:
        for number in range(130):
            assert (await http.get(f"/{number}")).status_code == 200
        assert (await http.get("/an-attacker-s-path")).status_code == 404
        found = await scraped(http)
    for label, family in (("route", "loopline_request_duration_seconds_count"), ("lane", "loopline_lane_size")):
        values = {dict(labels)[label]: value for (name, labels), value in found.items() if name == family}
        assert len(values) == 101
        assert max(map(len, values)) <= 100
        if label == "route":
            assert sum(values.values()) == 131
    assert limiters


async def test_a_database_that_is_away_leaves_the_rest(sqlite_url: str) -> None:
    async with shop(sqlite_url) as (http, db):
        async with db.begin() as session:
            await session.execute(text("DROP TABLE loopline_queues"))
        found = await scraped(http)
        assert of(found, "loopline_jobs_database_up") == 0
        assert of(found, "loopline_worker_up") == 1
        assert not [name for name, _ in found if name == "loopline_jobs"]


async def test_there_is_only_reading(sqlite_url: str) -> None:
    app = FastAPI()
    app.mount("/metrics", Metrics())
    async with client(app) as http:
        assert (await http.post("/metrics/")).status_code == 405
        assert (await http.get("/metrics")).status_code == 307, "Prometheus follows"


SHOP = """
    import os
    from fastapi import FastAPI
    from loopline import Metrics, Watch, lifespan

    metrics = Metrics()
    app = FastAPI(lifespan=lifespan(metrics))
    app.mount("/metrics", metrics)
    app.add_middleware(Watch)

    @app.get("/pid")
    async def pid():
        return os.getpid()
"""


@pytest.fixture(params=["run", "uvicorn"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "shop.py").write_text(textwrap.dedent(SHOP))
    log = tmp_path / "log"
    command = [LOOPLINE, "run"] if request.param == "run" else [str(Path(LOOPLINE).with_name("uvicorn"))]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "shop:app", "--port", "0", "--workers", "2"],
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"TMPDIR": str(tmp_path)},
        )
    wait_until(lambda: log.read_text().count("startup complete") >= 2 or process.poll() is not None)
    found = re.search(r"running on (http://\S+)", log.read_text())
    assert found, log.read_text()
    yield found[1]
    process.terminate()
    assert process.wait(60) == 0
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("loopline-")] == []


def test_whichever_worker_is_asked_answers_for_all(url: str) -> None:
    def get(path: str) -> httpx2.Response:
        return httpx2.get(f"{url}{path}", timeout=60, trust_env=False)

    pids: set[int] = set()
    asked = 0

    def both_answered() -> bool:
        nonlocal asked
        pids.add(json.loads(get("/pid").text))
        asked += 1
        return len(pids) == 2

    wait_until(both_answered)
    name, route = "loopline_request_duration_seconds_count", "GET /pid"
    for _ in range(5):  # whoever it is that answers
        found = samples(get("/metrics/"))
        counts = [of(found, name, worker=worker, route=route) for worker in ("0", "1")]
        assert sum(counts) == asked
        assert min(counts) > 0
    os.kill(pids.pop(), signal.SIGKILL)
    (left,) = pids

    def replaced() -> bool:
        try:
            found = samples(get("/metrics/"))
        except httpx2.TransportError:
            return False
        up = {dict(labels)["worker"] for (known, labels), value in found.items() if known == "loopline_worker_up"}
        return up == {"0", "1"} and sum(found["loopline_worker_up", (("worker", one),)] for one in up) == 2

    wait_until(replaced)
    found = samples(get("/metrics/"))
    now = {dict(labels)["worker"]: value for (known, labels), value in found.items() if known == name}
    assert sum(now.values()) < asked, "the counts of the one that replaced another begin anew, under its number"
    assert set(now) <= {"0", "1"}
    assert psutil.pid_exists(left)
