"""The run: fresh services of each kind, interleaved, then the report."""

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
from benchmarks.dashboard.results import CASES, Case, Idle, Run
from benchmarks.machine import machine

__all__ = ["main"]

PACKAGES = ("loopline", "fastapi", "uvicorn", "uvloop")
QUICK = 1.5  # seconds


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dashboard", description="What an open dashboard costs the service that it shows."
    )
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="services of each kind (default: 3)")
    parser.add_argument("--pairs", type=int, default=8, metavar="N", help="times closed and open of each (default: 8)")
    parser.add_argument("--seconds", type=float, default=2.0, metavar="S", help="how long each time (default: 2)")
    parser.add_argument("--quick", action="store_true", help="one short repeat: to see that it works, not for figures")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all that was measured there")
    options = parser.parse_args()
    if min(options.repeats, options.pairs, options.seconds) < 1:
        parser.error("--repeats, --pairs and --seconds must be at least 1")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl+C: the service ends with this
    repeats, pairs, seconds = (1, 1, QUICK) if options.quick else (options.repeats, options.pairs, options.seconds)
    run = Run(machine(PACKAGES), repeats, pairs, seconds, options.quick)
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
            _measure(run, repeat, case)


def _measure(run: Run, repeat: int, case: Case) -> None:
    try:
        for number, one in enumerate(measure(repeat, case, run.pairs, run.seconds), 1):
            where = f"service {repeat} of {run.repeats}, {case.name}"
            if isinstance(one, Idle):
                run.idle.append(one)
                print(f"{where}: {one.closed:.2%} and {one.opened:.2%} of a processor, idle", file=sys.stderr)
            else:
                run.samples.append(one)
                said = f"{number} of {run.pairs}: {one.closed:,.0f} and {one.opened:,.0f} requests/s"
                print(f"{where}, {said}", file=sys.stderr)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:  # one must not end the run
        run.failures.append(f"{case.name}, service {repeat}: {error}")
        print(f"failed: {error}", file=sys.stderr)
