"""The run: every case with a fresh service, interleaved, then the report."""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
from pathlib import Path

from benchmarks.dashboard.measure import measure
from benchmarks.dashboard.report import report
from benchmarks.dashboard.results import CASES, Case, Run
from benchmarks.machine import machine

__all__ = ["main"]

PACKAGES = ("loopline", "fastapi", "uvicorn", "uvloop")
QUICK = 1.5  # seconds


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dashboard", description="What an open dashboard costs the service that it shows."
    )
    parser.add_argument("--repeats", type=int, default=7, metavar="N", help="how often each is measured (default: 7)")
    parser.add_argument("--seconds", type=float, default=8.0, metavar="S", help="how long each time (default: 8)")
    parser.add_argument("--quick", action="store_true", help="one short repeat: to see that it works, not for figures")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all that was measured there")
    options = parser.parse_args()
    if options.repeats < 1 or options.seconds < 1:
        parser.error("--repeats and --seconds must be at least 1")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl+C: the service ends with this
    repeats, seconds = (1, QUICK) if options.quick else (options.repeats, options.seconds)
    run = Run(machine(PACKAGES), repeats, seconds, options.quick)
    try:
        _measure_all(run)
    except KeyboardInterrupt:
        sys.exit(130)
    print("\n" + report(run))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(run.as_json(), indent=1) + "\n")
        print(f"written: {options.json}")
    sys.exit(1 if run.failures else 0)


def _measure_all(run: Run) -> None:
    for repeat in range(1, run.repeats + 1):
        for case in random.sample(CASES, len(CASES)):
            print(f"repeat {repeat} of {run.repeats}: {case.name:22}", end="", file=sys.stderr, flush=True)
            _measure(run, repeat, case)


def _measure(run: Run, repeat: int, case: Case) -> None:
    try:
        sample = measure(repeat, case, run.seconds)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:  # one must not end the run
        run.failures.append(f"{case.name}, repeat {repeat}: {error}")
        print(f" failed: {error}", file=sys.stderr)
    else:
        run.samples.append(sample)
        print(f" {sample.per_second:>8,.0f} requests/s", file=sys.stderr)
