"""The report as text."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.dashboard.results import CASES, TARGET, Run

__all__ = ["report"]


def report(run: Run) -> str:
    """Return the table and the conditions."""
    quick = " (quick: no figures to rely on)" if run.quick else ""
    parts = [
        "\n".join(_table(run)),
        f"{run.repeats} services{quick}, each asked {run.pairs} times for {run.seconds:g} s with the dashboard closed "
        "and as often with it open, in turns: one process\nis not as fast as another. Medians, and of the ratios the "
        "quartiles. What is counted from the first look on is counted in both.\n"
        "Idle: what of a processor an open dashboard takes where nobody asks for anything else, a median.",
        "\n".join(f"{what:14} {value}" for what, value in run.machine.items()),
    ]
    if run.failures:
        parts.append("Not measured\n" + "\n".join(run.failures))
    return "\n\n".join(parts)


def _table(run: Run) -> Iterator[str]:
    yield f"{'':14} {'closed/s':>10} {'open/s':>10} {'ratio':>7} {'':>15} {'target':>8} {'chars/s':>8} {'idle':>7}"
    for case in CASES:
        samples = run.of(case.name)
        if not samples:
            continue
        ratios = [sample.ratio for sample in samples]
        low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        closed, opened, read = (
            statistics.median(values)
            for values in zip(*((one.closed, one.opened, one.characters) for one in samples), strict=True)
        )
        reached = "reached" if middle >= TARGET else "missed"
        span = f"{low:.3f} to {high:.3f}"
        shares = [one.share for one in run.idle_of(case.name)]
        idle = f"{statistics.median(shares):.2%}" if shares else ""
        rates = f"{closed:>10,.0f} {opened:>10,.0f} {middle:>7.3f} {span:>15}"
        yield f"{case.name:14} {rates} {reached:>8} {read:>8,.0f} {idle:>7}"
