"""Check a project: read it, ask every rule, leave out what is silenced."""

from __future__ import annotations

import gc
import sys
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from loopline.check.cache import Kept, ResultCache
from loopline.check.entries import entries_of
from loopline.check.finding import ALONE, PLACES, SKIPPED, Finding
from loopline.check.project import File, Project, list_files, load_files
from loopline.check.reading import UNREADABLE, read_text
from loopline.check.settings import Settings
from loopline.check.suppression import MARK, Suppressions
from loopline.check.unchanged import carried_over, contents_of, digests

if TYPE_CHECKING:
    from loopline.check.analysis import Analysis

__all__ = ["Report", "check"]

DEEPEST = 6000  # expressions nest, and answers need others


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found, worst first, and how much it looked at. ``known`` is how many the baseline left out."""

    findings: list[Finding]
    files: int
    silenced: int
    known: int = 0

    def without_possible(self) -> Report:
        """Return the report with certain findings only."""
        return replace(self, findings=[one for one in self.findings if one.certain])


def check(paths: Sequence[Path], settings: Settings | None = None, *, cache: Path | None = None) -> Report:
    """Check the Python files under paths.

    Args:
        paths: Files and directories. They are one project.
        settings: What to leave out.
        cache: The directory in whose ``.loopline_cache`` results are kept; None: nowhere.

    Returns:
        The findings: certain ones first, request paths before others.
    """
    settings = settings or Settings()
    files = list_files(paths, settings.exclude)
    if cache is None:
        return _check(files, {}, settings, ())[0]
    kept = ResultCache(cache, (sorted(str(one.resolve()) for one in paths), str(Path.cwd()), settings))
    contents = contents_of(files)
    last = kept.read()
    with _deep_and_without_collection():
        found = None
        if last is not None:
            found = carried_over(last, files, contents, kept.text, kept.entries, settings.ignores)
    if last is not None and found is not None:
        return _without_silenced(sorted(found, key=_order), _marked(files, contents), last.count)
    now = digests(contents)
    sound = {path for path, known in last.files.items() if now.get(path) == known} - last.parsed if last else ()
    report, found, analysis = _check(files, contents, settings, sound)
    project = analysis.project
    parsed = _parsed(project, files)
    texts = ((str(one.path), one.source) for one in project.modules if str(one.path) in parsed)
    entries = entries_of(analysis.loop, project.modules)
    kept.write(Kept(now, parsed, project.texts.asked(), found, report.files, _told_apart(analysis)), texts, entries)
    return report


def _parsed(project: Project, files: dict[str, File]) -> frozenset[str]:
    """Return the paths of the files that count with all that is in them: those that were parsed, or can't be."""
    refused = {one.shown for one in project.unreadable}
    waiting = {str(one.path) for one in project.unparsed if not one.is_loaded and one.shown not in refused}
    return frozenset(path for path in files if path not in waiting)


def _told_apart(analysis: Analysis) -> dict[str, list[int]]:
    from loopline.check.bodies import told_apart_by_caller

    found = {}
    for module in analysis.project.modules:
        if module.is_loaded:
            apart = [n for n, one in enumerate(module.functions) if told_apart_by_caller(analysis.inference, one)]
            if apart:
                found[str(module.path)] = apart
    return found


def _check(
    files: dict[str, File], contents: dict[str, bytes], settings: Settings, sound: Container[str]
) -> tuple[Report, list[Finding], Analysis]:
    """Return the report, all findings, and what they were found in."""
    from loopline.check.analysis import Analysis
    from loopline.check.rules import all_rules

    with _deep_and_without_collection():
        project = load_files(files, contents)
        analysis = Analysis(project)
        found: list[Finding] = []
        for rule in all_rules():
            if not settings.ignores(rule.CODE):
                found.extend(rule.check(analysis))
        project.parse_rest(sound)
        found.extend(_unreadable(project))
    once = sorted(filter(_matters, dict.fromkeys(found)), key=_order)
    report = _without_silenced(once, ((one.shown, one.source) for one in project.modules), project.files)
    return report, once, analysis


def _matters(finding: Finding) -> bool:
    """What only may wait costs nothing where nobody else does: in a test, or in a lifespan."""
    return finding.certain or finding.sometimes or finding.place not in ALONE


def _order(finding: Finding) -> tuple[object, ...]:
    one = finding
    return (PLACES.index(one.place), not one.certain, one.path, one.line, one.column, one.code)


def _without_silenced(findings: list[Finding], texts: Iterable[tuple[str, str]], files: int) -> Report:
    suppressions = Suppressions(texts)
    left = [one for one in findings if not suppressions.covers(one)]
    return Report(left, files, len(findings) - len(left))


def _marked(files: Mapping[str, File], contents: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Yield the texts in which a comment may silence something."""
    for path, content in contents.items():
        if MARK.encode() in content:
            with suppress(*UNREADABLE):
                yield files[path].shown, read_text(Path(path), content)


@contextmanager
def _deep_and_without_collection() -> Iterator[None]:
    collects, recursion = gc.isenabled(), sys.getrecursionlimit()
    gc.disable()  # trees are kept to the end: looking through them again and again frees nothing
    sys.setrecursionlimit(max(recursion, DEEPEST))
    try:
        yield
    finally:
        sys.setrecursionlimit(recursion)
        if collects:
            gc.enable()


def _unreadable(project: Project) -> Iterable[Finding]:
    for one in project.unreadable:
        advice = "Run the check with the Python that the project runs on."
        if one.is_template:
            advice = "If it is a template, name its folder in `exclude` under `[tool.loopline.check]`."
        python = "Python {}.{}".format(*sys.version_info)
        message = f"the file can't be parsed by {python} ({one.reason}): it was skipped"
        yield Finding(SKIPPED, one.shown, one.line, 1, message, advice)
