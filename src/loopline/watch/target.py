"""What ``loopline run`` gives to uvicorn instead of the application: the application, watched."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict, dataclass
from typing import Any

from starlette.types import ASGIApp
from uvicorn.importer import ImportFromStringError, import_from_string

from loopline.errors import ConfigurationError
from loopline.watch.frames import count_as_own
from loopline.watch.middleware import Watch

__all__ = ["RunOptions", "make"]

_VARIABLE = "LOOPLINE_RUN"  # so that processes which uvicorn starts know it too


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What is run, and how it is watched.

    Attributes:
        app: ``module:name`` of the application.
        factory: Whether it is a function that makes the application.
        threshold: As for Watch.
        origins: As for Watch.
        report: As for Watch.
        dashboard: The path at which the dashboard is mounted; empty for none.
    """

    app: str
    factory: bool
    threshold: float
    origins: bool
    report: str | None
    dashboard: str

    def store(self) -> None:
        """Leave it for ``make``, in whichever process that is called."""
        os.environ[_VARIABLE] = json.dumps(asdict(self))


def make() -> Watch:
    """Import the application and watch it.

    Raises:
        ConfigurationError: If there is no such application.
    """
    options = RunOptions(**json.loads(os.environ[_VARIABLE]))
    logger = logging.getLogger("loopline.watch")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.WARNING)  # an application that wants to hear of errors alone did not mean this
    watch = Watch(_load(options), threshold=options.threshold, origins=options.origins, report=options.report)
    if options.dashboard:
        from loopline.dashboard.mounted import mount  # it needs more packages than the watch

        mount(watch, options.dashboard)
    return watch


def _load(options: RunOptions) -> ASGIApp:
    try:
        found: Any = import_from_string(options.app)
    except ImportFromStringError as error:
        raise ConfigurationError(str(error)) from error
    count_as_own(options.app.partition(":")[0])
    app: ASGIApp = found() if options.factory else found
    if not callable(app):
        raise ConfigurationError(f"{options.app} is no ASGI application")
    return app
