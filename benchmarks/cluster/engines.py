"""The clusters: two nodes of Ray and two workers of Dask, each with one processor, all on this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Engines", "engines"]

WORKERS = 2
PATIENCE = 120.0  # seconds until what does not start counts as failed
STORE = 200 * 1024 * 1024  # bytes of a node's object store


@dataclass(frozen=True, slots=True)
class Engines:
    """Where the clusters are.

    Attributes:
        ray: For a machine that is a node.
        ray_client: For any other.
        dask: Of the scheduler.
    """

    ray: str
    ray_client: str
    dask: str


@contextmanager
def engines() -> Iterator[Engines]:
    """Start both clusters, and end them."""
    port, client_port, dask_port = (_free_port() for _ in range(3))
    address = f"127.0.0.1:{port}"
    running: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory(prefix="bench-ray-", dir="/tmp", ignore_cleanup_errors=True) as folder:

        def start(*module_and_options: str) -> Path:
            log = Path(folder) / f"{len(running)}.log"
            with log.open("wb") as output:
                running.append(
                    subprocess.Popen(
                        [sys.executable, "-m", *module_and_options],
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=output,
                        env={
                            **os.environ,
                            "PYTHONPATH": os.getcwd(),
                            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
                            "RAY_USAGE_STATS_ENABLED": "0",
                        },
                        start_new_session=True,
                    )
                )
            return log

        ray = ("ray.scripts.scripts", "start", "--block", "--num-cpus=1", f"--object-store-memory={STORE}")
        try:
            head = start(
                *ray,
                *("--head", f"--port={port}", f"--ray-client-server-port={client_port}"),
                *("--include-dashboard=false", f"--temp-dir={folder}/ray"),
            )
            _wait("Ray", lambda: "Ray runtime started" in head.read_text() and _listens(client_port))
            start(*ray, f"--address={address}")
            start("distributed.cli.dask_scheduler", f"--port={dask_port}", "--host=127.0.0.1", "--no-dashboard")
            _wait("Dask", lambda: _listens(dask_port))
            start(
                "distributed.cli.dask_worker",
                *(f"tcp://127.0.0.1:{dask_port}", f"--nworkers={WORKERS}", "--nthreads=1", "--no-dashboard"),
                f"--local-directory={folder}",
            )
            yield Engines(address, f"ray://127.0.0.1:{client_port}", f"tcp://127.0.0.1:{dask_port}")
        finally:
            for process in reversed(running):
                _end(process)


def _end(leader: subprocess.Popen[bytes]) -> None:
    """Kill all processes of a session: Ray gives some of its own a group of theirs."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getsid(int(entry.name)) == leader.pid:
                os.kill(int(entry.name), signal.SIGKILL)
    leader.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _wait(what: str, is_there: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not is_there():
        if time.monotonic() > until:
            raise RuntimeError(f"{what} did not start within {PATIENCE:g} s")
        time.sleep(0.1)
