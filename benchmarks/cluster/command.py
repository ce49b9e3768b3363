"""The run: both clusters, every contender in processes of their own, interleaved, then the report."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import uvloop

from benchmarks.cluster.contenders import CONTENDERS
from benchmarks.cluster.engines import Engines, engines
from benchmarks.cluster.measures import FULL, QUICK, Sample, measure
from benchmarks.cluster.picture import picture
from benchmarks.cluster.report import report
from benchmarks.cluster.results import Run
from benchmarks.machine import machine

__all__ = ["main"]

PACKAGES = ("loopline", "ray", "distributed", "uvloop")
LONGEST = 180.0  # seconds of one process


def main() -> None:
    """Run it all, or be the process that measures one contender."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description="RayLane against its peers.")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="how often each is measured (default: 5)")
    parser.add_argument("--quick", action="store_true", help="one short repeat: to see that it works, not for figures")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all that was measured there")
    parser.add_argument("--svg", type=Path, metavar="PATH", help="draw a picture there")
    parser.add_argument("--child", nargs=3, metavar=("CONTENDER", "ENGINES", "RESULT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, where, result = options.child
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            sample = runner.run(measure(name, Engines(**json.loads(where)), QUICK if options.quick else FULL))
        Path(result).write_text(json.dumps(sample))
        return
    if options.repeats < 1:
        parser.error("--repeats must be at least 1")
    run = _measure_all(1 if options.quick else options.repeats, options.quick)
    print("\n" + report(run))
    for path, content in ((options.json, json.dumps(run.as_json(), indent=1)), (options.svg, picture(run))):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content + "\n")
            print(f"written: {path}")
    sys.exit(1 if run.failures else 0)


def _measure_all(repeats: int, quick: bool) -> Run:
    run = Run(machine(PACKAGES), repeats, quick, tuple(CONTENDERS))
    everyone = list(CONTENDERS)
    with engines() as where:
        for repeat in range(1, repeats + 1):
            random.shuffle(everyone)
            for name in everyone:
                print(f"[{repeat}/{repeats}] {name:16}", end=" ", flush=True)
                began = time.monotonic()
                sample = _in_process(name, where, quick)
                if isinstance(sample, str):
                    run.failures.append(f"{name}: {sample}")
                    print(f"failed: {sample}")
                else:
                    run.samples.append((repeat, name, sample))
                    print(f"{time.monotonic() - began:5.1f} s", flush=True)
    return run


def _in_process(name: str, where: Engines, quick: bool) -> Sample | str:
    """Measure in a fresh process, and leave none of its workers behind. Returns the sample, or what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        result, log = Path(folder) / "result", Path(folder) / "log"
        command = [sys.executable, "-m", "benchmarks.cluster", "--child", name, json.dumps(asdict(where)), str(result)]
        with log.open("wb") as out:
            child = subprocess.Popen(
                [*command, *(["--quick"] if quick else [])],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
            try:
                code = child.wait(LONGEST)
            except subprocess.TimeoutExpired:
                return f"not done after {LONGEST:g} s\n{log.read_text()[-2000:]}"
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        if code:
            return f"exit code {code}\n{log.read_text()[-2000:]}"
        sample: Sample = json.loads(result.read_text())
        return sample
