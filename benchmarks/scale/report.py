"""The report as text."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.scale.picture import PANELS
from benchmarks.scale.results import Run

__all__ = ["report"]


def report(run: Run) -> str:
    """Return the tables and the conditions."""
    quick = " (quick: no figures to rely on)" if run.quick else ""
    parts = [
        "\n".join(_tables(run)),
        f"Medians of {run.repeats} repeats{quick}. In each, every case once, shuffled, with an empty database.",
        "\n".join(f"{what:14} {value}" for what, value in (run.machine | {"PostgreSQL": run.database}).items()),
    ]
    if run.failures:
        parts.append("Not measured\n" + "\n".join(run.failures))
    return "\n\n".join(parts)


def _tables(run: Run) -> Iterator[str]:
    for panel in PANELS:
        yield panel.title
        for size, value in run.medians(panel.measure, panel.key).items():
            yield f"  {size:>10,} {panel.unit:10} {value:>12,.{panel.decimals}f}"
    yield "fan_out: by how many MB the process grew at most"
    for size, value in run.medians("fan_out", "grown_mb").items():
        yield f"  {size:>10,} {'calls':10} {value:>12,.1f}"
