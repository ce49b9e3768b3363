"""The report as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from benchmarks.jobs.registry import CONTENDERS, LEFT_OUT, Entry, missing
from benchmarks.jobs.results import Run
from benchmarks.jobs.targets import SHORT, targets

__all__ = ["report"]

NOTES = """\
Medians of {repeats} repeats{quick}. In each, every case once, in shuffled order, each in processes of its own with an
empty store. In brackets: the figure as a multiple of Loopline's on the same kind of store; Redis's of Loopline's on
PostgreSQL. Whatever runs on asyncio runs on uvloop. Loopline enqueues by an AsyncSession of the application's, whose
cost is part of its figure; the others by a driver of their own, and those on Redis apart from any transaction. Jobs
are counted when they are completed, in the store; a rate is from the first completion that is seen to the last, or to
the end of the time for those who are slow. Before that PostgreSQL has been vacuumed and analysed. Redis's
`appendfsync everysec` is shown beside `always` and is no durable peer."""


def report(run: Run) -> str:
    """Return the tables, the conditions and the targets."""
    parts = [
        "\n".join(_enqueue(run)),
        "\n".join(_bare(run)),
        "\n".join(_drain(run)),
        "\n".join(_transactional(run)),
        "\n".join(_latency(run)),
        "\n".join(_committers(run)),
        "\n".join(_finished(run)),
        NOTES.format(repeats=run.repeats, quick=" (quick: no figures to rely on)" if run.quick else ""),
        "\n".join(_contenders()),
        "\n".join(f"{what:14} {value}" for what, value in (run.machine | run.stores).items()),
        "Targets\n" + "\n".join(_verdicts(run)),
    ]
    if run.failures:
        parts.append("FAILED\n" + "\n".join(_failures(run)))
    return "\n\n".join(parts)


def _enqueue(run: Run) -> Iterator[str]:
    yield "Enqueue one job in one transaction, one after the other: ms"
    columns = [
        ("p50", lambda entry: _beside_ours(run, "enqueue", entry, "", "enqueue_p50_ms", 2)),
        ("p99", lambda entry: _figure(run.median("enqueue", entry, "", "enqueue_p99_ms"), 2)),
    ]
    yield from _table(run, "enqueue", columns)


def _bare(run: Run) -> Iterator[str]:
    yield "The same beside a bare insert of the same row, alternating: ms p50 (mean) of the whole transaction"
    for entry in _ours():
        for what, key, bare in (("enqueue", "enqueue", "bare"), ("with one row", "row_enqueue", "row_bare")):
            cells = []
            for name in (key, bare):
                p50, mean = (run.median("beside_bare", entry, "", f"{name}_{part}_ms") for part in ("p50", "mean"))
                cells.append(f"{p50:.3f} ({mean:.3f})")
            ratio = run.ratio("beside_bare", entry, "", f"{key}_p50_ms", f"{bare}_p50_ms")
            yield f"  {SHORT[entry.kind]:12}{what:14}{cells[0]:>18}  bare {cells[1]:>18}  ratio {ratio:.3f}"


def _drain(run: Run) -> Iterator[str]:
    yield "Jobs that do nothing, worked off: completions a second"
    columns = [(f"{number} process{'' if number == 1 else 'es'}", _drained(run, str(number))) for number in (1, 3)]
    yield from _table(run, "drain", columns)


def _drained(run: Run, processes: str) -> Callable[[Entry], str]:
    return lambda entry: _beside_ours(run, "drain", entry, processes, "jobs_per_s", 0)


def _transactional(run: Run) -> Iterator[str]:
    yield "Transactional tasks that write a row each, one process: completions a second"
    for entry in _ours():
        ours, bare = (run.median("transactional", entry, variant, "jobs_per_s") for variant in ("jobs", "bare loop"))
        yield f"  {SHORT[entry.kind]:12}{ours:>10,.0f}  bare loop {bare:>10,.0f}  ratio {ours / bare:.2f}"


def _latency(run: Run) -> Iterator[str]:
    yield "From the beginning of the commit to the start of the job, one at a time: ms"
    columns = [
        (title.format(variant), _latency_of(run, variant, key))
        for variant in ("same process", "another process")
        for title, key in (("{} p50", "start_p50_ms"), ("p99", "start_p99_ms"), ("bare commit p50", "bare_p50_ms"))
    ]
    yield from _table(run, "latency", columns)


def _latency_of(run: Run, variant: str, key: str) -> Callable[[Entry], str]:
    return lambda entry: _figure(run.median("latency", entry, variant, key), 2)


def _committers(run: Run) -> Iterator[str]:
    yield "24 at once commit one row and one job: commits a second"
    for entry in _ours():
        for name, what in (
            ("without", "no worker"),
            ("listening", "a worker process listens, serves another queue"),
            ("working", "a worker process listens and works them off"),
        ):
            rate = run.median("committers", entry, "", f"{name}_per_s")
            ratio = run.ratio("committers", entry, "", f"{name}_per_s", "without_per_s")
            if not math.isnan(rate):
                yield f"  {SHORT[entry.kind]:12}{what:48}{rate:>10,.0f}  ratio {ratio:.2f}"


def _finished(run: Run) -> Iterator[str]:
    yield "Jobs that do nothing, worked off beside many that have ended: completions a second"
    for sample in run.samples:
        if sample.measure == "finished":
            beside, alone = sample.figures["with_per_s"], sample.figures["without_per_s"]
            yield (
                f"  {SHORT[sample.kind]:12}{sample.figures['rows']:>10,} ended{beside:>10,.0f}  "
                f"none {alone:>10,.0f}  ratio {beside / alone:.2f}"
            )


def _contenders() -> Iterator[str]:
    yield "How each is set, and what an enqueue that has returned is worth"
    for entry in CONTENDERS:
        reason = missing(entry)
        part = f", {entry.jobs:.0%} of the jobs to work off" * (entry.jobs < 1)
        said = f"LEFT OUT: {reason}" if reason else f"{entry.setting}{part}. {entry.durability}"
        yield f"  {entry.name:14}{SHORT[entry.kind]:15}{said}"
    yield from (f"  {name:14}{'':15}LEFT OUT: {reason}" for name, reason in LEFT_OUT.items())


def _failures(run: Run) -> Iterator[str]:
    for failure in run.failures:
        which = f"{failure.measure} {failure.variant}".strip()
        yield f"  {failure.contender} on {SHORT[failure.kind]}, {which}, repeat {failure.repeat}: {failure.why}"


def _verdicts(run: Run) -> Iterator[str]:
    for target in targets(run):
        said = "not measured" if math.isnan(target.figure) else f"is {target.figure:.2f}: {target.parts}"
        verdict = "reached    " if target.reached else "NOT reached"
        yield f"  {verdict}  {target.what:58} {target.bound:7} {said}"


def _table(run: Run, measure: str, columns: Sequence[tuple[str, Callable[[Entry], str]]]) -> Iterator[str]:
    rows = [["", "", *(title for title, _ in columns)]]
    for entry in CONTENDERS:
        cells = [cell(entry) for _, cell in columns]
        failed = run.failed(measure, entry)
        if failed or any(cell != "–" for cell in cells):
            rows.append([entry.name + " (FAILED, see below)" * failed, SHORT[entry.kind], *cells])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        parts = [
            text.rjust(width) if place > 1 else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  " + "  ".join(parts)


def _beside_ours(run: Run, measure: str, entry: Entry, variant: str, key: str, decimals: int) -> str:
    value = run.median(measure, entry, variant, key)
    ours = run.median(measure, _ours_for(entry), variant, key)
    return "–" if math.isnan(value) else f"{value:,.{decimals}f} ({value / ours:.2f})"


def _ours_for(entry: Entry) -> Entry:
    on_sqlite = entry.kind == "sqlite"
    return next(ours for ours in _ours() if (ours.kind == "sqlite") == on_sqlite)


def _ours() -> list[Entry]:
    return [entry for entry in CONTENDERS if entry.ours]


def _figure(value: float, decimals: int) -> str:
    return "–" if math.isnan(value) else f"{value:,.{decimals}f}"
