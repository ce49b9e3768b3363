"""The run: capacity first, then each service at each level in fresh processes, then the report."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.service.generate import Generated, Load, Shot
from benchmarks.service.picture import picture
from benchmarks.service.processes import serving, talk
from benchmarks.service.report import report
from benchmarks.service.results import Run, sample_of
from benchmarks.service.routes import BATCH, HEAVY, LIGHT, PROCESS, SYNC
from benchmarks.service.serve import SERVICES

__all__ = ["main"]

PACKAGES = ("loopline", "fastapi", "uvicorn", "sqlalchemy", "httpx2", "httptools")
LEVELS = (0.0, 0.5, 1.0, 2.0)
LIGHT_RATE = 30.0  # requests a second of each light route
TIMEOUT = 10.0  # seconds, of a client
NEUTRAL = "by hand"  # where capacity is measured
# Requests under way while it is: so many that there is always a next one, and none is refused.
IN_FLIGHT = {PROCESS.name: 4, SYNC.name: 40, BATCH.name: 20}
SLACK = 60.0  # seconds that a generator may take beyond its load


@dataclass(frozen=True, slots=True)
class Effort:
    """How long things last, in seconds.

    Attributes:
        calibration: Of the heavy routes.
        warm_up: Before what counts.
        seconds: What counts.
    """

    calibration: float
    warm_up: float
    seconds: float


FULL = Effort(calibration=15, warm_up=2, seconds=10)
QUICK = Effort(calibration=5, warm_up=1, seconds=3)


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.service", description="Light routes beside heavy ones, in three services."
    )
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="how often each is measured (default: 3)")
    parser.add_argument("--quick", action="store_true", help="one short repeat: to see that it works, not for figures")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all that was measured there")
    parser.add_argument("--svg", type=Path, metavar="PATH", help="draw a picture there")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error("--repeats must be at least 1")
    run = _measure_all(1 if options.quick else options.repeats, quick=options.quick)
    print("\n" + report(run))
    for path, content in ((options.json, json.dumps(run.as_json(), indent=1)), (options.svg, picture(run))):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content + "\n")
            print(f"written: {path}")
    sys.exit(1 if run.failures else 0)


def _measure_all(repeats: int, *, quick: bool) -> Run:
    effort = QUICK if quick else FULL
    run = Run(
        machine=machine(PACKAGES),
        repeats=repeats,
        quick=quick,
        services=tuple(SERVICES),
        levels=LEVELS,
        capacity=_calibrate(effort),
        light_rate=LIGHT_RATE,
    )
    everyone = [(service, level) for service in SERVICES for level in LEVELS]
    total, number = repeats * len(everyone), 0
    for repeat in range(1, repeats + 1):
        random.shuffle(everyone)
        for service, level in everyone:
            number += 1
            print(f"[{number:{len(str(total))}}/{total}] repeat {repeat}: {service:9}{level:5.0%}", end=" ", flush=True)
            began = time.monotonic()
            rates = {route.name: LIGHT_RATE for route in LIGHT}
            rates |= {name: rate * level for name, rate in run.capacity.items() if level}
            # The same schedule for every service.
            load = (rates, effort.warm_up, effort.seconds, f"{repeat} {level}")
            try:
                with serving(service) as port:
                    generated = _generate(Load(port, *load[:3], TIMEOUT, load[3]))
            except RuntimeError as error:
                run.failures.append(f"{service} at {level:.0%}: {error}")
                print(f"failed: {error}")
                continue
            run.samples.append(sample_of(repeat, service, level, generated, effort.seconds))
            print(f"{time.monotonic() - began:5.1f} s", flush=True)
    return run


def _calibrate(effort: Effort) -> dict[str, float]:
    """Measure what the heavy routes give together, beside nothing else: answers a second of each."""
    with serving(NEUTRAL) as port:
        load = Load(port, {}, effort.warm_up, effort.calibration, TIMEOUT, in_flight=IN_FLIGHT)
        shots = _generate(load).shots
    ends = Counter(shot.route for shot in shots if shot.outcome == "ok")
    capacity = {route.name: ends[route.name] / effort.calibration for route in HEAVY}
    print("capacity: " + ", ".join(f"{name} {rate:.1f}/s" for name, rate in capacity.items()), flush=True)
    return capacity


def _generate(load: Load) -> Generated:
    limit = load.warm_up + load.seconds + load.timeout + SLACK
    said = json.loads(talk("benchmarks.service.generate", json.dumps(asdict(load)), limit))
    return Generated([Shot(**shot) for shot in said["shots"]], said["cpu"], said["niceness"])
