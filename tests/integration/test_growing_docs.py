"""The page on growing, done as it says: its commands in one shell, with other ports and another database."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from ports import free_port
from ray_cluster import SETTINGS

from loopline.demo.compute import digest

PAGE = Path(__file__).parents[2] / "docs" / "growing.md"
BIN = Path(sys.executable).parent
LIMIT = 240.0  # seconds for all commands of a block

pytestmark = pytest.mark.loopline(off=True)


class Shell:
    """A shell that is given the page's commands, block by block."""

    def __init__(self, folder: Path, changed: dict[str, str]) -> None:
        self._changed = changed
        self._said, self._errors = folder / "said", folder / "errors"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOOPLINE")}
        with self._said.open("w") as said, self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                ["bash"],
                cwd=folder,
                env=environment
                | SETTINGS
                | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "RAY_TMPDIR": str(folder)},
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    def run(self, commands: str) -> str:
        """Run the commands of a block, and return what they said."""
        for of_the_page, here in self._changed.items():
            commands = commands.replace(of_the_page, here)
        before = len(self._said.read_text())
        assert self.process.stdin is not None
        self.process.stdin.write(f"{commands}\necho done $?\n")
        self.process.stdin.flush()
        until = time.monotonic() + LIMIT
        while not (done := re.search(r"done (\d+)\n", self._said.read_text()[before:])):
            assert self.process.poll() is None, self._errors.read_text()
            assert time.monotonic() < until, f"{commands}\n{self._errors.read_text()[-5000:]}"
            time.sleep(0.1)
        assert done[1] == "0", f"{commands}\n{self._errors.read_text()[-5000:]}"
        return self._said.read_text()[before:][: done.start()]

    def written(self) -> str:
        """Return the end of all that was said, errors included."""
        return f"{self._said.read_text()[-5000:]}\n{self._errors.read_text()[-5000:]}"

    def kill(self) -> None:
        """Kill it with all that it has started."""
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == self.process.pid:
                    process.send_signal(signal.SIGKILL)
            except (ProcessLookupError, psutil.NoSuchProcess):
                pass
        self.process.communicate(timeout=60)


@pytest.fixture
def shell(postgres_url: str) -> Iterator[Shell]:
    changed = {"postgresql+asyncpg://postgres:secret@127.0.0.1:5432/shop": postgres_url}
    changed |= {port: str(free_port()) for port in ("8001", "8002", "6379")}
    # Another test's cluster may have the ports that a head takes unasked.
    changed["--head"] = f"--head --ray-client-server-port={free_port()} --include-dashboard=false"
    # The path of a socket may have 107 bytes, and Ray's names are long: no room for the folders of pytest and xdist.
    with tempfile.TemporaryDirectory(prefix="g", dir="/tmp", ignore_cleanup_errors=True) as folder:
        shell = Shell(Path(folder), changed)
        try:
            yield shell
        finally:
            shell.kill()


def test_the_page_leads_from_one_process_to_two_web_processes_two_workers_and_a_cluster_of_two_nodes(
    shell: Shell,
) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    several, order, receipt, nodes, again, compute = blocks
    assert shell.run(several).count('{"status":"ready"}') == 2
    assert _answer(shell.run(order))["id"] == 1
    until = time.monotonic() + LIMIT
    while _answer(shell.run(receipt))["receipt"] is None:
        assert time.monotonic() < until
    shell.run(nodes)
    assert shell.run(again).count('{"status":"ready"}') == 2
    until = time.monotonic() + LIMIT
    while (said := shell.run(compute)).count("\n 1 node_") < 2:  # the second comes when it comes
        assert time.monotonic() < until, f"{said}\n{shell.written()}"
    assert said.count(json.dumps({"result": digest("hello")}, separators=(",", ":"))) == 2
    bridges = [one for one in _commands(shell) if "_ray_bridge" in one or "_ray_process" in one]
    assert len(bridges) == 2, _commands(shell)


def _answer(said: str) -> Any:
    """Return what curl has printed: what runs in the background prints there, too, whenever it likes."""
    return json.loads(next(line for line in said.splitlines() if line.startswith("{")))


def _commands(shell: Shell) -> list[str]:
    return [
        " ".join(process.info["cmdline"] or ())
        for process in psutil.process_iter(["cmdline"])
        if _session_of(process.pid) == shell.process.pid
    ]


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None
