"""``loopline check PATHS``: the static check on the command line."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

__all__ = ["Format", "check_command", "run_alone"]


class Format(StrEnum):
    """How findings are written."""

    text = "text"
    json = "json"
    github = "github"
    sarif = "sarif"


def check_command(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATHS", help="Files and directories; one project.")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How findings are written.")] = Format.text,
    certain: Annotated[bool, typer.Option("--certain", help="Leave out what is only possible.")] = False,
    ignore: Annotated[list[str] | None, typer.Option(help="A code to leave out; LL3 means all that begin so.")] = None,
    explain: Annotated[str | None, typer.Option(metavar="CODE", help="Say what a rule finds, and exit.")] = None,
) -> None:
    """Find what blocks the event loop, forgotten awaits and FastAPI's traps, before the code runs.

    Exit code 0: nothing found; 1: findings; 2: it could not be run.
    """
    if explain is not None:
        _explain(explain)
        return
    if not paths:
        _refuse("say what to check, such as: loopline check src")
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        _refuse(f"there is no {', no '.join(missing)}")
    from loopline.check.runner import check
    from loopline.check.settings import Settings, SettingsError, read_settings

    try:
        settings = read_settings(Path.cwd())
    except SettingsError as error:
        _refuse(str(error))
    settings = Settings(settings.exclude, (*settings.ignore, *(ignore or ())))
    report = check(paths, settings)
    if certain:
        report = report.without_possible()
    match output:
        case Format.text:
            from loopline.check.output.text import show

            show(report)
        case Format.json:
            from loopline.check.output.json_list import render_json

            print(render_json(report))
        case Format.github:
            from loopline.check.output.github import render_github

            print(render_github(report), end="")
        case Format.sarif:
            from loopline.check.output.sarif import render_sarif

            print(render_sarif(report))
    if report.findings:
        raise typer.Exit(1)


def run_alone(arguments: list[str]) -> None:
    """Run the command without the rest of the command line.

    Args:
        arguments: What follows ``loopline check``.
    """
    alone = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
    alone.command("check")(check_command)
    alone(args=arguments, prog_name="loopline check")


def _explain(code: str) -> None:
    from loopline.check.rules import all_rules

    for rule in all_rules():
        if rule.CODE == code.upper():
            print(f"{rule.CODE}: {(rule.__doc__ or '').strip()}")
            return
    _refuse(f"there is no rule {code}; there are {', '.join(rule.CODE for rule in all_rules())}")


def _refuse(message: str) -> NoReturn:
    typer.echo(f"loopline check: {message}", err=True)
    raise typer.Exit(2)
