"""``loopline check PATHS``: the static check on the command line.

Options are read with argparse, and rich is imported for terminals only: so the command starts at once.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from loopline.check.baseline import BaselineError, read_baseline, unknown, write_baseline
from loopline.check.runner import Report, check
from loopline.check.settings import Settings, SettingsError, read_settings

__all__ = ["run_check"]

FORMATS = ("text", "json", "github", "sarif")


def run_check(arguments: list[str]) -> int:
    """Run the command.

    Args:
        arguments: What follows ``loopline check``.

    Returns:
        The exit code: 0 nothing found, 1 findings, 2 it could not be run.
    """
    options = _parser().parse_args(arguments)
    if options.explain is not None:
        return _explain(options.explain)
    if not options.paths:
        return _refuse("say what to check, such as: loopline check src")
    missing = [str(path) for path in options.paths if not path.exists()]
    if missing:
        return _refuse(f"there is no {', no '.join(missing)}")
    if options.write_baseline and options.baseline is None:
        return _refuse("say where to write the baseline: --baseline FILE --write-baseline")
    try:
        report = _report(options)
        if options.fix and not options.diff:
            _fix(report, options.fix)
            report = _report(options)
    except (SettingsError, BaselineError) as error:
        return _refuse(str(error))
    if options.write_baseline:
        count = write_baseline(options.baseline, report.findings)
        print(f"{count} findings are known from now on: {options.baseline}", file=sys.stderr)
        return 0
    if options.diff:
        _diff(report, options.fix)
    else:
        _write(report, options.format)
    return 1 if report.findings else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="loopline check",
        description="Find what blocks the event loop, forgotten awaits and FastAPI's traps, before the code runs.",
        epilog="Exit code 0: nothing found; 1: findings; 2: it could not be run.",
    )
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATHS", help="files and directories; they are one project"
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="how findings are written (text)")
    parser.add_argument("--certain", action="store_true", help="leave out what is only possible")
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="CODE", help="leave a code out; LL3 means all that begin so"
    )
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="leave out the findings that are known there")
    parser.add_argument("--write-baseline", action="store_true", help="write all findings to the baseline")
    parser.add_argument("--diff", action="store_true", help="show the fixes that there are; change nothing")
    parser.add_argument(
        "--fix", action="append", default=[], type=_codes, metavar="CODES", help="apply the fixes of LL201,LL301,…"
    )
    parser.add_argument("--no-cache", action="store_true", help="neither use nor keep results in .loopline_cache")
    parser.add_argument("--explain", metavar="CODE", help="say what a rule finds, and exit")
    return parser


def _codes(text: str) -> list[str]:
    codes = [code.strip().upper() for code in text.split(",") if code.strip()]
    if not codes or not all(code.startswith("LL") for code in codes):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of codes, such as LL201,LL301")
    return codes


def _report(options: argparse.Namespace) -> Report:
    settings = read_settings(Path.cwd())
    report = check(
        options.paths,
        Settings(settings.exclude, (*settings.ignore, *options.ignore)),
        cache=None if options.no_cache else Path.cwd(),
    )
    if options.certain:
        report = report.without_possible()
    if options.baseline is not None and not options.write_baseline:
        new = unknown(report.findings, read_baseline(options.baseline))
        report = replace(report, findings=new, known=len(report.findings) - len(new))
    return report


def _diff(report: Report, codes: list[list[str]]) -> None:
    from loopline.check.fixes.plan import plan

    changes = plan(report.findings, [code for listed in codes for code in listed] or ["LL"])
    for change in changes:
        print(change.diff(), end="")
    mended = {one for change in changes for one in change.mends}
    print(f"{len(mended)} of {len(report.findings)} findings have a fix here.", file=sys.stderr)


def _fix(report: Report, codes: list[list[str]]) -> None:
    from loopline.check.fixes.plan import plan

    changes = plan(report.findings, [code for listed in codes for code in listed])
    for change in changes:
        change.write()
    mended = {one for change in changes for one in change.mends}
    print(f"{len(mended)} findings mended in {len(changes)} files.", file=sys.stderr)


def _write(report: Report, form: str) -> None:
    match form:
        case "json":
            from loopline.check.output.json_list import render_json

            print(render_json(report))
        case "github":
            from loopline.check.output.github import render_github

            print(render_github(report), end="")
        case "sarif":
            from loopline.check.output.sarif import render_sarif

            print(render_sarif(report))
        case _:
            from loopline.check.output.text import show

            show(report)


def _explain(code: str) -> int:
    from loopline.check.rules import all_rules

    rules = all_rules()
    for rule in rules:
        if code.upper() == rule.CODE:
            print(f"{rule.CODE}: {(rule.__doc__ or '').strip()}")
            return 0
    return _refuse(f"there is no rule {code}; there are {', '.join(rule.CODE for rule in rules)}")


def _refuse(message: str) -> int:
    print(f"loopline check: {message}", file=sys.stderr)
    return 2
