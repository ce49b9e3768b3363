"""What a tool costs: requests a second of an endpoint that does nothing, and what the server pays for each."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.service.processes import talk
from benchmarks.watch.generate import Generated, Load
from benchmarks.watch.processes import serving
from benchmarks.watch.trivial import PATH

__all__ = ["CONNECTIONS", "MemorySample", "Rate", "generate", "measure_memory", "measure_rate"]

CONNECTIONS = 16  # kept open
WARM_UP = 0.3  # seconds
SLACK = 60.0  # seconds that a generator may take beyond its load
APP = "benchmarks.watch.trivial"
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Rate:
    """One measurement.

    Attributes:
        repeat: Which repeat, from 1.
        loop: uvloop or asyncio.
        tool: Its name.
        per_second: Answers.
        cpu_us: Of the server for each answer; None where the system does not tell.
        generator_cpu: Cores that the generator took.
    """

    repeat: int
    loop: str
    tool: str
    per_second: float
    cpu_us: float | None
    generator_cpu: float


@dataclass(frozen=True, slots=True)
class MemorySample:
    """Memory of a server after some requests.

    Attributes:
        tool: Its name.
        requests: How many it has answered.
        rss_mb: What it holds in memory then.
    """

    tool: str
    requests: int
    rss_mb: float


def measure_rate(repeat: int, loop: str, tool: str, seconds: float) -> Rate:
    """Ask a fresh server as fast as it answers.

    Args:
        repeat: Which one.
        loop: uvloop or asyncio.
        tool: Its name.
        seconds: How long.

    Raises:
        RuntimeError: If the server or the generator fails.
    """
    with serving(tool, loop, APP, PATH, {}, by_command=False) as served:
        before = _cpu_seconds(served.pid)
        generated = generate(Load(served.port, CONNECTIONS, WARM_UP, seconds))
        after = _cpu_seconds(served.pid)
    cpu = None if before is None or after is None else (after - before) / generated.all_answers * 1e6
    return Rate(repeat, loop, tool, generated.answers / generated.seconds, cpu, generated.cpu)


def measure_memory(tool: str, requests: int, samples: int) -> list[MemorySample]:
    """Look at a server's memory over many requests.

    Args:
        tool: Its name.
        requests: How many in all.
        samples: How often to look.

    Raises:
        RuntimeError: If the server or the generator fails.
    """
    taken = []
    with serving(tool, "uvloop", APP, PATH, {}, by_command=False) as served:
        for number in range(samples + 1):
            taken.append(MemorySample(tool, number * (requests // samples), _rss_mb(served.pid)))
            if number < samples:
                generate(Load(served.port, CONNECTIONS, 0.0, 0.0, requests // samples))
    return taken


def generate(load: Load) -> Generated:
    """Run the generator in a process of its own.

    Args:
        load: What it sends.

    Raises:
        RuntimeError: If it fails.
    """
    limit = load.warm_up + load.seconds + load.requests / 100 + SLACK
    return Generated(**json.loads(talk("benchmarks.watch.generate", json.dumps(asdict(load)), limit)))


def _cpu_seconds(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # not Linux
        return None
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _rss_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6
