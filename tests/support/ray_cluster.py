"""A Ray cluster of two nodes on this machine, started and stopped by the tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from ports import free_port
from waiting import wait_until

__all__ = ["RayCluster", "address_for_lanes", "ray_cluster"]

SUPPORT = Path(__file__).parent
SOURCE = SUPPORT.parent.parent / "src"
# A lost node is noticed in a second or two instead of half a minute; Ray tells nobody of how it is used.
SETTINGS = {
    "RAY_health_check_initial_delay_ms": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "3",
    "RAY_USAGE_STATS_ENABLED": "0",
}
STORE = 100 * 1024 * 1024  # bytes of each node's object store


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class Node:
    """A node: the process that started it and leads its session, and what it wrote."""

    process: subprocess.Popen[bytes]
    log: Path


@dataclass
class RayCluster:
    """A head and, with ``add_node``, other nodes. Each is a session of processes.

    Args:
        cpus: What each node has.
        client: Whether Ray Client is served.
    """

    cpus: int = 2
    client: bool = False
    port: int = field(default_factory=free_port)
    client_port: int = field(default_factory=free_port)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="loopline-ray-", dir="/tmp")))
    nodes: list[Node] = field(default_factory=list)

    @property
    def address(self) -> str:
        """What a lane on this machine connects to."""
        return f"127.0.0.1:{self.port}"

    def start(self, *more: str) -> None:
        """Start the head and wait until it serves."""
        options = ["--head", f"--port={self.port}", "--include-dashboard=false", f"--temp-dir={self.folder}"]
        if self.client:
            options.append(f"--ray-client-server-port={self.client_port}")
        log = self._start_node(*options, *more).log
        # Its port listens before all of it is there: another node that came then could confuse it.
        wait_until(lambda: "Ray runtime started" in log.read_text() and (not self.client or listens(self.client_port)))

    def add_node(self, *options: str) -> Node:
        """Start another node."""
        return self._start_node(f"--address={self.address}", *options)

    def kill_node(self, node: Node) -> None:
        """Kill a node as a power cut does."""
        self.nodes.remove(node)
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == node.process.pid:
                    process.send_signal(signal.SIGKILL)
            except (ProcessLookupError, psutil.NoSuchProcess):
                pass
        node.process.wait(60)

    def stop(self) -> None:
        """Kill it all, and remove what it wrote."""
        for node in reversed(list(self.nodes)):
            self.kill_node(node)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start_node(self, *options: str) -> Node:
        log = self.folder / f"node{len(list(self.folder.glob('*.log')))}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"),
                    *(f"--num-cpus={self.cpus}", f"--object-store-memory={STORE}", *options),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **SETTINGS, "PYTHONPATH": f"{SOURCE}{os.pathsep}{SUPPORT}", "PATH": _path()},
                start_new_session=True,
            )
        self.nodes.append(Node(process, log))
        return self.nodes[-1]


def _path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"


_for_lanes: RayCluster | None = None


def address_for_lanes() -> str:
    """Return the address of the cluster that the tests share."""
    assert _for_lanes is not None, "use the fixture `ray_cluster`"
    return _for_lanes.address


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[RayCluster]:
    """Two nodes and Ray Client, which tests share that do not harm them."""
    global _for_lanes
    cluster = RayCluster(client=True)
    try:
        cluster.start()
        cluster.add_node()
        _for_lanes = cluster
        yield cluster
    finally:
        _for_lanes = None
        cluster.stop()
