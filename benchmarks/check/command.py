"""The run: every tool over the labelled cases, then over services, one after the other; then the report."""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.check.cases import LABELS, labelled, score
from benchmarks.check.edits import Edit, edits
from benchmarks.check.picture import picture
from benchmarks.check.process import forget, run
from benchmarks.check.report import report
from benchmarks.check.results import Cost, Run
from benchmarks.check.tool import Tool
from benchmarks.check.tools import tools
from benchmarks.machine import machine

__all__ = ["main"]

CASES = Path(__file__).parents[2] / "tests" / "check_cases"
EDITS = 5  # of each service
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "node_modules")


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.check",
        description="What static checks find, what they blame in vain, what they cost.",
    )
    parser.add_argument("services", nargs="*", type=Path, metavar="FOLDER", help="services to measure the cost on")
    parser.add_argument("--cases", type=Path, default=CASES, metavar="FOLDER", help="labelled cases (default: our own)")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="measurements of cost (default: 3)")
    parser.add_argument("--tool", action="append", help="only this one (again: this one too)")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all that was measured there")
    parser.add_argument("--svg", type=Path, metavar="PATH", help="draw a picture there")
    options = parser.parse_args()
    chosen = [tool for tool in tools() if not options.tool or tool.name in options.tool]
    if not chosen:
        parser.error(f"there are: {', '.join(tool.name for tool in tools())}")
    done = Run(machine=machine([]))
    usable = [tool for tool in chosen if _usable(done, tool)]
    _over_cases(done, usable, options.cases)
    for service in options.services:
        _over_service(done, usable, service, options.repeats)
    print(report(done))
    for path, content in ((options.json, json.dumps(done.as_json(), indent=1)), (options.svg, picture(done))):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content + "\n")
            print(f"written: {path}")


def _usable(done: Run, tool: Tool) -> bool:
    try:
        with tempfile.TemporaryDirectory() as somewhere:
            tool.command(Path(somewhere))
    except FileNotFoundError as error:
        done.failures.append(f"{tool.name}: {error}")
        return False
    done.notes[tool.name] = tool.note
    if tool.package:
        done.machine |= {tool.name: machine([tool.package])[tool.package]}
    return True


def _over_cases(done: Run, usable: list[Tool], folder: Path) -> None:
    cases = labelled(folder)
    done.labels = dict.fromkeys(LABELS, 0) | Counter(cases.values())
    with _copy(folder) as copied:
        for tool in usable:
            print(f"cases: {tool.name}", file=sys.stderr)
            try:
                done.reported[tool.name] = score(tool, cases, run(tool, copied).reports)
            except (RuntimeError, ValueError) as error:
                done.failures.append(f"{tool.name} on the cases: {error}")


def _over_service(done: Run, usable: list[Tool], service: Path, repeats: int) -> None:
    with _copy(service) as copied:
        sources = sorted(copied.rglob("*.py"))
        lines = sum(path.read_bytes().count(b"\n") for path in sources)
        chosen = edits(sources, EDITS, seed=1)
        before = {edit.path: edit.path.read_bytes() for edit in chosen}
        jobs = [tool for _ in range(repeats) for tool in random.sample(usable, len(usable))]
        for number, tool in enumerate(jobs, 1):
            print(f"[{number}/{len(jobs)}] {service.name}: {tool.name}", file=sys.stderr)
            forget(tool, copied)
            try:
                cold = run(tool, copied)
                again = [_after(edit, tool, copied) for edit in chosen]
            except (RuntimeError, ValueError) as error:
                done.failures.append(f"{tool.name} on {service.name}: {error}")
                continue
            finally:
                for path, content in before.items():
                    path.write_bytes(content)
            reports = {(report.path, report.line, report.kind) for report in cold.reports}
            kinds = Counter(kind for _, _, kind in reports)
            findings: dict[str, int] = {kind: kinds[kind] for kind in tool.kinds}
            seconds, noticed = [one for one, _ in again], sum(seen for _, seen in again)
            size = len(sources), lines
            done.costs.append(
                Cost(tool.name, service.name, *size, cold.seconds, seconds, noticed, cold.memory_mb, findings)
            )


def _after(edit: Edit, tool: Tool, copied: Path) -> tuple[float, bool]:
    """Return how many seconds a tool took after an edit, and whether it reported the line."""
    edit.make()
    again = run(tool, copied)
    return again.seconds, any((copied / one.path, one.line) == (edit.path, edit.line) for one in again.reports)


@contextmanager
def _copy(folder: Path) -> Iterator[Path]:
    """Copy a folder, so that no tool leaves its cache in it, or finds settings above it."""
    with tempfile.TemporaryDirectory(prefix="check-benchmark-") as temporary:
        yield Path(shutil.copytree(folder, Path(temporary, folder.name), ignore=LEFT_OUT, symlinks=True))
