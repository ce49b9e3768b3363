"""What is right about what a tool has reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.watch.expected import CALM, Case
from benchmarks.watch.finding import Finding, Spot
from benchmarks.watch.markers import HERE, Place

__all__ = ["STARVED", "Verdict", "is_hit", "judge"]

STARVED = "no-cpu"  # says that the machine had no time for the loop, and blames nobody
FORGOTTEN = "forgotten-await"
_INNOCENT = str(HERE / "innocent")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One case under one tool, once.

    Attributes:
        case: Its name.
        detected: Whether something was reported, unless all that it names is innocent.
        kind: Whether a report has a right kind; like the next three, False also where nothing was said.
        line: Whether one names the line; of a peer's stack any frame counts, of ours only the one that is blamed.
        function: Whether one names the function that this line is in.
        route: Whether one names the route; where no route is to blame, whether none is named.
        blamed: Innocents that were named.
        astray: Other reports that do not belong here, such as a forgotten await where there is none.
        changed: Whether the tool has changed the answer.
        seconds: How long the stall was, as it was reported.
        took: Seconds until the answer.
        said: The reports, unless all is right.
    """

    case: str
    detected: bool
    kind: bool
    line: bool
    function: bool
    route: bool
    blamed: list[str] = field(default_factory=list)
    astray: int = 0
    changed: bool = False
    seconds: float | None = None
    took: float = 0.0
    said: list[str] = field(default_factory=list)


def judge(case: Case, findings: Sequence[Finding], status: int, took: float = 0.0) -> Verdict:
    """Compare reports with the truth.

    Args:
        case: What was set off.
        findings: What was reported then.
        status: Of the answer.
        took: Seconds until it came.
    """
    findings = [finding for finding in findings if finding.kind != STARVED]
    blamed = [finding for finding in findings if _innocent_in(finding)]
    hits = [finding for finding in findings if is_hit(case, finding)]
    astray = [finding for finding in findings if finding not in blamed and finding not in hits]
    line = any(_same_line(spot, place) for spot in _spots(hits) for place in case.places)
    route = not any(finding.route for finding in hits) if case.route is None else _names_route(case, hits)
    kind = any(finding.kind in case.kinds for finding in hits)
    return Verdict(
        case=case.name,
        detected=bool(hits),
        kind=kind,
        line=line,
        function=any(_names_function(case, finding) for finding in hits),
        route=bool(hits) and route,
        blamed=sorted({_innocent_in(finding) or "" for finding in blamed}),
        astray=len(astray),
        changed=status not in case.statuses,
        seconds=max((finding.seconds for finding in hits if finding.seconds is not None), default=None),
        took=took,
        said=[] if hits and line and route and kind and not blamed else [finding.text[:300] for finding in findings],
    )


def is_hit(case: Case, finding: Finding) -> bool:
    """Return whether a report is of what the case has set off."""
    if finding.kind == STARVED or case.forgotten != (finding.kind == FORGOTTEN):
        return False
    if _names_function(case, finding):  # who names an innocent beside the guilty has found the guilty all the same
        return True
    return not case.forgotten and not _innocent_in(finding)


def _innocent_in(finding: Finding) -> str | None:
    """Return the innocent whose route, function or source a report names, if it does."""
    if finding.route and CALM in finding.route:
        return finding.route
    if finding.function and finding.function.startswith("benchmarks.watch.innocent."):
        return finding.function
    return next((f"{file}:{line}" for file, line, _ in finding.spots if file.startswith(_INNOCENT)), None)


def _names_route(case: Case, hits: Iterable[Finding]) -> bool:
    if case.method == "WEBSOCKET":  # there is no method: how that is written is a tool's own affair
        return any((finding.route or "").split()[-1:] == [case.template] for finding in hits)
    return any(finding.route == case.route for finding in hits)


def _names_function(case: Case, finding: Finding) -> bool:
    names = {_last(place.function) for place in case.places}
    if finding.function and _last(finding.function) in names:
        return True
    return any(
        _same_file(file, place) and _last(function) == _last(place.function)
        for file, _, function in finding.spots
        for place in case.places
    )


def _last(qualified: str) -> str:
    return qualified.rpartition(".")[2]


def _spots(findings: Iterable[Finding]) -> Iterable[Spot]:
    return (spot for finding in findings for spot in finding.spots)


def _same_line(spot: Spot, place: Place) -> bool:
    return spot[1] == place.line and _same_file(spot[0], place)


def _same_file(file: str, place: Place) -> bool:
    return file == place.file or place.file.endswith(f"/{file}")  # some tools shorten it
