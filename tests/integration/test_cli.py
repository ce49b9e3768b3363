"""The command ``loopline``: its help, its version, and errors that say what to do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from ports import free_port

from loopline.demo.serve import _shown


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


@pytest.mark.parametrize(("package", "extra"), [("uvicorn", "demo"), ("fastapi_offline", "demo")])
def test_a_package_that_is_missing_is_named_with_the_command_that_installs_it(
    tmp_path: Path, package: str, extra: str
) -> None:
    (tmp_path / f"{package}.py").write_text(f"raise ModuleNotFoundError('No module named {package}', name='{package}')")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = loopline("demo", "--port", "0", cwd=tmp_path, PYTHONPATH=path)
    assert done.returncode == 1
    assert f"pip install 'loopline[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_that_is_none_of_this_machine_is_refused(tmp_path: Path) -> None:
    done = loopline("demo", "--port", "0", "--host", "nowhere.invalid", cwd=tmp_path)
    assert done.returncode == 1
    assert "cannot listen on nowhere.invalid" in done.stderr
    assert "--host" in done.stderr


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://localhost:80"),
        ("0.0.0.0", "http://localhost:80"),
        ("", "http://localhost:80"),
        ("::1", "http://[::1]:80"),
        ("::", "http://[::1]:80"),
        ("fe80::1", "http://[fe80::1]:80"),
        ("10.0.0.1", "http://10.0.0.1:80"),
        ("box.example", "http://box.example:80"),
    ],
)
def test_the_url_that_is_shown_is_one_that_a_browser_opens(host: str, url: str) -> None:
    assert _shown(host, 80) == url


def test_a_file_that_is_no_database_stops_the_start_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "loopline-demo.db").write_bytes(bytes(range(256)) * 16)
    done = loopline("demo", "--port", "0", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "loopline: resource 'Database' failed to start: ConfigurationError: "
        "can't use the database file loopline-demo.db: file is not a database"
    )
    assert "Traceback" not in done.stderr


def test_a_database_that_is_not_there_stops_the_start_and_is_named(tmp_path: Path) -> None:
    url = f"postgresql+asyncpg://me:hush@127.0.0.1:{free_port()}/shop"
    done = loopline("demo", "--port", "0", "--database-url", url, cwd=tmp_path)
    assert done.returncode == 1
    assert "failed to start" in done.stderr
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stdout + done.stderr
