"""Calls by ``fan_out``, in a process of its own: ``python -m benchmarks.scale.fan_out ITEMS``."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import uvloop

from loopline import fan_out

__all__ = ["measure_fan_out"]

LIMIT = 100  # calls at once
LONGEST = 300.0  # seconds


def measure_fan_out(items: int) -> dict[str, float]:
    """Count calls that give the event loop up once.

    Args:
        items: How many.

    Returns:
        How many there were a second, and by how many megabytes the process grew at most.
    """
    command = [sys.executable, "-m", "benchmarks.scale.fan_out", str(items)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=LONGEST)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


async def _call(item: int) -> int:
    await asyncio.sleep(0)
    return item


async def _main(items: int) -> None:
    await fan_out(_call, range(100), limit=LIMIT)
    gc.collect()
    before = _forget_peak()
    began = time.perf_counter()
    outcomes = await fan_out(_call, range(items), limit=LIMIT)
    took = time.perf_counter() - began
    if len(outcomes) != items:
        raise RuntimeError(f"{items} calls have {len(outcomes)} outcomes")
    grown = _memory("VmHWM") - before
    print(json.dumps({"items_per_s": items / took, "grown_mb": grown / 1024}))


def _forget_peak() -> int:
    """Let the peak be what the process has now, and return that. ``getrusage`` has the peak of who started it, too."""
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(which: str) -> int:
    """Return kilobytes, as Linux tells them (proc_pid_status(5))."""
    found = re.search(rf"^{which}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"/proc/self/status has no {which}")
    return int(found[1])


if __name__ == "__main__":
    uvloop.run(_main(int(sys.argv[1])))
