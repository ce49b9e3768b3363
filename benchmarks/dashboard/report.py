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
        f"Medians of {run.repeats} repeats of {run.seconds:g} s{quick}. In each, every case once, shuffled, with a "
        "fresh service. The ratio is to the closed one of the same repeat.",
        "\n".join(f"{what:14} {value}" for what, value in run.machine.items()),
    ]
    if run.failures:
        parts.append("Not measured\n" + "\n".join(run.failures))
    return "\n\n".join(parts)


def _table(run: Run) -> Iterator[str]:
    yield f"{'dashboard':22} {'requests/s':>10} {'ratio':>7} {'lowest':>7} {'highest':>7} {'target':>7} {'chars/s':>8}"
    for case in CASES:
        rate, ratios = run.rate(case.name), run.ratios(case.name)
        if rate is None:
            continue
        line = f"{case.name:22} {rate:>10,.0f}"
        if case.is_open and ratios:
            read = [sample.characters / run.seconds for sample in run.samples if sample.case == case.name]
            reached = "reached" if statistics.median(ratios) >= TARGET else "missed"
            line += f" {statistics.median(ratios):>7.3f} {min(ratios):>7.3f} {max(ratios):>7.3f} {reached:>7}"
            line += f" {statistics.median(read):>8,.0f}"
        yield line
