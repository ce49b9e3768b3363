"""The report as text."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.service.results import LATEST_MS, LATEST_PART, Run
from benchmarks.service.routes import HEAVY
from benchmarks.service.serve import OURS

__all__ = ["report"]


def report(run: Run) -> str:
    """Write the medians as tables, and how they came about."""
    return "\n".join([*_light(run), "", *_heavy(run), "", *_conditions(run)])


def _light(run: Run) -> Iterator[str]:
    yield f"Light routes ({run.light_rate:g}/s each), in brackets as a multiple of {OURS}'s"
    yield f"{'heavy load':12}{'service':12}{'p50 ms':>16}{'p99 ms':>18}{'errors %':>10}"
    for level in run.levels:
        for service in run.services:
            cells = ""
            for key, width in (("p50_ms", 16), ("p99_ms", 18)):
                value, ours = run.median(service, level, key), run.median(OURS, level, key)
                cells += f"{f'{value:,.1f} ({value / ours:.2f})':>{width}}"
            errors = run.median(service, level, "errors") * 100
            yield f"{f'{level:.0%}':12}{service:12}{cells}{errors:>10.2f}"


def _heavy(run: Run) -> Iterator[str]:
    yield "Heavy routes: answers a second by kind (refused: 503, partial: 200 with errors inside), medians"
    yield f"{'heavy load':12}{'service':12}" + "".join(f"{route.name:>34}" for route in HEAVY)
    for level in run.levels:
        for service in run.services if level else ():
            cells = [_kinds(run, service, level, route.name) for route in HEAVY]
            yield f"{f'{level:.0%}':12}{service:12}" + "".join(f"{cell:>34}" for cell in cells)


def _kinds(run: Run, service: str, level: float, route: str) -> str:
    samples = [sample.heavy[route] for sample in run.of(service, level)]
    kinds = sorted({kind for sample in samples for kind in sample}, key=lambda kind: (kind != "ok", kind))
    return ", ".join(f"{kind} {statistics.median(s.get(kind, 0.0) for s in samples):.1f}" for kind in kinds) or "none"


def _conditions(run: Run) -> Iterator[str]:
    quick = " (quick: no figures to rely on)" if run.quick else ""
    yield f"Medians of {run.repeats} repeats{quick}; in each, every service at every level once, in fresh processes."
    yield "Open loop: requests arrive at random times that no answer moves, and are timed from when they were due."
    yield "100 % is what the heavy routes give together on the service written by hand (closed loop):"
    yield "  " + ", ".join(f"{name} {rate:.1f}/s" for name, rate in run.capacity.items())
    cpu = max((sample.generator_cpu for sample in run.samples), default=0.0)
    yield f"The load generator shares the machine; it took {cpu:.2f} cores at most."
    allowed = f"{LATEST_MS:g} ms and {LATEST_PART:.0%} of what was measured"
    bad = [sample for sample in run.samples if not sample.valid]
    yield (
        f"INVALID: in {len(bad)} of {len(run.samples)} samples its own p99 lateness was above both {allowed}: "
        + ", ".join(f"{sample.service} {sample.level:.0%} {sample.late_p99_ms:.1f} ms" for sample in bad)
        if bad
        else f"In no sample was its own p99 lateness above both {allowed}."
    )
    yield ""
    yield from (f"{name:12} {value}" for name, value in run.machine.items())
    yield from (f"FAILED: {failure}" for failure in run.failures)
