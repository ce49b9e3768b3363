"""What the workers run. Every contender gets the same functions."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TypeVar

__all__ = ["NICE", "be_nice", "burn", "echo", "nap", "noop", "priority"]

T = TypeVar("T")

NICE = 10  # ProcessLane's default; the others are given it where priority matters


def noop() -> None:
    """Return at once."""


def echo(value: T) -> T:
    """Return what was given."""
    return value


def nap(seconds: float, told: str = "") -> int:
    """Sleep, and return the process id; where a folder is told, leave a file there first that is named by it."""
    if told:
        (Path(told) / str(os.getpid())).touch()
    time.sleep(seconds)
    return os.getpid()


def burn(seconds: float) -> float:
    """Compute for so long by the clock, and return the seconds of CPU that it got."""
    until = time.perf_counter() + seconds
    began = time.process_time()
    while time.perf_counter() < until:
        for _ in range(1000):
            pass
    return time.process_time() - began


def be_nice() -> None:
    """Step back behind the event loop exactly as ProcessLane's workers do."""
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    if hasattr(os, "SCHED_BATCH"):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def priority(seconds: float) -> tuple[int, int, int]:
    """Sleep, so that another worker takes the next call; return process id, niceness and scheduling policy."""
    time.sleep(seconds)
    policy = os.sched_getscheduler(0) if hasattr(os, "sched_getscheduler") else 0
    return os.getpid(), os.getpriority(os.PRIO_PROCESS, 0), policy
