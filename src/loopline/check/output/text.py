"""Findings for people: the chain with its source lines, grouped by what causes them."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from loopline.check.finding import Finding, Step
from loopline.check.runner import Report

__all__ = ["show"]

HEADINGS = {
    "request": "in requests",
    "other": "on the event loop, from other tasks",
    "startup": "at startup and shutdown",
    "command line": "on the command line",
    "tests": "in tests",
}
ALSO = 4  # further places of a cause that are listed


def show(report: Report, console: Console | None = None) -> None:
    """Print a report.

    Args:
        report: What was found.
        console: Where to; standard output if absent.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    for place, heading in HEADINGS.items():
        here = [one for one in report.findings if one.place == place]
        if here:
            console.print(Text(f"── {heading}", style="bold"))
            for group in _by_cause(here):
                _show_group(console, group)
    console.print(_summary(report))


def _by_cause(findings: Iterable[Finding]) -> list[list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for one in findings:
        groups.setdefault(f"{one.code} {one.cause}", []).append(one)
    return list(groups.values())


def _show_group(console: Console, group: list[Finding]) -> None:
    first = group[0]
    title = Text("▲ " if first.certain else "△ ", style="red" if first.certain else "yellow")
    title.append(first.code, style="bold")
    title.append("" if first.certain else " possible")
    title.append(f" {first.message}")
    if first.route:
        title.append(f"   {first.route}", style="cyan")
    console.print(title)
    for step in first.chain or (Step(first.path, first.line, "", ""),):
        line = Text("    ")
        line.append(f"{step.path}:{step.line}", style="dim")
        line.append(f" {step.function}  {step.text}")
        console.print(line)
    if first.advice:
        console.print(Text(f"    → {first.advice}", style="green"))
    for other in group[1 : 1 + ALSO]:
        console.print(Text(f"    also from {other.path}:{other.line} {other.route}".rstrip(), style="dim"))
    if len(group) > 1 + ALSO:
        console.print(Text(f"    and from {len(group) - 1 - ALSO} other places", style="dim"))


def _summary(report: Report) -> Text:
    certain = sum(one.certain for one in report.findings)
    possible = len(report.findings) - certain
    files = f"{report.files} file{'' if report.files == 1 else 's'}"
    if not report.findings:
        return Text(f"Nothing found in {files}.", style="green")
    silenced = f", {report.silenced} silenced by comments" if report.silenced else ""
    return Text(f"{certain} certain, {possible} possible{silenced}, in {files}.", style="bold")
