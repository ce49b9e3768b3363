"""The Grafana dashboard's queries: they name metrics that there are, and a real Prometheus answers each."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from ports import free_port
from prometheus_client.parser import text_string_to_metric_families as parse
from waiting import wait_until

BOARD = json.loads((Path(__file__).parents[2] / "docs" / "grafana-dashboard.json").read_text())
QUERIES = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}


@pytest.fixture
def load(demo: Any) -> Iterator[str]:
    """The reference service under load, mistakes included."""
    over = threading.Event()

    def ask() -> None:
        with httpx2.Client(base_url=demo.url, timeout=60, trust_env=False) as http:
            while not over.is_set():
                for path in ("/good", "/bad", "/users/1", "/sync-operation", "/items"):
                    http.get(path)
                http.post("/process", params={"data": "x"})
                http.post("/print-label")
                with suppress(httpx2.TransportError):
                    http.get("/wrong", headers={"Connection": "close"})

    asking = threading.Thread(target=ask)
    asking.start()
    yield demo.url
    over.set()
    asking.join()


def metrics_of(url: str) -> str:
    return httpx2.get(f"{url}/metrics/", timeout=60, trust_env=False).text


def test_every_query_names_metrics_that_there_are(demo: Any) -> None:
    known = {
        f"{family.name}{suffix}" for family in parse(metrics_of(demo.url)) for suffix in SUFFIXES.get(family.type, [""])
    }
    asked = {name for query in QUERIES for name in re.findall(r"loopline_\w+", query)}
    assert len(asked) >= 18
    assert asked <= known


def test_every_panel_says_what_it_shows_and_none_lies_on_another() -> None:
    places = [tuple(panel["gridPos"].values()) for panel in BOARD["panels"]]
    assert len(set(places)) == len(places)
    assert all(x + w <= 24 for _, w, x, _ in places)
    assert len({panel["title"] for panel in BOARD["panels"]}) == len(places)


def test_prometheus_has_nothing_against_the_names(load: str) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=metrics_of(load), capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.fixture
def prometheus(load: str, tmp_path: Path) -> Iterator[httpx2.Client]:
    """A Prometheus that scrapes the service every second."""
    port = free_port()
    target = load.partition("//")[2]
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        f"scrape_configs: [{{job_name: demo, static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    command = [
        "prometheus",
        f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as http:

        def ready() -> bool:
            assert process.poll() is None, (tmp_path / "log").read_text()
            with suppress(httpx2.TransportError):
                return http.get("/-/ready").status_code == 200
            return False

        wait_until(ready)
        yield http
    process.terminate()
    process.wait(60)


def test_a_real_prometheus_answers_every_query_with_the_demo_under_load(prometheus: httpx2.Client) -> None:
    left = {query.replace("$job", "demo").replace("$__rate_interval", "15s") for query in QUERIES}

    def answered() -> bool:
        for query in list(left):
            told = prometheus.get("/api/v1/query", params={"query": query}).json()
            assert told["status"] == "success", told
            values = [result["value"][1] for result in told["data"]["result"]]
            if set(values) - {"NaN"}:  # a lane that is not used has no quantile
                left.discard(query)
        return not left

    try:
        wait_until(answered)
    except AssertionError:
        raise AssertionError(f"no answer to {left}") from None
