"""A worker process on a host of a test's network."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import host_worker
from network import Network
from waiting import wait_until

__all__ = ["HostWorker"]


class HostWorker:
    """A worker process on a host."""

    def __init__(self, network: Network, host: str, url: str, folder: Path) -> None:
        self.log = folder / f"{host}.log"
        network.add(host)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                network.on(host, sys.executable, host_worker.__file__, url, host), stdout=log, stderr=log
            )
        wait_until(lambda: "working" in self.log.read_text() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def end(self) -> None:
        """Let it end as it should."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.log.read_text()

    def kill(self) -> None:
        """Kill it if it still runs."""
        self.process.kill()
        self.process.wait()
