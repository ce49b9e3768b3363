"""What all tests share."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ray_cluster import ray_cluster
from waiting import wait_until

__all__ = ["ray_cluster"]

PROJECT = Path(__file__).parent.parent
DEMO = (str(Path(sys.executable).with_name("loopline")), "demo")

workers: list[Any] = []


def pytest_configure() -> None:
    """Let SIGTERM, which a deadline around the tests sends, end what they have started, as Ctrl+C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Note each process that pytest-xdist runs tests in."""
    workers.append(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Let tests that share what takes long to start run in the same process."""
    from together import Together

    return Together(config, log)


def pytest_keyboard_interrupt() -> None:
    """Let those processes end what they have started too: pytest-xdist kills them soon after it was interrupted."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
    for node in filter(_runs, workers):
        os.kill(node.gateway._rinfo().pid, signal.SIGTERM)
    wait_until(lambda: not any(map(_runs, workers)))


def _runs(node: Any) -> bool:
    return node.gateway.hasreceiver() and not node.channel.isclosed()


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Let a report hold what can't be written as UTF-8, which some tests log: pytest-xdist sends it to its parent."""
    return _encodable((yield))


def _encodable(data: Any) -> Any:
    if isinstance(data, dict):
        return {_encodable(key): _encodable(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return type(data)(map(_encodable, data))
    return data.encode(errors="backslashreplace").decode() if isinstance(data, str) else data


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Loopline runs on asyncio, as FastAPI's servers do."""
    return "asyncio"


@dataclass
class Demo:
    """The reference service, running in a process of its own."""

    url: str
    process: subprocess.Popen[str]
    log: Path

    def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.terminate()
        return self.process.wait(60)


@pytest.fixture(scope="session")
def start_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Demo]]:
    """Start the reference service as a user does; it is killed at the end if it still runs."""
    running: list[Demo] = []

    def start(
        database_url: str | None = None, command: Sequence[str] = DEMO, cwd: Path | None = None, **variables: str
    ) -> Demo:
        folder = cwd or tmp_path_factory.mktemp("demo")
        log = folder / "demo.log"
        if database_url is not None:
            variables["LOOPLINE_DEMO_DATABASE_URL"] = database_url
        with log.open("w") as output:
            process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=folder,
                env={**os.environ, "PORT": "0", **variables},
                start_new_session=True,
            )
        demo = Demo("", process, log)
        running.append(demo)
        wait_until(lambda: "Ctrl+C" in log.read_text() or process.poll() is not None, limit=300)
        found = re.search(r"start page +(http://\S+?)/\s", log.read_text())
        assert found, f"the demo did not start: {log.read_text()}"
        demo.url = found[1]
        return demo

    yield start
    for demo in running:
        if demo.process.poll() is None:
            os.killpg(demo.process.pid, signal.SIGKILL)
            demo.process.wait(60)


@pytest.fixture(scope="session")
def demo(start_demo: Callable[..., Demo]) -> Demo:
    """One reference service on SQLite, for all tests that only read and add."""
    return start_demo()


@pytest.fixture(scope="session")
def clean_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh copy of the project's own files, as a clone would have them: no virtual environment, no caches."""
    copy = tmp_path_factory.mktemp("clean") / "loopline"
    # not from git: it may be missing, and refuses a folder that another user owns
    ignored = (line.rstrip("/") for line in (PROJECT / ".gitignore").read_text().splitlines())
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns(".git", *ignored))
    return copy
