"""The run: every contender in processes of their own, interleaved, then the report."""

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
from pathlib import Path

import uvloop

from benchmarks.lanes.contenders import CONTENDERS
from benchmarks.lanes.measures import FULL, QUICK, measure, measure_limit
from benchmarks.lanes.picture import picture
from benchmarks.lanes.report import report
from benchmarks.lanes.results import LIMIT, Run, Sample
from benchmarks.machine import machine

__all__ = ["main"]

LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
PACKAGES = ("loopline", "loky", "pebble", "anyio", "uvloop", "numpy")
LONGEST = 180.0  # seconds of one process


def main() -> None:
    """Run it all, or be the process that measures one contender."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lanes", description="ProcessLane against its peers.")
    parser.add_argument("--repeats", type=int, default=7, metavar="N", help="how often each is measured (default: 7)")
    parser.add_argument("--quick", action="store_true", help="one short repeat: to see that it works, not for figures")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all that was measured there")
    parser.add_argument("--svg", type=Path, metavar="PATH", help="draw a picture there")
    parser.add_argument("--child", nargs=3, metavar=("CONTENDER", "LOOP", "RESULT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _be_child(*options.child, quick=options.quick)
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


def _be_child(name: str, loop: str, result: str, *, quick: bool) -> None:
    effort = QUICK if quick else FULL
    if name == LIMIT:
        sample = measure_limit(effort)
    else:
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            sample = runner.run(measure(name, effort))
    Path(result).write_text(json.dumps(sample))


def _measure_all(repeats: int, quick: bool) -> Run:
    run = Run(machine=machine(PACKAGES), repeats=repeats, quick=quick, loops=tuple(LOOPS), contenders=tuple(CONTENDERS))
    everyone = [(name, loop) for loop in LOOPS for name in CONTENDERS] + [(LIMIT, "")]
    total, number = repeats * len(everyone), 0
    for repeat in range(1, repeats + 1):
        random.shuffle(everyone)
        for name, loop in everyone:
            number += 1
            print(f"[{number:{len(str(total))}}/{total}] repeat {repeat}: {loop:7} {name:20}", end=" ", flush=True)
            began = time.monotonic()
            sample = _in_process(name, loop, quick)
            if isinstance(sample, str):
                run.failures.append(f"{name} {loop}: {sample}")
                print(f"failed: {sample}")
            else:
                run.samples.append((repeat, loop, name, sample))
                print(f"{time.monotonic() - began:5.1f} s", flush=True)
    return run


def _in_process(name: str, loop: str, quick: bool) -> Sample | str:
    """Measure in a fresh process, and leave none of its workers behind. Returns the sample, or what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        result, log = Path(folder) / "result", Path(folder) / "log"
        command = [sys.executable, "-m", "benchmarks.lanes", "--child", name, loop, str(result)]
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
