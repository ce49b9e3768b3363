"""A Redis server for one measure, on a socket in a folder of its own. What it answers is in its append-only file."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

__all__ = ["redis_server", "redis_version"]

START = 10.0  # seconds that it may take to start, and to end
GLANCE = 0.02


@contextmanager
def redis_server(fsync: str) -> Iterator[str]:
    """Run a server until the block ends; its URL.

    Args:
        fsync: Redis's ``appendfsync``: ``always`` or ``everysec``.

    Raises:
        RuntimeError: If it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="jobs-benchmark-redis-") as folder:
        path, log = f"{folder}/redis.sock", Path(folder) / "log"
        command = [_program(), "--port", "0", "--unixsocket", path, "--dir", folder, "--save", ""]
        command += ["--appendonly", "yes", "--appendfsync", fsync]
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        try:
            _wait_until_answering(path, process, log)
            yield f"unix://{path}"
        finally:
            process.terminate()
            try:
                process.wait(START)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def redis_version() -> str:
    """Return what the program says of itself.

    Raises:
        RuntimeError: If there is none.
    """
    return subprocess.run([_program(), "--version"], check=True, capture_output=True, text=True).stdout.strip()


def _program() -> str:
    found = shutil.which("redis-server")
    if found is None:
        raise RuntimeError("there is no redis-server. On Debian or Ubuntu: apt-get install redis-server")
    return found


def _wait_until_answering(path: str, process: subprocess.Popen[bytes], log: Path) -> None:
    client = redis.Redis(unix_socket_path=path)
    give_up = time.monotonic() + START
    try:
        while time.monotonic() < give_up and process.poll() is None:
            try:
                client.ping()
                return
            except redis.RedisError:
                time.sleep(GLANCE)
    finally:
        client.close()
    raise RuntimeError(f"redis-server does not answer\n{log.read_text()[-2000:]}")
