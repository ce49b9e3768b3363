"""One measurement: a fresh service, asked as fast as it answers, with or without somebody who looks."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.dashboard.reader import Read
from benchmarks.dashboard.results import Case, Idle, Sample
from benchmarks.dashboard.serving import TOKEN, Service, serving
from benchmarks.watch.generate import Load
from benchmarks.watch.rates import CONNECTIONS, generate

__all__ = ["measure"]

PATH, ANSWER = "/correct", '{"answer":42}'
WARM_UP = 0.5  # seconds
LONGER = 8  # processor time is counted in hundredths of a second
END = 10.0  # seconds that the reader may take to end


def measure(repeat: int, case: Case, pairs: int, seconds: float) -> Iterator[Sample | Idle]:
    """Measure a fresh service, with the dashboard closed and open in turns: asked, and at the end when nobody asks.

    Args:
        repeat: Which repeat, from 1.
        case: What.
        pairs: How often each.
        seconds: How long each time.

    Raises:
        RuntimeError: If the service, the generator or the reader fails.
    """
    with serving(case.jobs) as service:
        for _ in range(pairs):
            closed = _rate(service.port, seconds)
            with _looking(service.port) as read:
                opened = _rate(service.port, seconds)
            _require(read, seconds)
            yield Sample(repeat, case.name, closed, opened, read.characters / (seconds + WARM_UP))
        span = seconds * LONGER
        closed = _processor(service, span)
        with _looking(service.port) as read:
            opened = _processor(service, span)
        _require(read, span)
        yield Idle(repeat, case.name, closed, opened)


def _require(read: Read, seconds: float) -> None:
    if read.events < seconds / 2:
        raise RuntimeError(f"only {read.events} events came: the dashboard was not looked at")


def _processor(service: Service, seconds: float) -> float:
    before, begun = service.processor(), time.monotonic()
    time.sleep(seconds)
    return (service.processor() - before) / (time.monotonic() - begun)


def _rate(port: int, seconds: float) -> float:
    generated = generate(_load(port, seconds))
    return generated.answers / generated.seconds


def _load(port: int, seconds: float) -> Load:
    return Load(port, CONNECTIONS, WARM_UP, seconds, path=PATH, answer=ANSWER)


@contextmanager
def _looking(port: int) -> Iterator[Read]:
    """Look at the dashboard from a process of its own; at the end, the counts of what was read are filled in."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.dashboard.reader", str(port), TOKEN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    read = Read()
    try:
        if process.stdout.readline() != "reading\n":
            raise RuntimeError("the dashboard could not be looked at")
        yield read
        told, _ = process.communicate("", timeout=END)
        if process.returncode:
            raise RuntimeError(f"who looked at the dashboard ended with exit code {process.returncode}")
        for name, value in json.loads(told.splitlines()[-1]).items():
            setattr(read, name, value)
    finally:
        process.kill()
        process.communicate()
