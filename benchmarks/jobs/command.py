"""The run: every case in processes of its own, interleaved, then the report."""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
from pathlib import Path

from benchmarks.jobs.picture import picture
from benchmarks.jobs.plan import FULL, QUICK, Case, cases, finished_cases
from benchmarks.jobs.postgres import Postgres, postgres
from benchmarks.jobs.redis_server import redis_version
from benchmarks.jobs.registry import CONTENDERS, missing
from benchmarks.jobs.report import report
from benchmarks.jobs.results import Failure, Run, Sample
from benchmarks.jobs.run_case import run_case
from benchmarks.jobs.targets import as_json
from benchmarks.machine import machine

__all__ = ["main"]

DRIVERS = ("sqlalchemy", "asyncpg", "psycopg", "aiosqlite", "redis", "uvloop")


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jobs", description="Loopline's jobs and their peers.")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="how often each is measured (default: 3)")
    parser.add_argument("--quick", action="store_true", help="one short repeat: to see that it works, not for figures")
    parser.add_argument("--only", default="", metavar="TEXT", help="only cases whose description has this in it")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all that was measured there")
    parser.add_argument("--svg", type=Path, metavar="PATH", help="draw a picture there")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error("--repeats must be at least 1")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl+C: servers and workers end with this
    try:
        run = _measure_all(1 if options.quick else options.repeats, options.quick, options.only)
    except KeyboardInterrupt:
        sys.exit(130)
    print("\n" + report(run))
    for path, content in (
        (options.json, json.dumps(run.as_json() | {"targets": list(as_json(run))}, indent=1)),
        (options.svg, picture(run)),
    ):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content + "\n")
            print(f"written: {path}")
    sys.exit(1 if run.failures else 0)


def _measure_all(repeats: int, quick: bool, only: str) -> Run:
    effort = QUICK if quick else FULL
    packages = sorted({entry.package for entry in CONTENDERS if not missing(entry)} - {"loopline"})
    everyone = [case for case in cases(effort) if only in _describe(case)]
    once = [case for case in finished_cases(effort, repeats) if only in _describe(case)]
    with postgres() as server:
        run = Run(
            machine=machine(("loopline", *packages, *(name for name in DRIVERS if name not in packages))),
            stores={"PostgreSQL": server.settings, "Redis": redis_version()},
            repeats=repeats,
            quick=quick,
        )
        total = repeats * len(everyone) + len(once)
        number = 0
        for repeat in range(1, repeats + 1):
            random.shuffle(everyone)
            for case in everyone:
                number += 1
                _measure(run, repeat, case, server, f"[{number:{len(str(total))}}/{total}] repeat {repeat}:")
        for case in once:
            number += 1
            _measure(run, 0, case, server, f"[{number}/{total}]")
    return run


def _measure(run: Run, repeat: int, case: Case, server: Postgres, place: str) -> None:
    entry = case.entry
    _say(f"{place} {_describe(case):60}", end="")
    began = time.monotonic()
    figures = run_case(case, server)
    if isinstance(figures, str):
        run.failures.append(Failure(repeat, case.measure, entry.name, entry.kind, case.variant, figures))
        _say(f" failed: {figures}")
    else:
        run.samples.append(Sample(repeat, case.measure, entry.name, entry.kind, case.variant, figures))
        _say(f"{time.monotonic() - began:6.1f} s")


def _describe(case: Case) -> str:
    return f"{case.measure} {case.entry.name} on {case.entry.kind}{f', {case.variant}' if case.variant else ''}"


def _say(text: str, end: str = "\n") -> None:
    print(text, end=end, file=sys.stderr, flush=True)
