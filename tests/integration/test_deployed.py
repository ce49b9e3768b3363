"""The reference service as deploy/systemd starts it: two web processes and two workers on one PostgreSQL."""

from __future__ import annotations

import asyncio
import configparser
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import psycopg
import pytest
from ports import free_port
from sqlalchemy import make_url
from waiting import wait_until

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
BIN = Path(sys.executable).parent

# Not watched: it waits for the processes that it starts, and has nothing else to do meanwhile.
pytestmark = [pytest.mark.anyio, pytest.mark.loopline(off=True)]


class Unit:
    """What a unit says, run in its way."""

    def __init__(self, name: str, instance: str, environment: dict[str, str], folder: Path) -> None:
        parsed = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
        parsed.read(UNITS / name)
        service = parsed["Service"]
        program, *arguments = shlex.split(service["ExecStart"].replace("%i", instance))
        own = dict([service["Environment"].split("=", 1)]) if "Environment" in service else {}
        self.patience = int(service.get("TimeoutStopSec", "60"))
        self.log = folder / f"{name}-{instance}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [BIN / Path(program).name, *arguments],
                env={**os.environ, **environment, **own, "PYTHONUNBUFFERED": "1"},
                cwd=folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_for(self, line: str) -> None:
        wait_until(lambda: line in self.log.read_text() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def stop(self) -> int:
        """Do what systemd does, and return the exit code."""
        self.process.terminate()
        return self.process.wait(self.patience)

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture
def ports() -> list[int]:
    first = second = free_port()
    while second == first:
        second = free_port()
    return [first, second]


async def test_two_web_processes_and_two_workers_share_the_work_and_stop_in_good_order(
    postgres_url: str, ports: list[int], tmp_path: Path
) -> None:
    environment = {"LOOPLINE_DEMO_DATABASE_URL": postgres_url, "LOOPLINE_DATABASE_URL": postgres_url}
    units: list[Unit] = []

    def start(name: str, instance: str = "") -> Unit:
        units.append(Unit(name, instance, environment, tmp_path))
        return units[-1]

    try:
        assert start("loopline-migrate.service").process.wait(60) == 0
        webs = [start("loopline-web@.service", str(port)) for port in ports]
        for web in webs:
            web.wait_for("Uvicorn running")
        workers = [start("loopline-worker@.service", str(number)) for number in (1, 2)]
        for worker in workers:
            worker.wait_for("working on jobs")
        clients = [httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) for port in ports]
        assert [(await http.get("/readyz")).json() for http in clients] == [{"status": "ready"}] * 2
        order = {"user_id": 1, "item_id": 2, "quantity": 3}
        for number, http in enumerate(clients * 5):
            assert (await http.post("/orders", json=order)).status_code == 201, number
        async with asyncio.timeout(60):
            while (await clients[0].get("/orders/10")).json()["receipt"] is None:
                await asyncio.sleep(0.02)
        # idle connections do not hold a process up
        with psycopg.connect(
            make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
        ) as database:
            assert database.execute("SELECT count(*) FROM loopline_workers").fetchone() == (2,)
            assert [worker.stop() for worker in workers] == [0, 0]
            assert [web.stop() for web in webs] == [-signal.SIGTERM] * 2
            assert database.execute("SELECT count(*) FROM loopline_workers").fetchone() == (0,)
            assert database.execute("SELECT state, count(*) FROM loopline_jobs GROUP BY state").fetchall() == [
                ("completed", 10)
            ]
        for http in clients:
            await http.aclose()
    finally:
        for unit in units:
            unit.kill()
