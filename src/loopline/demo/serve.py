"""Serve the reference service: find the port, say where it is, stop cleanly."""

from __future__ import annotations

import logging.config
import os
import socket
import sys

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loopline.dashboard.mounted import PATH, mount, prepare
from loopline.database.url import checked_url
from loopline.demo.settings import DATABASE_URL_VARIABLE, Settings
from loopline.errors import ConfigurationError, ResourceError
from loopline.watch import Watch

__all__ = ["GRACE", "serve"]

# Seconds that requests in flight may take to end after SIGTERM. Nothing in the demo takes longer on its own.
GRACE = 35

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s", "datefmt": "%H:%M:%S"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"loopline": {"level": "INFO"}},
}


def serve(host: str, port: int, database_url: str | None) -> None:
    """Serve until SIGTERM or Ctrl+C.

    Args:
        host: The address to listen on.
        port: The port; 0 takes a free one.
        database_url: Where the data is kept; None leaves it to the environment, then to an SQLite file here.

    Raises:
        ConfigurationError: If the address can't be listened on, or the database URL can't work.
        ResourceError: If something that the service needs does not start, such as its database.
    """
    with _listen(host, port) as listener:
        # Read when the application is imported: that is how a service is usually told.
        if database_url is not None:
            os.environ[DATABASE_URL_VARIABLE] = database_url
        where = _shown(host, listener.getsockname()[1])
        print(f"  data        {checked_url(Settings().database_url)}")  # SQLAlchemy hides the password
        print(f"  start page  {where}/")
        print(f"  API         {where}/docs")
        print(f"  metrics     {where}/metrics")
        print(f"  dashboard   {prepare(where, PATH)}")
        print("  Ctrl+C stops it", flush=True)
        logging.config.dictConfig(LOGGING)
        from loopline.demo.app import app

        failures: list[ResourceError] = []
        watch = Watch(app)
        mount(watch, PATH)
        config = uvicorn.Config(
            _keeping_failures(watch, failures),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GRACE,
        )
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except SystemExit:
            if failures:
                raise failures[0] from None
            raise


def _keeping_failures(app: ASGIApp, failures: list[ResourceError]) -> ASGIApp:
    """Keep the reason why the application did not start, where the server would log hundreds of lines around it."""

    async def keeping(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_keep(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed" and isinstance(error := sys.exception(), ResourceError):
                failures.append(error)
                message = {"type": message["type"]}
            await send(message)

        await app(scope, receive, send_and_keep if scope["type"] == "lifespan" else send)

    return keeping


def _shown(host: str, port: int) -> str:
    """Return the URL to open in a browser here."""
    if host in ("", "127.0.0.1", "0.0.0.0"):  # noqa: S104 - it is shown, not listened on
        return f"http://localhost:{port}"
    return f"http://[{'::1' if host == '::' else host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OverflowError as error:
        raise ConfigurationError(f"there is no port {port}: choose one from 1 to 65535 with --port or PORT=") from error
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host} port {port} ({error.strerror}): "
            "choose another port with --port (make run PORT=8001), or another address with --host"
        ) from error
