"""``loopline run``: any application, unchanged, served by uvicorn and watched."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from waiting import wait_until

LOOPLINE = str(Path(sys.executable).with_name("loopline"))
SHOP = """
    import asyncio, time
    from fastapi import APIRouter, FastAPI

    router = APIRouter(prefix="/shops/{shop}")

    @router.get("/slow")
    async def slow(shop: str):
        time.sleep(0.5)
        return shop

    @router.get("/forgets")
    async def forgets(shop: str):
        wait()
        return shop

    @router.get("/waits")
    async def waits(shop: str):
        await wait()
        return shop

    @router.get("/for-ever")
    async def for_ever(shop: str):
        await asyncio.sleep(3600)

    async def wait():
        await asyncio.sleep(0.01)

    def make():
        app = FastAPI()
        app.include_router(router, prefix="/api")
        return app

    app = make()
"""


@dataclass
class Served:
    """A ``loopline run`` that serves."""

    process: subprocess.Popen[str]
    log: Path
    report: Path
    url: str = ""

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(f"{self.url}{path}", timeout=60)

    @property
    def findings(self) -> list[dict[str, object]]:
        lines = self.report.read_text().splitlines() if self.report.exists() else []
        return [json.loads(line) for line in lines]


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    started: list[Served] = []

    def serve(app: str, *options: str) -> Served:
        (tmp_path / "shop.py").write_text(textwrap.dedent(SHOP))
        log, report = tmp_path / "log", tmp_path / "stalls.json"
        with log.open("w") as output:
            command = [LOOPLINE, "run", app, "--port", "0", "--report", str(report), *options]
            process = subprocess.Popen(command, cwd=tmp_path, stdout=output, stderr=subprocess.STDOUT, text=True)
        served = Served(process, log, report)
        started.append(served)
        wait_until(lambda: _is_up(log.read_text()) or process.poll() is not None)
        found = re.search(r"running on (http://\S+)", log.read_text())
        assert found, log.read_text()
        served.url = found[1]
        return served

    yield serve
    for served in started:
        if served.process.poll() is None:
            served.process.kill()
            served.process.wait()


def _is_up(log: str) -> bool:
    return "startup complete" in log and "running on" in log


def test_an_application_is_served_unchanged_and_what_blocks_it_is_named(serve: Serve) -> None:
    served = serve("shop:app")
    for path in ("slow", "forgets", "waits"):
        assert served.get(f"/api/shops/s3cret/{path}").json() == "s3cret"
    wait_until(lambda: len(served.findings) >= 2)
    found = {one["kind"]: one for one in served.findings if one["kind"] != "no-cpu"}
    assert found.keys() == {"blocking", "forgotten-await"}
    assert (found["blocking"]["route"], found["blocking"]["line"]) == ("GET /api/shops/{shop}/slow", 9)
    assert (found["forgotten-await"]["route"], found["forgotten-await"]["line"]) == (
        "GET /api/shops/{shop}/forgets",
        14,
    )
    served.process.terminate()
    assert served.process.wait(60) in (0, -signal.SIGTERM)
    log = served.log.read_text()
    assert "the event loop was blocked for" in log
    assert "shop.py:9 slow: a call that waits (time.sleep)" in log
    assert "s3cret" not in served.report.read_text()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_the_mistakes_of_the_reference_service_are_named_and_fifty_innocents_are_not(serve: Serve, loop: str) -> None:
    served = serve("loopline.demo.app:app", "--loop", loop)

    async def ask() -> None:
        async with httpx2.AsyncClient(
            base_url=served.url, timeout=60, limits=httpx2.Limits(max_connections=60)
        ) as http:
            innocents = [asyncio.create_task(http.get(("/good", "/also-good", "/correct")[n % 3])) for n in range(50)]
            await asyncio.sleep(0.1)
            # After an error uvicorn closes the connection, on which the client may have sent the next request already.
            assert (await http.get("/wrong", headers={"connection": "close"})).status_code == 500
            assert (await http.get("/bad")).status_code == 200
            assert {(await one).status_code for one in innocents} == {200}

    asyncio.run(ask())
    wait_until(lambda: {"blocking", "forgotten-await"} <= {one["kind"] for one in served.findings})
    named = {(one["kind"], one["route"], one["function"]) for one in served.findings if one["kind"] != "no-cpu"}
    assert named == {("blocking", "GET /bad", "bad"), ("forgotten-await", "GET /wrong", "wrong")}


def test_factories_and_several_workers_are_uvicorn_s_options(serve: Serve) -> None:
    served = serve("shop:make", "--factory", "--workers", "2")
    assert served.get("/api/shops/one/slow").json() == "one"
    wait_until(lambda: [one for one in served.findings if one["kind"] == "blocking"])
    served.process.terminate()
    assert served.process.wait(60) == 0


def test_an_application_that_was_installed_beside_what_it_needs_is_named_line_by_line(
    serve: Serve, tmp_path: Path
) -> None:
    package = tmp_path / "site-packages" / "grocer"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "stock.py").write_text("import time\ndef count():\n    time.sleep(0.5)\n")
    (package / "app.py").write_text(
        "from fastapi import FastAPI\nfrom grocer.stock import count\napp = FastAPI()\n"
        "@app.get('/stock')\nasync def stock():\n    count()\n"
    )
    served = serve("grocer.app:app", "--app-dir", str(package.parent))
    served.get("/stock")
    wait_until(lambda: any(one["kind"] == "blocking" for one in served.findings))
    (found,) = [one for one in served.findings if one["kind"] == "blocking"]
    assert (found["route"], found["line"], found["call"]) == ("GET /stock", 3, "time.sleep")
    assert str(found["file"]).endswith("stock.py")


def test_an_application_that_logs_errors_alone_does_not_silence_the_watch(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "quiet.py").write_text("import logging\nfrom shop import app\nlogging.basicConfig(level='ERROR')\n")
    served = serve("quiet:app")
    served.get("/api/shops/one/slow")
    wait_until(lambda: "the event loop was blocked for" in served.log.read_text())


@pytest.mark.parametrize("option", [[], ["--dashboard", "/board"]], ids=["by default", "asked for"])
def test_without_what_the_dashboard_needs_there_is_none_unless_it_is_asked_for(
    tmp_path: Path, option: list[str]
) -> None:
    (tmp_path / "shop.py").write_text(textwrap.dedent(SHOP))
    code = "import sys; sys.modules['sqlalchemy'] = None; from loopline.entry import main; main()"
    command = [sys.executable, "-c", code, "run", "shop:nothing", *option]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    if option:
        assert "loopline[standard]" in done.stderr
        assert "nothing" not in done.stderr
    else:
        assert "no dashboard: sqlalchemy is not installed. Run: pip install 'loopline[standard]'" in done.stderr
        assert 'Attribute "nothing" not found' in done.stderr


def test_a_request_without_end_does_not_hold_up_the_stop(serve: Serve) -> None:
    served = serve("shop:app", "--timeout-graceful-shutdown", "1")
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.get(f"{served.url}/api/shops/one/for-ever", timeout=0.5)
    served.process.terminate()
    assert served.process.wait(60) in (0, -signal.SIGTERM)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere:app"], 'Could not import module "nowhere"'),
        (["json:nothing"], "nothing"),
        (["json:__name__"], "json:__name__ is no ASGI application"),
        (["shop:app", "--interface", "wsgi"], "ASGI 3"),
        (["shop:app", "--no-such-option"], "No such option"),
        (["shop:app", "--report", "/nowhere/stalls.json"], "can't be written"),
    ],
)
def test_what_can_not_be_served_is_one_clear_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "shop.py").write_text(textwrap.dedent(SHOP))
    done = subprocess.run(
        [LOOPLINE, "run", *arguments, "--port", "0"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert message in done.stderr
    assert "Traceback" not in done.stderr
