"""The report as text."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.check.results import Cost, Run

__all__ = ["report"]

HEADS = {"b": "blocking found", "g": "blamed in vain", "a": "awaits found", "ag": "awaits in vain"}


COLUMNS = {
    "cold s": 10, "one edited s": 14, "the worst s": 13, "noticed": 10, "memory MB": 12, "blocking": 10, "awaits": 8
}  # fmt: skip


def report(run: Run) -> str:
    """Write tables, and how they came about."""
    parts = []
    if run.reported:
        parts.append("\n".join(_cases(run)))
    services = dict.fromkeys(cost.service for cost in run.costs)
    parts += ["\n".join(_costs([cost for cost in run.costs if cost.service == service])) for service in services]
    parts.append("\n".join(_conditions(run)))
    return "\n\n".join(parts)


def _cases(run: Run) -> Iterator[str]:
    yield f"{'labelled cases':16}" + "".join(f"{f'{head} of {run.labels[label]}':>24}" for label, head in HEADS.items())
    for tool, reported in run.reported.items():
        cells = [str(len(reported[label])) if label in reported else "–" for label in HEADS]
        yield f"{tool:16}" + "".join(f"{cell:>24}" for cell in cells)


def _costs(costs: list[Cost]) -> Iterator[str]:
    first = costs[0]
    yield f"{first.service}: {first.files:,} files, {first.lines:,} lines"
    yield f"{'':16}" + "".join(f"{head:>{width}}" for head, width in COLUMNS.items())
    for tool in dict.fromkeys(cost.tool for cost in costs):
        own = [cost for cost in costs if cost.tool == tool]
        cold = statistics.median(one.cold for one in own)
        memory = statistics.median(one.memory_mb for one in own)
        again = [seconds for cost in own for seconds in cost.again]
        noticed = f"{sum(cost.noticed for cost in own)}/{len(again)}"
        found = own[0].findings
        yield (
            f"{tool:16}{cold:10.2f}{statistics.median(again):14.2f}{max(again):13.2f}{noticed:>10}{memory:12,.0f}"
            f"{found.get('blocking', '–'):>10}{found.get('await', '–'):>8}"
        )


def _conditions(run: Run) -> Iterator[str]:
    yield "A case is found if one of the tool's reports on it is of the kind. –: it does not look for such."
    yield "One edited: a line that blocks is put into an async def chosen at random; noticed: it is reported."
    yield "Cold: with nothing kept of earlier runs. Medians of interleaved repeats; memory of the largest process."
    yield from (f"{tool}: {note}" for tool, note in run.notes.items() if note)
    yield ""
    yield from (f"{name:14} {value}" for name, value in run.machine.items())
    yield from (f"FAILED: {failure}" for failure in run.failures)
