"""The processes of a run, none of which outlives it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from benchmarks.watch.finding import Finding, read_findings
from benchmarks.watch.loopline_report import read_report
from benchmarks.watch.markers import HERE
from benchmarks.watch.tools import OURS

__all__ = ["Served", "serving"]

ROOT = HERE.parent.parent  # where the applications are imported from
START = 60.0  # seconds that a server may take to start
END = 5.0  # seconds that it may take to end
GLANCE = 0.02  # seconds between two looks whether it has started


@dataclass(slots=True)
class Served:
    """A server that runs.

    Attributes:
        port: On loopback.
        pid: Of its process.
    """

    port: int
    pid: int
    _report: Path
    _ours: bool
    _read: int = field(default=0, init=False)

    def new_findings(self) -> list[Finding]:
        """Return what has been reported since this was asked last."""
        with suppress(FileNotFoundError), self._report.open("rb") as file:
            file.seek(self._read)
            whole = file.read().rpartition(b"\n")[0]
            if whole:
                self._read += len(whole) + 1
                lines = whole.decode().splitlines()
                return read_report(lines) if self._ours else read_findings(lines)
        return []


@contextmanager
def serving(
    tool: str, loop: str, app: str, path: str, variables: Mapping[str, str], *, by_command: bool
) -> Iterator[Served]:
    """Serve an application under a tool, in a fresh process.

    Args:
        tool: Its name.
        loop: uvloop or asyncio.
        app: The application's module.
        path: Where it answers 200.
        variables: For its environment.
        by_command: Start Loopline's watch as ``loopline run``; else it is set up in the application, like the others.

    Raises:
        RuntimeError: If it does not start, or ends on its own.
    """
    ours = by_command and tool == OURS
    with tempfile.TemporaryDirectory(prefix="watch-benchmark-") as folder:
        report, log = Path(folder) / "report.jsonl", Path(folder) / "log"
        port = _free_port()
        if ours:
            # The script beside this interpreter, as a user would call it.
            command = [str(Path(sys.executable).with_name("loopline")), "run", f"{app}:app", "--report", str(report)]
            command += ["--port", str(port), "--loop", loop]
        else:
            command = [sys.executable, "-m", "benchmarks.watch.serve", tool, loop, app, str(port), str(report)]
        with log.open("w") as out:
            process = subprocess.Popen(
                command,
                env={**os.environ, **variables, "PYTHONPATH": str(ROOT), "TMPDIR": folder},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        try:
            _wait_until_answering(port, path, process)
            yield Served(port, process.pid, report, ours)
            if process.poll() is not None:
                raise RuntimeError("it has ended by itself")
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{log.read_text()[-1000:]}") from error
        finally:
            _end(process)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _wait_until_answering(port: int, path: str, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + START
    while time.monotonic() < give_up:
        connection = HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):  # not yet
            time.sleep(GLANCE)
        finally:
            connection.close()
        if process.poll() is not None:
            raise RuntimeError(f"it ended with exit code {process.returncode}")
    raise RuntimeError(f"it did not answer within {START:g} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(END)
    with suppress(ProcessLookupError):  # the whole group: what the application has started too
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
