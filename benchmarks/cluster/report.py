"""The report as text."""

from __future__ import annotations

import math

from benchmarks.cluster.measures import IN_FLIGHT, SIZES
from benchmarks.cluster.results import AIM, WORTH, Run

__all__ = ["report", "said_of"]


def report(run: Run) -> str:
    """Return the tables, the machine and the aim."""
    quick = " (quick: no figures to rely on)" if run.quick else ""
    return "\n\n".join(
        (
            "A call's median, one after another, ms\n" + _table(run, "latency_us", 1000, 2),
            f"Calls a second, {IN_FLIGHT} in flight\n" + _table(run, "calls_per_s", 1, 0),
            f"Share of two processors that the tasks get, {IN_FLIGHT} in flight, %\n" + _table(run, "share", 0.01, 0),
            f"From how many ms on tasks get {WORTH:.0%} of two processors\n" + "\n".join(_worth(run)),
            f"Medians of {run.repeats} repeats{quick}. Each repeat measures every contender once, in shuffled order, "
            "each in a\nprocess of its own; both clusters run all the while, on this machine.",
            "\n".join(f"{what:12} {value}" for what, value in run.machine.items()),
            f"RayLane's time of a call as a multiple of Ray's by hand (at most {AIM:g})\n" + "\n".join(_verdicts(run)),
            *(["Not measured\n" + "\n".join(run.failures)] if run.failures else []),
        )
    )


def _table(run: Run, key: str, unit: float, decimals: int) -> str:
    rows = [["", *(f"{size} ms" for size in SIZES)]]
    for name in run.contenders:
        medians = (run.median(name, f"{key}_{size}") / unit for size in SIZES)
        rows.append([name, *("–" if math.isnan(value) else f"{value:,.{decimals}f}" for value in medians)])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            text.rjust(width) if place else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _worth(run: Run) -> list[str]:
    wide = max(map(len, run.contenders))
    return [f"{name:{wide}}  {said_of(run.worth_from(name))}" for name in run.contenders]


def said_of(size: float | None) -> str:
    """Say a size of ``worth_from`` in words."""
    if size is None:
        return "none of these"
    return f"{size:.0f} ms or less" if size <= min(filter(None, SIZES)) else f"{float(f'{size:.2g}'):,.0f} ms"


def _verdicts(run: Run) -> list[str]:
    return [
        f"  {'reached    ' if run.added(size) <= AIM else 'NOT reached'}  {size:5} ms  {run.added(size):.2f}"
        for size in SIZES
    ]
