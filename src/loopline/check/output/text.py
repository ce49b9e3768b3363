"""Findings for people: the chain with its source lines, grouped by what causes them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator

from loopline.check.finding import Finding, Step
from loopline.check.runner import Report

__all__ = ["render_text", "show"]

HEADINGS = {
    "request": "in requests",
    "other": "on the event loop, from other tasks",
    "startup": "at startup and shutdown",
    "command line": "on the command line",
    "tests": "in tests",
}
ALSO = 4  # further places of a cause that are listed
Line = list[tuple[str, str]]  # texts with their styles


def show(report: Report) -> None:
    """Print a report; in colours on a terminal."""
    if not sys.stdout.isatty():
        print(render_text(report), end="")
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for line in _lines(report):
        console.print(Text.assemble(*line))


def render_text(report: Report) -> str:
    """Return a report as plain text."""
    return "".join("".join(text for text, _ in line) + "\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[Line]:
    for place, heading in HEADINGS.items():
        here = [one for one in report.findings if one.place == place]
        if here:
            yield [(f"── {heading}", "bold")]
            for group in _by_cause(here):
                yield from _group(group)
    yield _summary(report)


def _by_cause(findings: Iterable[Finding]) -> list[list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for one in findings:
        groups.setdefault(f"{one.code} {one.cause}", []).append(one)
    return list(groups.values())


def _group(group: list[Finding]) -> Iterator[Line]:
    first = group[0]
    mark = ("▲ ", "red") if first.certain else ("△ ", "yellow")
    route = f"   {first.route}" if first.route else ""
    yield [
        mark,
        (first.code, "bold"),
        ("" if first.certain else " possible", "yellow"),
        (f" {first.message}", ""),
        (route, "cyan"),
    ]
    for step in first.chain or (Step(first.path, first.line, "", ""),):
        yield [(f"    {step.path}:{step.line}", "dim"), (f" {step.function}  {step.text}", "")]
    if first.advice:
        yield [(f"    → {first.advice}", "green")]
    for other in group[1 : 1 + ALSO]:
        yield [(f"    also from {other.path}:{other.line} {other.route}".rstrip(), "dim")]
    if len(group) > 1 + ALSO:
        yield [(f"    and from {len(group) - 1 - ALSO} other places", "dim")]


def _summary(report: Report) -> Line:
    certain = sum(one.certain for one in report.findings)
    possible = len(report.findings) - certain
    files = f"{report.files} file{'' if report.files == 1 else 's'}"
    known = f", {report.known} known from the baseline" if report.known else ""
    if not report.findings:
        return [(f"Nothing {'new ' if known else ''}found in {files}{known}.", "green")]
    silenced = f", {report.silenced} silenced by comments" if report.silenced else ""
    counts = Counter(one.place for one in report.findings)
    places = ", ".join(f"{counts[place]} {heading}" for place, heading in HEADINGS.items() if place in counts)
    apart = f": {places}" if len(counts) > 1 else ""
    return [(f"{certain} certain, {possible} possible{silenced}{known}, in {files}{apart}.", "bold")]
