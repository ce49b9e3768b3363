"""``loopline run app:app``: uvicorn, with a watch on the application."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from loopline.errors import ConfigurationError, MissingExtra

__all__ = ["run"]

GRACE = "10"  # seconds that requests may take to end at a stop: uvicorn alone waits for ever


def run(
    context: typer.Context,
    target: Annotated[str, typer.Argument(metavar="APP", help="The application: module:name, such as shop:app.")],
    report: Annotated[
        Path | None, typer.Option(help="Append a line of JSON for each finding to this file.", dir_okay=False)
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0.02, help="Seconds that the loop may stand still without being told of.")
    ] = 0.1,
    origins: Annotated[
        bool,
        typer.Option("--origins", help="Note where each coroutine was made. For development: it costs time."),
    ] = False,
) -> None:
    """Serve an application, and name what blocks its event loop.

    All other options are uvicorn's, such as --port, --reload, --workers, --factory: see `uvicorn --help`.
    """
    try:
        import uvicorn

        from loopline.watch.target import RunOptions
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "uvicorn", "standard") from error
    given = list(context.args)
    if _value(given, "--interface") in ("wsgi", "asgi2"):
        raise ConfigurationError("the watch is for ASGI 3 applications, which FastAPI and Starlette make")
    factory = "--factory" in given
    if not factory:
        given.append("--factory")
    if _value(given, "--timeout-graceful-shutdown") is None:
        given += ["--timeout-graceful-shutdown", GRACE]
    RunOptions(target, factory, threshold, origins, None if report is None else str(report.resolve())).store()
    if _value(given, "--app-dir") is None:
        given += ["--app-dir", ""]
    sys.exit(uvicorn.main(["loopline.watch.target:make", *given], prog_name="loopline run"))


def _value(given: Sequence[str], option: str) -> str | None:
    for index, word in enumerate(given):
        if word == option and index + 1 < len(given):
            return given[index + 1]
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return None
