"""``loopline run app:app``: uvicorn, with a watch on the application."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
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
    dashboard: Annotated[
        str, typer.Option(metavar="PATH", help="Where the dashboard is; an empty one for no dashboard.")
    ] = "/loopline",
) -> None:
    """Serve an application, and name what blocks its event loop.

    All other options are uvicorn's, such as --port, --reload, --workers, --factory: see `uvicorn --help`.
    """
    try:
        import uvicorn

        from loopline.processes import FOLDER_VARIABLE
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
    dashboard = _checked(dashboard)
    if dashboard and (missing := _missing_for_dashboard()) is not None:
        source = context.get_parameter_source("dashboard")
        if source is not None and source.name != "DEFAULT":
            raise missing
        print(f"no dashboard: {missing}", file=sys.stderr, flush=True)
        dashboard = ""
    RunOptions(
        target, factory, threshold, origins, None if report is None else str(report.resolve()), dashboard
    ).store()
    if _value(given, "--app-dir") is None:
        given += ["--app-dir", ""]
    if dashboard:
        from loopline.dashboard.mounted import prepare

        print(f"dashboard: {prepare(_where(given), dashboard)}", file=sys.stderr, flush=True)
    with ExitStack() as stack:
        if _several(given):
            # Where they tell each other of themselves: made before they start, for this user alone.
            folder = TemporaryDirectory(prefix="loopline-", ignore_cleanup_errors=True)
            os.environ[FOLDER_VARIABLE] = stack.enter_context(folder)
        sys.exit(uvicorn.main(["loopline.watch.target:make", *given], prog_name="loopline run"))


def _missing_for_dashboard() -> MissingExtra | None:
    """Say that a package which the dashboard needs, but the watch does not, is not installed; None if all are."""
    try:
        import loopline.dashboard.mounted  # noqa: F401 - it is asked whether it can be
    except MissingExtra as error:
        return error
    except ModuleNotFoundError as error:
        return MissingExtra(error.name or "a package", "standard")
    return None


def _several(given: Sequence[str]) -> bool:
    """Whether uvicorn is to start several processes. (One alone may be ended by a signal, and clean nothing up.)"""
    return (_value(given, "--workers") or os.environ.get("WEB_CONCURRENCY") or "1") != "1"


def _checked(path: str) -> str:
    if path and not re.fullmatch(r"(/[\w.~-]+)+", path):
        raise ConfigurationError(f"--dashboard {path}: give a path such as /loopline, or an empty one for no dashboard")
    return path


def _where(given: Sequence[str]) -> str:
    """Return the address of the server, as far as it is known."""
    host = _value(given, "--host") or os.environ.get("UVICORN_HOST") or "127.0.0.1"
    port = _value(given, "--port") or os.environ.get("UVICORN_PORT") or "8000"
    local = host if host in ("127.0.0.1", "localhost") else "[::1]" if host == "::1" else "localhost"
    scheme = "https" if _value(given, "--ssl-certfile") else "http"
    return f"{scheme}://{local}:{port if port != '0' else 'PORT'}"


def _value(given: Sequence[str], option: str) -> str | None:
    for index, word in enumerate(given):
        if word == option and index + 1 < len(given):
            return given[index + 1]
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return None
