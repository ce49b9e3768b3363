"""The reference service in a process of its own, which does not outlive the run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.dashboard.filling import fill

__all__ = ["TOKEN", "Service", "serving"]

TOKEN = "a token for the benchmark"
START = 60.0  # seconds that it may take to start
END = 10.0  # seconds that it may take to end
GLANCE = 0.02  # seconds between two looks whether it has started


@dataclass(frozen=True, slots=True)
class Service:
    """One that runs.

    Attributes:
        port: On loopback.
        pid: Of its process.
    """

    port: int
    pid: int

    def processor(self) -> float:
        """Return the seconds of a processor that it has taken so far, with all processes that it has started."""
        leader = psutil.Process(self.pid)
        times = [process.cpu_times() for process in (leader, *leader.children(recursive=True))]
        return sum(one.user + one.system for one in times)


@contextmanager
def serving(jobs: int) -> Iterator[Service]:
    """Serve it, as ``loopline demo`` does: on uvloop, with its dashboard mounted, on an SQLite file.

    Args:
        jobs: How many there are in its database.

    Yields:
        What is needed to ask and to measure it.

    Raises:
        RuntimeError: If it does not start, or ends on its own.
    """
    with tempfile.TemporaryDirectory(prefix="dashboard-benchmark-") as folder:
        url = f"sqlite+aiosqlite:///{folder}/data.db"
        if jobs:
            fill(url, jobs)
        log = Path(folder) / "log"
        variables = {"LOOPLINE_DEMO_DATABASE_URL": url, "LOOPLINE_DASHBOARD_TOKEN": TOKEN, "PORT": "0"}
        with log.open("w") as out:
            process = subprocess.Popen(
                [str(Path(sys.executable).with_name("loopline")), "demo"],
                cwd=folder,
                env={**os.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        try:
            yield Service(_wait_for_port(log, process), process.pid)
            if process.poll() is not None:
                raise RuntimeError(f"it has ended by itself\n{log.read_text()[-1000:]}")
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(END)
            with suppress(ProcessLookupError):  # the whole group: its worker processes too
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for_port(log: Path, process: subprocess.Popen[bytes]) -> int:
    give_up = time.monotonic() + START
    while time.monotonic() < give_up and process.poll() is None:
        text = log.read_text()
        if "Ctrl+C" in text and (found := re.search(r"start page +http://\S+?:(\d+)/", text)):
            return int(found[1])
        time.sleep(GLANCE)
    raise RuntimeError(f"it did not start\n{log.read_text()[-1000:]}")
