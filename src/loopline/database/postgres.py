"""What PostgreSQL's connections need to be told: when the other end is gone, and where to look for it then.

A host that is cut off from the network ends nothing: the server keeps its transactions open, with what they have
locked, and the host waits for answers that never come. By default both go on for hours. Here each side asks the other,
and gives up after some ten seconds of silence.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from sqlalchemy import URL

__all__ = ["PATIENCE", "connect_to_one_of_many", "give_up_async", "give_up_sync", "libpq_options"]

PATIENCE = 10  # seconds that a new connection may take, and that what was sent may stay without an answer
IDLE, INTERVAL, COUNT = 5, 2, 3  # seconds of silence before the first question, seconds between questions, how many

# By the names of the options of Linux; what a system does not have it does without.
_SOCKET = {
    "TCP_KEEPIDLE": IDLE,
    "TCP_KEEPALIVE": IDLE,  # what macOS calls it
    "TCP_KEEPINTVL": INTERVAL,
    "TCP_KEEPCNT": COUNT,
    "TCP_USER_TIMEOUT": PATIENCE * 1000,
}
_SERVER = (
    f"SET tcp_keepalives_idle = {IDLE}; SET tcp_keepalives_interval = {INTERVAL}; "
    f"SET tcp_keepalives_count = {COUNT}; SET tcp_user_timeout = {PATIENCE * 1000}"
)


def libpq_options(url: URL) -> dict[str, Any]:
    """Return the options for psycopg with which a connection gives up; those that the URL has are left alone."""
    options = {
        "connect_timeout": PATIENCE,
        "keepalives_idle": IDLE,
        "keepalives_interval": INTERVAL,
        "keepalives_count": COUNT,
        "tcp_user_timeout": PATIENCE * 1000,
    }
    return {name: value for name, value in options.items() if name not in url.query}


def give_up_sync(dbapi_connection: Any, _: object) -> None:
    """Listen to "connect" of an engine for psycopg: the server gives up too."""
    dbapi_connection.autocommit = True  # else a rollback would undo it
    dbapi_connection.execute(_SERVER)
    dbapi_connection.autocommit = False


def give_up_async(dbapi_connection: Any, _: object, *, server: bool) -> None:
    """Listen to "connect" of an engine for asyncpg: a connection gives up, and so does the server.

    Args:
        dbapi_connection: SQLAlchemy's adapter of the connection.
        server: Whether the server is told; one behind a transaction pooler is the pooler's matter.
    """
    # asyncpg has no public way to its socket; without one, what the system does by default is what there is.
    transport = getattr(dbapi_connection.driver_connection, "_transport", None)
    connected = None if transport is None else transport.get_extra_info("socket")
    if connected is not None and connected.family != socket.AF_UNIX:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _SOCKET.items():
            if (option := getattr(socket, name, None)) is not None:
                connected.setsockopt(socket.IPPROTO_TCP, option, value)
    if server:
        dbapi_connection.run_async(lambda driver: driver.execute(_SERVER))


def connect_to_one_of_many(dialect: Any, _: object, arguments: list[Any], options: dict[str, Any]) -> Any:
    """Listen to "do_connect" of an engine for asyncpg: of several hosts, a dead one does not use up the others' time.

    asyncpg's timeout is for all of them together: where the first does not even refuse, the second is never asked.

    Raises:
        Exception: What was wrong with the last one, if none was right.
    """
    hosts, ports = options.get("host"), options.get("port")
    if not isinstance(hosts, list) or not isinstance(ports, list):
        return None
    wrong: Exception | None = None
    for host, port in zip(hosts, ports, strict=True):
        try:
            return dialect.dbapi.connect(*arguments, **{**options, "host": host, "port": port})
        except (OSError, asyncio.TimeoutError, dialect.dbapi.asyncpg.exceptions.PostgresError) as error:
            wrong = error
        except dialect.dbapi.asyncpg.exceptions.TargetServerAttributeNotMatched as error:
            wrong = error
    raise wrong or OSError("the URL names no host")
