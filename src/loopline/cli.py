"""The command ``loopline``. Commands are thin: what they do is in the library."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from loopline.errors import LooplineError, MissingExtra
from loopline.job_commands import jobs_app, migrate
from loopline.job_worker import work
from loopline.run_command import run

__all__ = ["app", "main"]

app = typer.Typer(
    help="Keep the event loop of a FastAPI service free and its promises kept.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)

app.add_typer(jobs_app, name="jobs")
app.command()(migrate)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(run)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"loopline {version('loopline')}")
        raise typer.Exit


@app.callback()
def _root(
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None: ...


@app.command()
def demo(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT", min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
    database_url: Annotated[
        str | None,
        typer.Option(
            help="Where the data is kept: sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/NAME. "
            "Without it, the file loopline-demo.db here.",
            envvar="LOOPLINE_DEMO_DATABASE_URL",
            show_envvar=True,
        ),
    ] = None,
) -> None:
    """Serve the reference service: every pattern of FastAPI async processing, with a page to try it."""
    try:
        from loopline.demo.serve import serve
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "uvicorn", "demo") from error
    serve(host, port, database_url)


@app.command()
def worker(
    target: Annotated[str, typer.Argument(metavar="APP", help="The application: module:name, such as shop:app.")],
    concurrency: Annotated[int | None, typer.Option(min=1, help="Jobs that run at once.")] = None,
    alive_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Touch this file about once a second while the event loop turns: for a liveness probe, which looks at "
            "its age. It is removed at the end.",
        ),
    ] = None,
) -> None:
    """Work jobs off, apart from the web processes (which then get LOOPLINE_WORKER=off)."""
    work(target, concurrency, alive_file)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    help="Find what blocks the event loop, forgotten awaits and FastAPI's traps, before the code runs.",
)
def check(context: typer.Context) -> None:
    """Check the code under paths; options are those of `loopline check --help`."""
    from loopline.check.command import run_check

    raise typer.Exit(run_check(context.args))


def main() -> None:
    """Run the command. An error of Loopline is a line on stderr and exit code 1."""
    try:
        app()
    except LooplineError as error:
        Console(stderr=True).print(f"[bold red]loopline:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise SystemExit(1) from None
