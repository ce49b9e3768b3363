"""However uvicorn is started and stopped, no worker process outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import httpx2
import psutil
import pytest
from ports import free_port
from waiting import wait_until


@pytest.mark.parametrize(
    ("options", "number"),
    [
        ([], signal.SIGTERM),
        ([], signal.SIGINT),
        ([], signal.SIGKILL),
        (["--workers", "2"], signal.SIGTERM),
        (["--reload"], signal.SIGTERM),
    ],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else " ".join(value) or "plain",
)
def test_no_worker_outlives_the_server(options: list[str], number: signal.Signals, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "loopline.demo.app:app", "--port", str(port), *options]
    variables = {**os.environ, "LOOPLINE_DEMO_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/demo.db"}
    with (tmp_path / "log").open("w") as log:
        # a session of its own, as start_demo gives: its workers, which step back, are not the last among all tests
        server = subprocess.Popen(command, cwd=tmp_path, env=variables, stdout=log, stderr=log, start_new_session=True)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            wait_until(lambda: answers(http) or server.poll() is not None, limit=300)
        assert server.poll() is None, (tmp_path / "log").read_text()
        # One of two processes may answer before the other has begun.
        expected = 6 if "--workers" in options else 3
        wait_until(lambda: len(lanes_of(server)) >= expected, limit=300)
        lanes = lanes_of(server)
        busy = [threading.Thread(target=burn, args=(port,), daemon=True) for _ in range(8)]
        for thread in busy:
            thread.start()
        wait_until(lambda: any(process.cpu_times().user > 0.3 for process in lanes if process.is_running()))
        server.send_signal(number)
        server.wait(60)
        wait_until(lambda: not any(is_alive(process) for process in lanes))
    finally:
        with suppress(ProcessLookupError):  # all of it has ended
            os.killpg(server.pid, signal.SIGKILL)
        server.wait(60)


def answers(http: httpx2.Client) -> bool:
    try:
        return http.get("/correct").status_code == 200
    except httpx2.TransportError:
        return False


def burn(port: int) -> None:
    with suppress(httpx2.TransportError), httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        for _ in range(50):
            http.post("/process?data=x")  # until the server has stopped


def lanes_of(server: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [process for process in psutil.Process(server.pid).children(recursive=True) if is_worker(process)]


def is_worker(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return any(part.endswith("_worker.py") for part in process.cmdline())
    return False


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
