"""``loopline worker app:app``: the application's lifespan, jobs included, without a server around it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

from loopline.alive_file import alive_file
from loopline.errors import ConfigurationError

__all__ = ["work"]


def work(target: str, concurrency: int | None, alive: Path | None) -> None:
    """Work jobs off until SIGTERM or Ctrl+C.

    Args:
        target: ``module:name`` of the application, as for uvicorn. It may be a function that makes it.
        concurrency: Jobs that run at once; None leaves it to the JobQueue.
        alive: A file to touch about once a second while the event loop turns; None for none.

    Raises:
        ConfigurationError: If there is no such application, it has no lifespan, or the file can't be written.
        ResourceError: If something that it needs does not start.
    """
    from loopline.jobs.running import CONCURRENCY_VARIABLE, WORKER_VARIABLE

    os.environ[WORKER_VARIABLE] = "on"
    if concurrency is not None:
        os.environ[CONCURRENCY_VARIABLE] = str(concurrency)
    asyncio.run(_work(_load(target), alive))


def _load(target: str) -> Any:
    module_name, _, name = target.partition(":")
    if not module_name or not name:
        raise ConfigurationError(f"{target!r} names no application: write module:name, such as shop:app")
    sys.path.insert(0, os.getcwd())
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # one that the application needs
        raise ConfigurationError(f"there is no module {module_name!r} here ({os.getcwd()})") from error
    app = getattr(module, name, None)
    if app is not None and not hasattr(app, "router") and callable(app):
        app = app()
    if not hasattr(app, "router"):
        raise ConfigurationError(f"{target!r} is no FastAPI or Starlette application")
    return app


async def _work(app: Any, alive: Path | None) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with nullcontext() if alive is None else alive_file(alive), app.router.lifespan_context(app):
        print("working on jobs; Ctrl+C stops it", flush=True)
        await stop.wait()
