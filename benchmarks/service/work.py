"""What the routes' heavy work is, the same as in the reference service. Light to import, since worker processes do."""

from __future__ import annotations

import hashlib
import os
import signal
import time

__all__ = ["blocking_call", "digest", "step_back"]

ROUNDS = 50_000
BLOCKS_FOR = 0.2  # seconds


def digest(data: str) -> str:
    """Hash a text over and over: pure CPU work that holds the interpreter."""
    value = data.encode()
    for _ in range(ROUNDS):
        value = hashlib.sha256(value).digest()
    return value.hex()


def blocking_call() -> str:
    """Stand for a library that knows no asyncio."""
    time.sleep(BLOCKS_FOR)
    return "done in a thread of the lane 'legacy'"  # what the reference service says, so that answers are equal


def step_back() -> None:
    """Start a worker process behind the event loop, and leave a terminal's Ctrl+C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)
    if hasattr(os, "SCHED_BATCH"):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
