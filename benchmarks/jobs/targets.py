"""What Loopline's jobs set out to reach, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.jobs.registry import CONTENDERS, Entry, missing
from benchmarks.jobs.results import Run

__all__ = ["SHORT", "Target", "as_json", "targets"]

SHORT = {"postgresql": "PostgreSQL", "sqlite": "SQLite", "redis": "Redis", "redis-everysec": "Redis everysec"}


@dataclass(frozen=True, slots=True)
class Target:
    """A target, and what came of it.

    Attributes:
        what: What is compared.
        bound: As it is written, "≤ 1.10".
        figure: What was measured; nan if it was not.
        reached: Whether it is within its bound.
        parts: The figures that it is made of.
    """

    what: str
    bound: str
    figure: float
    reached: bool
    parts: str


def targets(run: Run) -> Iterator[Target]:
    """Hold the medians against the targets."""
    for entry in CONTENDERS:
        if entry.ours:
            yield from _enqueue(run, entry)
            yield from _drain(run, entry)
            yield from _transactional(run, entry)
            yield from _latency(run, entry)
            yield from _committers(run, entry)
            yield from _finished(run, entry)


def as_json(run: Run) -> Iterator[dict[str, Any]]:
    """Return the targets as plain data."""
    for target in targets(run):
        yield asdict(target) | {"figure": None if math.isnan(target.figure) else target.figure}


def _enqueue(run: Run, entry: Entry) -> Iterator[Target]:
    for what, key, bare in (("enqueue", "enqueue", "bare"), ("one row and enqueue", "row_enqueue", "row_bare")):
        figure = run.ratio("beside_bare", entry, "", f"{key}_p50_ms", f"{bare}_p50_ms")
        ours, other = (run.median("beside_bare", entry, "", f"{name}_p50_ms") for name in (key, bare))
        parts = f"{ours:.3f} against {other:.3f} ms, p50 of the transaction"
        yield Target(f"{SHORT[entry.kind]}: {what} / bare insert", "≤ 1.10", figure, figure <= 1.10, parts)


def _drain(run: Run, entry: Entry) -> Iterator[Target]:
    kinds = ("sqlite",) if entry.kind == "sqlite" else ("postgresql", "redis")
    peers = [peer for peer in CONTENDERS if not peer.ours and peer.kind in kinds and not missing(peer)]
    for processes in ("1", "3"):
        ours = run.median("drain", entry, processes, "jobs_per_s")
        rates = {peer: run.median("drain", peer, processes, "jobs_per_s") for peer in peers}
        what = f"{SHORT[entry.kind]}: drain by {processes} / fastest durable peer"
        if any(math.isnan(rate) for rate in rates.values()):
            yield Target(what, "≥ 1", math.nan, False, "a peer is missing, which might have been the fastest")
            continue
        best = max(rates, key=rates.__getitem__)
        parts = f"{ours:,.0f} against {rates[best]:,.0f} jobs/s ({best.name}, {SHORT[best.kind]})"
        yield Target(what, "≥ 1", ours / rates[best], ours >= rates[best], parts)


def _transactional(run: Run, entry: Entry) -> Iterator[Target]:
    ours, bare = (run.median("transactional", entry, variant, "jobs_per_s") for variant in ("jobs", "bare loop"))
    parts = f"{ours:,.0f} against {bare:,.0f} transactions/s"
    yield Target(f"{SHORT[entry.kind]}: transactional / bare loop", "≥ 0.60", ours / bare, ours >= 0.6 * bare, parts)


def _latency(run: Run, entry: Entry) -> Iterator[Target]:
    for variant in ("same process", "another process") if entry.pushes else ("same process",):
        start, bare = (run.median("latency", entry, variant, f"{name}_p50_ms") for name in ("start", "bare"))
        parts = f"{start:.2f} ms from the commit's beginning, {bare:.2f} ms of a bare commit; p50"
        what = f"{SHORT[entry.kind]}: start in {variant}, ms after a bare commit"
        yield Target(what, "≤ 1", start - bare, start - bare <= 1, parts)


def _committers(run: Run, entry: Entry) -> Iterator[Target]:
    if entry.kind == "postgresql":
        figure = run.ratio("committers", entry, "", "listening_per_s", "without_per_s")
        ours, other = (run.median("committers", entry, "", f"{name}_per_s") for name in ("listening", "without"))
        parts = f"{ours:,.0f} against {other:,.0f} commits/s"
        yield Target("PostgreSQL: 24 committers, worker listens / none", "≥ 0.90", figure, figure >= 0.9, parts)


def _finished(run: Run, entry: Entry) -> Iterator[Target]:
    samples = [sample for sample in run.samples if (sample.measure, sample.kind) == ("finished", entry.kind)]
    if not samples:
        yield Target(f"{SHORT[entry.kind]}: drain beside ended jobs / beside none", "≥ 0.90", math.nan, False, "")
    for sample in samples:
        ours, other = (sample.figures[f"{name}_per_s"] for name in ("with", "without"))
        parts = f"{ours:,.0f} against {other:,.0f} jobs/s, {sample.figures['rows']:,} ended"
        what = f"{SHORT[entry.kind]}: drain beside ended jobs / beside none"
        yield Target(what, "≥ 0.90", ours / other, ours >= 0.9 * other, parts)
