"""``loopline check PATHS``: the static check on the command line.

Options are read with argparse, and rich is imported for terminals only: so the command starts at once.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from loopline.check.rules import all_rules
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
    try:
        settings = read_settings(Path.cwd())
    except SettingsError as error:
        return _refuse(str(error))
    report = check(options.paths, Settings(settings.exclude, (*settings.ignore, *options.ignore)))
    if options.certain:
        report = report.without_possible()
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
    parser.add_argument("--explain", metavar="CODE", help="say what a rule finds, and exit")
    return parser


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
    rules = all_rules()
    for rule in rules:
        if code.upper() == rule.CODE:
            print(f"{rule.CODE}: {(rule.__doc__ or '').strip()}")
            return 0
    return _refuse(f"there is no rule {code}; there are {', '.join(rule.CODE for rule in rules)}")


def _refuse(message: str) -> int:
    print(f"loopline check: {message}", file=sys.stderr)
    return 2
