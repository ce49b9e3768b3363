"""The run: every case with an empty database, interleaved, then the report."""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from benchmarks.jobs.postgres import Postgres, postgres
from benchmarks.machine import machine
from benchmarks.scale.commits import measure_commits
from benchmarks.scale.fan_out import measure_fan_out
from benchmarks.scale.picture import picture
from benchmarks.scale.plan import FULL, QUICK, Case, Effort, cases
from benchmarks.scale.queue import measure_transactional, measure_waiting, measure_workers
from benchmarks.scale.report import report
from benchmarks.scale.results import Run, Sample

__all__ = ["main"]

CONNECTIONS = 300  # six workers with as many transactions at once as half of their pools
PACKAGES = ("loopline", "sqlalchemy", "asyncpg", "uvloop")
OF_JOBS = {"workers": measure_workers, "transactional": measure_transactional, "waiting": measure_waiting}


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description="How far Loopline goes.")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="how often each is measured (default: 3)")
    parser.add_argument("--quick", action="store_true", help="one short repeat: to see that it works, not for figures")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all that was measured there")
    parser.add_argument("--svg", type=Path, metavar="PATH", help="draw a picture there")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error("--repeats must be at least 1")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl+C: the server and workers end with this
    try:
        run = _measure_all(1 if options.quick else options.repeats, options.quick)
    except KeyboardInterrupt:
        sys.exit(130)
    print("\n" + report(run))
    for path, content in ((options.json, json.dumps(run.as_json(), indent=1)), (options.svg, picture(run))):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content + "\n")
            print(f"written: {path}")
    sys.exit(1 if run.failures else 0)


def _measure_all(repeats: int, quick: bool) -> Run:
    effort = QUICK if quick else FULL
    everyone = list(cases(effort))
    with postgres(CONNECTIONS) as server:
        run = Run(machine(PACKAGES), server.settings, repeats, quick)
        total, number = repeats * len(everyone), 0
        for repeat in range(1, repeats + 1):
            random.shuffle(everyone)
            for case in everyone:
                number += 1
                _measure(run, repeat, case, effort, server, f"[{number:{len(str(total))}}/{total}]")
    return run


def _measure(run: Run, repeat: int, case: Case, effort: Effort, server: Postgres, place: str) -> None:
    print(f"{place} repeat {repeat}: {case.measure} {case.size:<12,}", end="", file=sys.stderr, flush=True)
    began = time.monotonic()
    try:
        figures = _figures(case, effort, server)
    except (OSError, RuntimeError, psycopg.Error, subprocess.SubprocessError) as error:  # one must not end the run
        run.failures.append(f"{case.measure} {case.size:,}, repeat {repeat}: {error}")
        print(f" failed: {error}", file=sys.stderr)
    else:
        run.samples.append(Sample(repeat, case.measure, case.size, figures))
        print(f"{time.monotonic() - began:6.1f} s", file=sys.stderr)


def _figures(case: Case, effort: Effort, server: Postgres) -> dict[str, float]:
    if case.measure == "fan_out":
        return measure_fan_out(case.size)
    with server.database() as url:
        if case.measure == "commits":
            return measure_commits(url, case.size, effort.seconds)
        return OF_JOBS[case.measure](url, case.size, effort)
