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
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from benchmarks.service.serve import UPSTREAM
from benchmarks.service.upstream import URL

__all__ = ["serving", "talk"]

START = 300.0  # seconds that a service may take to start
END = 5.0  # seconds that it may take to end
GLANCE = 0.02  # seconds between two looks whether it has started


@contextmanager
def serving(name: str) -> Iterator[int]:
    """Run a service and what it calls in fresh processes, with a fresh database file.

    Args:
        name: One of SERVICES.

    Yields:
        The port of the service.

    Raises:
        RuntimeError: If one does not start, or ends on its own.
    """
    with tempfile.TemporaryDirectory(prefix="service-benchmark-") as folder:
        file = f"{folder}/data.db"
        database = {"SHOP_DATABASE": file, "LOOPLINE_DEMO_DATABASE_URL": f"sqlite+aiosqlite:///{file}"}
        with (
            _running(UPSTREAM, "/people/1", Path(folder), {}) as upstream,
            _running(name, "/correct", Path(folder), database | {URL: f"http://127.0.0.1:{upstream}"}) as port,
        ):
            yield port


def talk(module: str, question: str, limit: float) -> str:
    """Run a module in a process of its own.

    Args:
        module: Its name.
        question: What it reads.
        limit: Seconds that it may take.

    Returns:
        What it printed.

    Raises:
        RuntimeError: If it fails or takes too long.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        answer, _ = process.communicate(question, limit)
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{module} was not done after {limit:g} s") from error
    finally:
        _kill(process)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
    if process.returncode:
        raise RuntimeError(f"{module} ended with exit code {process.returncode}")
    return answer


@contextmanager
def _running(name: str, path: str, folder: Path, variables: Mapping[str, str]) -> Iterator[int]:
    # No proxy: the other service is on this machine, and the client of a tutorial would ask for one.
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with (
        socket.create_server(("127.0.0.1", 0), backlog=2048) as listener,
        (folder / f"{name}.log").open("w+") as log,
    ):
        port: int = listener.getsockname()[1]
        number = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.service.serve", name, str(number)],
            env={**kept, **variables},
            pass_fds=[number],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_until_answering(name, port, path, process)
            yield port
            if process.poll() is not None:
                raise RuntimeError(f"{name} has ended by itself")
        except RuntimeError as error:
            log.seek(0)
            raise RuntimeError(f"{error}\n{log.read()[-2000:]}") from error
        finally:
            _end(process)


def _wait_until_answering(name: str, port: int, path: str, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + START
    while time.monotonic() < give_up:
        connection = HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):  # not yet: the socket listens, but nobody reads
            time.sleep(GLANCE)
        finally:
            connection.close()
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with exit code {process.returncode}")
    raise RuntimeError(f"{name} did not answer within {START:g} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(END)
    _kill(process)


def _kill(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):  # the whole group: workers may outlive the service
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
