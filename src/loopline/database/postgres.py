"""What PostgreSQL's connections need to be told: when the other end is gone, and where to look for it then.

A host that is cut off from the network ends nothing: the server keeps its transactions open, with what they have
locked, and the host waits for answers that never come. By default both go on for hours. Here each side asks the other,
and gives up after some ten seconds of silence.
"""

from __future__ import annotations

import math
import re
import socket
from typing import Any

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from loopline.errors import ConfigurationError

__all__ = ["PATIENCE", "OneOfMany", "connect_timeout", "give_up_async", "give_up_sync", "is_full", "libpq_options"]

PATIENCE = 10  # seconds that a new connection may take, and that what was sent may stay without an answer
IDLE, INTERVAL, COUNT = 5, 2, 3  # seconds of silence before the first question, seconds between questions, how many

TOO_MANY_CONNECTIONS, CANNOT_CONNECT_NOW = "53300", "57P03"
# libpq keeps the code of an error that ended the connecting to itself: psycopg has the server's words alone, which are
# English unless the server's `lc_messages` says otherwise.
_FULL = re.compile(
    r"FATAL: +(sorry, too many|too many connections|remaining connection slots are|the database system is) "
)

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


def is_full(error: DBAPIError) -> bool:
    """Return whether a server has as many connections as it takes, or is about to start or to stop."""
    code = getattr(error.orig, "sqlstate", "")
    if code is None:
        return _FULL.search(str(error.orig)) is not None
    return code in (TOO_MANY_CONNECTIONS, CANNOT_CONNECT_NOW)


def connect_timeout(url: URL) -> float:
    """Return how many seconds a new connection to each host may take: what the URL says as ``timeout``, or PATIENCE.

    Raises:
        ConfigurationError: If the URL says something else than seconds.
    """
    given = url.query.get("timeout", url.query.get("connect_timeout", str(PATIENCE)))
    try:
        seconds = float(str(given))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise ConfigurationError(f"timeout={given} in the database URL: write seconds, more than 0")
    return seconds


def libpq_options(url: URL) -> dict[str, Any]:
    """Return the options for psycopg with which a connection gives up; what the URL says itself is left alone.

    Args:
        url: The URL for psycopg.

    Raises:
        ConfigurationError: If its timeout is none.
    """
    options = {
        "keepalives_idle": IDLE,
        "keepalives_interval": INTERVAL,
        "keepalives_count": COUNT,
        "tcp_user_timeout": PATIENCE * 1000,
    }
    # libpq reads whole seconds only
    timeout = {"connect_timeout": math.ceil(connect_timeout(url))}
    return timeout | {name: value for name, value in options.items() if name not in url.query}


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


class OneOfMany:
    """Listens to "do_connect" of an engine for asyncpg whose URL names several hosts, and tries one after the other.

    asyncpg's own timeout is for all of them together: where a dead host does not even refuse, the next is never asked.
    Here each has it for itself, and the one that was right is asked first the next time.
    """

    def __init__(self) -> None:
        self._right = 0

    def __call__(self, dialect: Any, _: object, arguments: list[Any], options: dict[str, Any]) -> Any:
        """Connect.

        Raises:
            Exception: What was wrong with the last host, if none was right.
        """
        hosts, ports = options.get("host"), options.get("port")
        if not isinstance(hosts, list) or not isinstance(ports, list):
            return None  # there is one, and SQLAlchemy connects to it
        first, wrong = self._right, None
        for place in (*range(first, len(hosts)), *range(first)):
            try:
                where = {"host": hosts[place], "port": ports[place]}
                connected = dialect.dbapi.connect(*arguments, **{**options, **where})
            except (OSError, dialect.dbapi.Error) as error:
                wrong = error
            else:
                self._right = place
                return connected
        assert wrong is not None
        raise wrong
