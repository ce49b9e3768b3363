"""The report as text."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchmarks.lanes.results import LIMIT, OURS, Run, targets

__all__ = ["report"]

NOTES = """\
Medians of {repeats} repeats{quick}.
Each repeat measures every contender once, in shuffled order, each in a process of its own, with two workers
(ProcessLane keeps a third as a spare). In brackets: the figure as a multiple of ProcessLane's. The raw socket pair is
the limit: blocking, without a loop, to one process, one call at a time; calls and results are pickled there too.
Speed is measured with each pool as it comes (only ProcessLane's workers are nice then); for the ticker every pool's
workers have niceness 10 and SCHED_BATCH. Unloaded is the same ticker before there is a pool. MB/s count both
directions."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, what it shows, how many decimals, and whether as a multiple of ours too."""

    title: str
    key: str
    decimals: int = 0
    ratio: bool = True


SPEED = (
    Column("p50 µs", "latency_p50_us"),
    Column("p99 µs", "latency_p99_us"),
    Column("calls/s, 64 in flight", "calls_per_s"),
    Column("parent CPU µs/call", "parent_cpu_us"),
    Column("10 MB bytes MB/s", "bytes_mb_per_s"),
    Column("10 MB NumPy MB/s", "numpy_mb_per_s"),
)
MANNERS = (
    Column("ticker p50 ms", "loaded_p50_ms", 2),
    Column("ticker p99 ms", "loaded_p99_ms", 2),
    Column("cores burnt", "cores_burnt", 2, ratio=False),
    Column("killed: fail", "killed_failed", ratio=False),
    Column("succeed", "killed_succeeded", ratio=False),
    Column("hang", "killed_hung", ratio=False),
    Column("next call works", "next_works", ratio=False),
    Column("works after ms", "next_ms", 1, ratio=False),
)


def report(run: Run) -> str:
    """Return the tables, the machine and the targets."""
    parts = []
    for loop in run.loops:
        parts.append(f"{loop}: speed of a call\n" + _table(run, loop, (*run.contenders, LIMIT), SPEED))
        unloaded = " and ".join(f"{run.median(loop, None, f'unloaded_p{p}_ms'):.2f}" for p in (50, 99))
        heading = f"{loop}: a 5 ms ticker while 2 workers compute (unloaded: {unloaded} ms), and 1 worker killed"
        parts.append(f"{heading} with 10 calls pending\n" + _table(run, loop, run.contenders, MANNERS))
    parts.append(NOTES.format(repeats=run.repeats, quick=" (quick: no figures to rely on)" if run.quick else ""))
    parts.append("\n".join(f"{what:12} {value}" for what, value in run.machine.items()))
    parts.append("Targets\n" + "\n".join(_verdicts(run)))
    if run.failures:
        parts.append("Not measured\n" + "\n".join(run.failures))
    return "\n\n".join(parts)


def _table(run: Run, loop: str, names: tuple[str, ...], columns: tuple[Column, ...]) -> str:
    rows = [["", *(column.title for column in columns)]]
    rows += [[name, *(_cell(run, loop, name, column) for column in columns)] for name in names]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            text.rjust(width) if place else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _cell(run: Run, loop: str, name: str, column: Column) -> str:
    value = run.median(loop, name, column.key)
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "never"
    if column.key == "next_works":
        values = run.values(loop, name, column.key)
        return f"{sum(values):.0f} of {len(values)}"
    text = f"{value:,.{column.decimals}f}"
    ours = run.median(loop, OURS, column.key)
    return f"{text} ({value / ours:.2f})" if column.ratio and ours else text


def _verdicts(run: Run) -> list[str]:
    return [
        f"  {'reached    ' if target.reached else 'NOT reached'}  {loop:7}  {target.what:38} {target.bound:7} "
        f"{'not measured' if math.isnan(target.figure) else f'is {target.figure:.2f}: {target.parts}'}"
        for loop in run.loops
        for target in targets(run, loop)
    ]
