"""Run one case in a process of its own, with empty stores, and leave nothing of it behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.jobs.plan import Case
from benchmarks.jobs.postgres import Postgres
from benchmarks.jobs.stores import empty_store

__all__ = ["run_case"]

LONGEST = 600.0  # seconds of one case
LAST_WORDS = 1500  # characters of what a process wrote that failed


def run_case(case: Case, server: Postgres) -> dict[str, Any] | str:
    """Measure.

    Args:
        case: What.
        server: Where databases are made.

    Returns:
        The figures, or what went wrong.
    """
    entry = case.entry
    try:
        with ExitStack() as stack:
            arguments = {"target": entry.target, "url": stack.enter_context(empty_store(entry.kind, server))}
            if case.measure == "finished":
                arguments["other"] = stack.enter_context(empty_store(entry.kind, server))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jobs-benchmark-")))
            return _in_process(case.measure, json.dumps(arguments | case.arguments), folder)
    except (RuntimeError, OSError, psycopg.Error) as error:  # one store that fails must not end the run
        return f"its store: {error}"


def _in_process(measure: str, arguments: str, folder: Path) -> dict[str, Any] | str:
    result, log = folder / "result", folder / "log"
    with log.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.jobs.child", measure, arguments, str(result)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            code = child.wait(LONGEST)
        except subprocess.TimeoutExpired:
            return f"not done after {LONGEST:g} s\n{log.read_text()[-LAST_WORDS:]}"
        finally:
            with suppress(ProcessLookupError):  # its workers with it
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    if code:
        return f"exit code {code}\n{log.read_text()[-LAST_WORDS:]}"
    figures: dict[str, Any] = json.loads(result.read_text())
    return figures
