"""One run of a tool: what it printed, how long it took, and how much memory it held at most."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.check.tool import Report, Tool

__all__ = ["LONGEST", "Outcome", "forget", "run"]

LONGEST = 900.0  # seconds of one run


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to.

    Attributes:
        seconds: From its start to its end.
        memory_mb: The most that one of its processes held, in MB.
        reports: What it said.
    """

    seconds: float
    memory_mb: float
    reports: tuple[Report, ...]


def run(tool: Tool, folder: Path) -> Outcome:
    """Run a tool over a folder.

    Raises:
        RuntimeError: If it ends in another way than "nothing found" or "something found", or takes too long.
    """
    command: Sequence[str] = tool.command(folder)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=errors)
        ended = _wait(process, began + LONGEST)
        seconds = time.perf_counter() - began
        output.seek(0)
        errors.seek(0)
        if process.returncode not in (0, 1):
            said = (errors.read() or output.read()).decode(errors="replace").strip()
            raise RuntimeError(f"{tool.name} ended with {process.returncode}: {said[-300:]}")
        reports = tuple(tool.read(output.read().decode(errors="replace")))
    return Outcome(seconds, ended.ru_maxrss / 1024, reports)


def forget(tool: Tool, folder: Path) -> None:
    """Delete what it has kept of earlier runs."""
    for cache in tool.caches:
        shutil.rmtree(folder / cache, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], deadline: float) -> resource.struct_rusage:
    """Wait for the end of a process; Popen does not tell what it used."""
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return used
        if time.perf_counter() > deadline:
            process.kill()
            process.wait()
            raise RuntimeError(f"it took longer than {LONGEST:g} s")
        time.sleep(0.002)
