"""The report as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from benchmarks.watch.crowd import IN_FLIGHT, INNOCENTS
from benchmarks.watch.expected import CASES, Case
from benchmarks.watch.rates import CONNECTIONS
from benchmarks.watch.results import ASPECTS, Run
from benchmarks.watch.tools import NOTHING, THRESHOLD, TOOLS

__all__ = ["report"]

AWAIT_ASPECTS = ("detected", "line", "route")


def report(run: Run) -> str:
    """Write tables, and how they came about."""
    parts = []
    for loop in run.loops:
        if run.detections:
            parts.append("\n".join(_found(run, loop)))
        if run.rates:
            parts.append("\n".join(_cost(run, loop)))
    if run.detections:
        parts += ["\n".join(_cases(run, loop)) for loop in run.loops]
    if run.memory:
        parts.append("\n".join(_memory(run)))
    parts.append("\n".join(_conditions(run)))
    return "\n\n".join(parts)


def _found(run: Run, loop: str) -> Iterator[str]:
    stalls = sum(not case.forgotten for case in CASES)
    yield f"{loop}: what is found, of {stalls} stalls and {len(CASES) - stalls} forgotten awaits, in %"
    columns: list[tuple[str, Callable[[str], str]]] = [
        *((f"stall: {aspect}", _percent(run, loop, aspect, forgotten=False)) for aspect in ASPECTS),
        *(
            (f"await: {aspect}", _percent(run, loop, aspect, forgotten=True))
            for aspect in ("detected", "line", "route")
        ),
        ("blames innocent", lambda tool: _number(run.blaming(loop, tool) * 100, 1)),
        ("false alarms", lambda tool: _number(run.a_pass(loop, tool, "false_alarms"), 1)),
        ("answers changed", lambda tool: _number(run.a_pass(loop, tool, "changed"), 1)),
        ("innocents failed", lambda tool: _number(run.a_pass(loop, tool, "failed"), 1)),
        ("passes", lambda tool: f"{len(run.passes(loop, tool))}"),
    ]
    yield from _table(run, loop, columns)


def _cost(run: Run, loop: str) -> Iterator[str]:
    yield f"{loop}: what it costs, an endpoint that does nothing, {CONNECTIONS} connections kept open"

    def ratio(key: str) -> Callable[[str], str]:
        return lambda tool: _number(run.rate(loop, tool, key) / run.rate(loop, NOTHING, key), 2)

    yield from _table(
        run,
        loop,
        [
            ("requests/s", lambda tool: _number(run.rate(loop, tool), 0)),
            (f"of {NOTHING}'s", ratio("per_second")),
            ("CPU µs/request", lambda tool: _number(run.rate(loop, tool, "cpu_us"), 0)),
            (f"of {NOTHING}'s ", ratio("cpu_us")),
            ("generator cores", lambda tool: _number(run.rate(loop, tool, "generator_cpu"), 2)),
        ],
    )


def _cases(run: Run, loop: str) -> Iterator[str]:
    yield f"{loop}: each case; D detected, L line, F function, R route, K kind, where it was right every time; ! blamed"
    tools = [tool for tool in run.tools if run.passes(loop, tool)]
    width = max(len(case.name) for case in CASES)
    yield " " * width + "".join(f"{tool[:11]:>12}" for tool in tools)
    for case in CASES:
        yield f"{case.name:{width}}" + "".join(f"{_letters(run, loop, tool, case):>12}" for tool in tools)


def _letters(run: Run, loop: str, tool: str, case: Case) -> str:
    verdicts = [verdict for done in run.passes(loop, tool) for verdict in done.verdicts if verdict.case == case.name]
    right = "".join(aspect[0].upper() for aspect in ASPECTS if all(getattr(verdict, aspect) for verdict in verdicts))
    blamed = "!" if any(verdict.blamed for verdict in verdicts) else ""
    some = "some" if not right and any(verdict.detected for verdict in verdicts) else "–"
    return (right or some) + blamed


def _memory(run: Run) -> Iterator[str]:
    yield "uvloop: memory in MB after so many requests"
    tools = list(dict.fromkeys(sample.tool for sample in run.memory))
    yield f"{'':12}" + "".join(f"{tool:>12}" for tool in tools)
    held = {(sample.tool, sample.requests): sample.rss_mb for sample in run.memory}
    for requests in sorted({requests for _, requests in held}):
        yield f"{requests:12,}" + "".join(f"{_number(held.get((tool, requests), math.nan), 1):>12}" for tool in tools)


def _conditions(run: Run) -> Iterator[str]:
    if run.quick:
        yield "Quick: no figures to rely on."
    if run.detections:
        yield "A pass is a fresh process in which every case is set off once, in an order of the pass's own, while"
        yield f"{IN_FLIGHT} requests to {len(INNOCENTS)} innocent endpoints are in flight."
        yield f"Every tool reports what is longer than {THRESHOLD * 1000:.0f} ms, where it has such a threshold."
        yield "Line: of a peer's stack any frame counts as naming it, of ours only the one place that is blamed."
        yield "–: its reports can't contain it. What Python itself says of forgotten awaits counts for all peers."
        yield "Blames innocent: % of cases in which an innocent's route or source was named (Python does: of a cycle)."
        yield "False alarms (while only innocents ran), answers changed and innocents failed: in a pass."
    if run.rates:
        yield f"Cost: medians of {run.rate_repeats} interleaved measurements, each in a fresh process."
        yield "The load generator is a process beside the server, on the same cores."
    yield ""
    yield from (f"{name:12} {value}" for name, value in run.machine.items())
    yield from (f"FAILED: {failure}" for failure in run.failures)


def _percent(run: Run, loop: str, aspect: str, *, forgotten: bool) -> Callable[[str], str]:
    return lambda tool: _number(run.part(loop, tool, aspect, forgotten=forgotten) * 100, 0)


def _table(run: Run, loop: str, columns: Sequence[tuple[str, Callable[[str], str]]]) -> Iterator[str]:
    """Write a table whose headings have a line for each word, so that it stays narrow."""
    tools = [tool for tool in run.tools if loop in TOOLS[tool].loops]
    words = [title.split() for title, _ in columns]
    lines = max(map(len, words))
    cells = [[cell(tool) for _, cell in columns] for tool in tools]
    widths = [
        max([len(word) for word in title] + [len(row[place]) for row in cells]) + 2 for place, title in enumerate(words)
    ]
    name = max(len(tool) for tool in tools)
    for line in range(lines):
        padded = [([""] * (lines - len(title)) + title)[line] for title in words]
        yield " " * name + "".join(f"{word:>{width}}" for word, width in zip(padded, widths, strict=True))
    for tool, row in zip(tools, cells, strict=True):
        yield f"{tool:{name}}" + "".join(f"{text:>{width}}" for text, width in zip(row, widths, strict=True))


def _number(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}" if math.isfinite(value) else "–"
