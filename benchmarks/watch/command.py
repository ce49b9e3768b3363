"""The run: every tool finds what it can, then its cost is measured; fresh processes, interleaved; then the report."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.watch.detection import detect
from benchmarks.watch.expected import check
from benchmarks.watch.picture import picture
from benchmarks.watch.rates import measure_memory, measure_rate
from benchmarks.watch.report import report
from benchmarks.watch.results import Run
from benchmarks.watch.sizes import as_variable, measure
from benchmarks.watch.tools import NOTHING, OURS, TOOLS

__all__ = ["main"]

LOOPS = ("uvloop", "asyncio")
PACKAGES = ("loopline", "fastapi", "uvicorn", "uvloop")
RATE_SECONDS, QUICK_RATE_SECONDS = 0.7, 0.4
LOOKS = 20  # at memory, over all the requests
REQUESTS, QUICK_REQUESTS = 1_000_000, 20_000


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.watch", description="Who finds what blocks the event loop, and what it costs."
    )
    parser.add_argument("--repeats", type=int, default=20, metavar="N", help="our passes on each loop (default: 20)")
    parser.add_argument("--peer-repeats", type=int, default=2, metavar="N", help="those of others (default: 2)")
    parser.add_argument("--rate-repeats", type=int, default=9, metavar="N", help="measurements of cost (default: 9)")
    parser.add_argument("--tool", action="append", choices=list(TOOLS), help="only this one (again: this one too)")
    parser.add_argument("--memory", action="store_true", help="also memory, over a million requests")
    parser.add_argument("--quick", action="store_true", help="each once and short: to see that it works")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all that was measured there")
    parser.add_argument("--svg", type=Path, metavar="PATH", help="draw a picture there")
    options = parser.parse_args()
    if min(options.repeats, options.peer_repeats, options.rate_repeats) < 0:
        parser.error("there can't be fewer than no repeats")
    check()
    run = _new_run(options)
    _detect_all(run)
    _measure_rates(run)
    if options.memory:
        _measure_memory(run)
    print(report(run))
    for path, content in ((options.json, json.dumps(run.as_json(), indent=1)), (options.svg, picture(run))):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content + "\n")
            print(f"written: {path}")
    sys.exit(1 if run.failures else 0)


def _new_run(options: argparse.Namespace) -> Run:
    tools = tuple(options.tool or TOOLS)
    packages = [package for tool in tools if (package := TOOLS[tool].package) and package not in PACKAGES]
    wanted = (options.repeats, options.peer_repeats, options.rate_repeats)
    ours, others, rates = (min(count, 1) for count in wanted) if options.quick else wanted
    return Run(
        machine=machine([*PACKAGES, *packages]),
        repeats={OURS: ours, "others": others},
        rate_repeats=rates,
        quick=options.quick,
        loops=LOOPS,
        tools=tools,
        sizes=measure(),
    )


def _passes(run: Run, tool: str) -> int:
    others = run.repeats["others"]
    return run.repeats[OURS] if tool == OURS else min(others, 1) if TOOLS[tool].once else others


def _detect_all(run: Run) -> None:
    variables = as_variable(run.sizes)
    jobs = [
        (repeat, loop, tool)
        for tool in run.tools
        for loop in TOOLS[tool].loops
        for repeat in range(1, _passes(run, tool) + 1)
    ]
    random.shuffle(jobs)

    def one(repeat: int, loop: str, tool: str) -> None:
        done = detect(repeat, loop, tool, variables)
        run.detections.append(done)
        if done.too_short:
            raise RuntimeError(f"blocked for too short a time: {', '.join(done.too_short)}")

    _each(run, "pass", jobs, one)


def _measure_rates(run: Run) -> None:
    seconds = QUICK_RATE_SECONDS if run.quick else RATE_SECONDS
    jobs = []
    for repeat in range(1, run.rate_repeats + 1):
        once = [(repeat, loop, tool) for tool in run.tools for loop in TOOLS[tool].loops]
        random.shuffle(once)
        jobs += once

    def one(repeat: int, loop: str, tool: str) -> None:
        run.rates.append(measure_rate(repeat, loop, tool, seconds))

    _each(run, "cost", jobs, one)


def _measure_memory(run: Run) -> None:
    requests = QUICK_REQUESTS if run.quick else REQUESTS

    def one(repeat: int, loop: str, tool: str) -> None:
        run.memory += measure_memory(tool, requests, LOOKS)

    _each(run, "memory", [(1, "uvloop", tool) for tool in run.tools if tool in (OURS, NOTHING)], one)


def _each(run: Run, what: str, jobs: Sequence[tuple[int, str, str]], one: Callable[[int, str, str], None]) -> None:
    """Do one after the other, telling how far it is; what fails is written down, and the rest goes on."""
    for number, (repeat, loop, tool) in enumerate(jobs, 1):
        place = f"[{number:{len(str(len(jobs)))}}/{len(jobs)}]"
        print(f"{place} {what} {repeat}: {loop:7} {tool:20}", end=" ", flush=True, file=sys.stderr)
        began = time.monotonic()
        try:
            one(repeat, loop, tool)
        except RuntimeError as error:
            run.failures.append(f"{what} {loop} {tool}: {error}")
            print(f"failed: {error}", file=sys.stderr)
        else:
            print(f"{time.monotonic() - began:5.1f} s", file=sys.stderr)
