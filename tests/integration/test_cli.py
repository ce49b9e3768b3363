"""The command ``loopline``: its help, its version, and errors that say what to do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest


def loopline(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("loopline")), *arguments]
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **variables}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=60)


def test_help_names_the_commands(tmp_path: Path) -> None:
    done = loopline("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "demo" in done.stdout


def test_version(tmp_path: Path) -> None:
    assert loopline("--version", cwd=tmp_path).stdout == f"loopline {version('loopline')}\n"


@pytest.mark.parametrize("through", ["option", "environment"])
def test_a_port_in_use_is_a_clear_error(tmp_path: Path, through: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        if through == "option":
            done = loopline("demo", "--port", port, cwd=tmp_path)
        else:
            done = loopline("demo", cwd=tmp_path, PORT=port)
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "PORT=" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == [], "nothing was begun"


def test_a_port_that_is_none_is_refused(tmp_path: Path) -> None:
    done = loopline("demo", "--port", "70000", cwd=tmp_path)
    assert done.returncode == 2
    assert "65535" in done.stderr


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("sqlite:///demo.db", "sqlite+aiosqlite:///demo.db"),
        ("postgresql://me:hush@localhost/shop", "postgresql+asyncpg://"),
        ("nonsense", "sqlite+aiosqlite"),
    ],
)
def test_a_database_url_that_can_not_work_is_refused_with_one_that_can(tmp_path: Path, url: str, advice: str) -> None:
    done = loopline("demo", "--port", "0", "--database-url", url, cwd=tmp_path)
    assert done.returncode == 1
    assert advice in done.stderr
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stdout + done.stderr


def test_a_database_that_is_not_there_stops_the_start_and_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"postgresql+asyncpg://me:hush@127.0.0.1:{port}/shop"
    done = loopline("demo", "--port", "0", "--database-url", url, cwd=tmp_path)
    assert done.returncode != 0
    assert "failed to start" in done.stderr
    assert "hush" not in done.stdout + done.stderr
