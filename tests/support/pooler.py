"""PgBouncer in transaction mode, in front of a PostgreSQL server."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import find
from restartable_postgres import RestartablePostgres
from sqlalchemy import make_url
from waiting import wait_until

__all__ = ["Pooler", "pooler"]

PORT = 6432
SERVERS = 4  # connections to the server: fewer than clients, so that they are lent to one after the other


class Pooler:
    """How to reach a database through the pooler, and directly."""

    def __init__(self, url: str, direct_url: str) -> None:
        self.url = url
        self.direct_url = direct_url


@pytest.fixture(scope="module")
def pooler() -> Iterator[Pooler]:
    """A pooler of one's own, in front of a server of one's own. Where there is none, the tests fail."""
    program = find("pgbouncer")
    if program is None:
        pytest.fail("install pgbouncer: on Debian or Ubuntu, apt-get install pgbouncer")
    with RestartablePostgres() as server, tempfile.TemporaryDirectory(prefix="loopline-pooler-") as name:
        folder = Path(name)
        folder.chmod(0o777)  # it runs as another user: it refuses root, as PostgreSQL does
        url = make_url(server.url)
        (folder / "pgbouncer.ini").write_text(
            f"""
            [databases]
            * = host={url.query["host"]} port=5432 user=postgres
            [pgbouncer]
            listen_port = {PORT}
            unix_socket_dir = {folder}
            auth_type = any
            pool_mode = transaction
            default_pool_size = {SERVERS}
            max_client_conn = 500
            """.replace("            ", "")
        )
        log = (folder / "log").open("w")
        process = subprocess.Popen(
            [program, str(folder / "pgbouncer.ini")], user=server.system_user, stdout=log, stderr=log, cwd="/"
        )
        try:
            socket = folder / f".s.PGSQL.{PORT}"
            wait_until(lambda: socket.exists() or process.poll() is not None)
            assert process.poll() is None, (folder / "log").read_text()
            pooled = url.set(port=PORT, query={"host": str(folder)})
            yield Pooler(pooled.render_as_string(hide_password=False), server.url)
        finally:
            process.terminate()
            process.wait(60)
            log.close()
