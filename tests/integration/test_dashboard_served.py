"""The dashboard under a real server: its streams end when the server stops, and it shows all worker processes."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from waiting import wait_until

BIN = Path(sys.executable).parent
TOKEN = "a token for tests, long enough"
SHOP = """
    import os
    from fastapi import FastAPI
    from loopline import Dashboard, Watch, lifespan

    app = FastAPI()

    @app.get("/pid")
    async def pid():
        return os.getpid()

    def mounted():
        panel = Dashboard()
        app = FastAPI(lifespan=lifespan(panel))
        app.mount("/panel", panel)
        app.add_middleware(Watch)

        @app.get("/items/{item}")
        async def item(item: str):
            return item

        return app
"""


@dataclass
class Server:
    """A server that runs."""

    process: subprocess.Popen[str]
    log: Path
    url: str
    path: str

    @contextmanager
    def client(self) -> Iterator[httpx2.Client]:
        """One who has given the token."""
        with httpx2.Client(base_url=f"{self.url}{self.path}/", timeout=60, trust_env=False) as http:
            answer = http.post("login", json={"token": TOKEN}, headers={"Origin": self.url})
            assert answer.status_code == 204, answer.text
            yield http

    def stop(self) -> int:
        """End it by SIGTERM."""
        self.process.terminate()
        return self.process.wait(60)


Serve = Callable[..., Server]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    (tmp_path / "shop.py").write_text(textwrap.dedent(SHOP))
    temporary = tmp_path / "t"
    temporary.mkdir()
    started: list[subprocess.Popen[str]] = []

    def serve(*command: str, path: str = "/loopline") -> Server:
        log = tmp_path / "log"
        environment = os.environ | {"LOOPLINE_DASHBOARD_TOKEN": TOKEN, "TMPDIR": str(temporary)}
        with log.open("w") as output:
            words = [str(BIN / command[0]), *command[1:], "--port", "0"]
            process = subprocess.Popen(
                words, cwd=tmp_path, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True
            )
        started.append(process)
        workers = int(command[command.index("--workers") + 1]) if "--workers" in command else 1
        wait_until(lambda: log.read_text().count("startup complete") >= workers or process.poll() is not None)
        wait_until(lambda: "running on" in log.read_text() or process.poll() is not None)
        found = re.search(r"running on (http://\S+)", log.read_text())
        assert found, log.read_text()
        return Server(process, log, found[1], path)

    yield serve
    for process in started:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            process.wait()


Events = Iterator[tuple[str, Any]]
MOST_EVENTS = 200  # there are one or two a second


@contextmanager
def events(http: httpx2.Client, query: str = "") -> Iterator[Events]:
    """The events of a stream."""
    with http.stream("GET", f"events{query}") as answer:
        assert answer.status_code == 200

        def read() -> Events:
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield name, json.loads(line.removeprefix("data: "))

        yield read()


def live(stream: Events, wanted: Callable[[Any], object]) -> Any:
    """The next live event that is as it is wanted."""
    seen = []
    for name, data in islice(stream, MOST_EVENTS):
        if name == "live":
            seen.append(data)
            if wanted(data):
                return data
    raise AssertionError(f"it did not come: {seen[-1:]}")


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (("loopline", "run", "shop:app"), "/loopline"),
        (("loopline", "run", "shop:app", "--loop", "asyncio", "--http", "h11"), "/loopline"),
        (("uvicorn", "shop:mounted", "--factory"), "/panel"),
    ],
    ids=["run", "run on asyncio", "mounted"],
)
def test_an_open_stream_ends_when_the_server_is_told_to_stop(serve: Serve, command: tuple[str, ...], path: str) -> None:
    server = serve(*command, path=path)
    with server.client() as http, events(http) as stream:
        assert live(stream, lambda data: data["watched"])
        server.process.terminate()
        assert [name for name, _ in stream if name not in ("live", "stalls", "jobs")] == [], "it ends, and is not cut"
    assert server.process.wait(60) in (0, -signal.SIGTERM)
    log = server.log.read_text()
    assert "Cancel" not in log, "the server had to cut it off"
    assert "Traceback" not in log
    assert TOKEN not in log


def test_a_stream_that_its_reader_leaves_makes_room_for_another(serve: Serve) -> None:
    server = serve("loopline", "run", "shop:app")
    with server.client() as http:
        for _ in range(25):  # 20 may be open
            with events(http) as stream:
                next(stream)
    assert server.stop() in (0, -signal.SIGTERM)
    assert "Traceback" not in server.log.read_text()


def test_several_workers_are_shown_together_and_each(serve: Serve) -> None:
    server = serve("loopline", "run", "shop:app", "--workers", "2")
    pids: set[int] = set()

    def ask() -> bool:
        pids.add(httpx2.get(f"{server.url}/pid", timeout=60, trust_env=False).json())
        return len(pids) == 2

    wait_until(ask)
    with server.client() as http:
        with events(http) as stream:
            both = live(stream, lambda data: len(data["processes"]) == 2)
        assert {one["pid"] for one in both["processes"]} == pids
        assert [one["place"] for one in both["processes"]] == [0, 1]
        pids.clear()
        wait_until(ask)  # now somebody has looked, and they count
        with events(http) as stream:
            all_of_it = live(stream, lambda data: data["routes"])["routes"][0]["count"]
        each = []
        for place in (0, 1):
            with events(http, f"?process={place}") as stream:
                seen = live(stream, lambda data: data["routes"])
                assert seen["chosen"] == place
                each.append(seen["routes"][0]["count"])
        assert all(each)
        assert sum(each) == all_of_it
    assert server.stop() == 0


def test_a_worker_that_is_killed_is_replaced_in_its_place_and_the_folder_goes_with_the_server(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve("loopline", "run", "shop:app", "--workers", "2")
    folder = next((tmp_path / "t").glob("loopline-*"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with server.client() as http:
        with events(http) as stream:
            before = live(stream, lambda data: len(data["processes"]) == 2)["processes"]
        os.kill(before[1]["pid"], signal.SIGKILL)
        known = {one["pid"] for one in before}

        def replaced() -> bool:
            try:
                with events(http) as stream:
                    now = live(stream, lambda data: len(data["processes"]) == 2)["processes"]
            except httpx2.TransportError:  # it was the one that was killed
                return False
            return now[1]["pid"] not in known and [one["place"] for one in now] == [0, 1]

        wait_until(replaced)
    assert server.stop() == 0
    assert not folder.exists()


def test_a_dashboard_that_is_a_resource_shows_the_workers_of_any_server(serve: Serve, tmp_path: Path) -> None:
    server = serve("uvicorn", "shop:mounted", "--factory", "--workers", "2", path="/panel")
    with server.client() as http, events(http) as stream:
        live(stream, lambda data: len(data["processes"]) == 2)
        httpx2.get(f"{server.url}/items/secret-7", timeout=60, trust_env=False)
        found = live(stream, lambda data: data["routes"])
    assert [route["route"] for route in found["routes"]] == ["GET /items/{item}"], "its own requests are left out"
    assert server.stop() == 0
    assert list((tmp_path / "t").glob("loopline-*")) == []


def test_no_dashboard_is_mounted_where_none_is_wanted(serve: Serve) -> None:
    server = serve("loopline", "run", "shop:app", "--dashboard", "")
    assert httpx2.get(f"{server.url}/loopline/", timeout=60, trust_env=False).status_code == 404
    assert "dashboard" not in server.log.read_text()
