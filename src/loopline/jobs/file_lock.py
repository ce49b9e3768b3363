"""Liveness on SQLite: each worker holds a lock on a file beside the database. The moment it is gone, the lock is."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from anyio.to_thread import run_sync
from sqlalchemy.ext.asyncio import AsyncConnection

from loopline.jobs.store import Store

__all__ = ["FileLock", "is_held"]


class FileLock:
    """A lock file for one worker.

    Args:
        database: The database's file.
    """

    def __init__(self, database: str) -> None:
        self.name = uuid4().hex
        self._database = database
        self._descriptor = -1

    async def __aenter__(self) -> Self:
        """Make and lock the file, before anybody can know of the worker."""
        self._descriptor = await run_sync(_lock, self._path(self.name), os.O_CREAT)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove the file."""
        self._path(self.name).unlink(missing_ok=True)
        os.close(self._descriptor)

    def show(self, worker: int, *, beaten: bool) -> None:
        """The lock says it all."""

    def falter(self) -> None:
        """The file is there for all processes or for none."""

    def needs_beat(self) -> bool:
        """The lock is there for as long as the process lives."""
        return False

    async def find_gone(self, connection: AsyncConnection, store: Store, worker: int) -> list[int]:
        """Return the workers whose files are not locked. Their files are removed."""
        others = {other: name for other, name in await store.worker_names(connection) if other != worker}
        return await run_sync(lambda: [other for other, name in others.items() if self._is_gone(name)])

    def _path(self, name: str) -> Path:
        return _path(self._database, name)

    def _is_gone(self, name: str) -> bool:
        path = self._path(name)
        try:
            descriptor = _lock(path, 0)
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        path.unlink(missing_ok=True)
        os.close(descriptor)
        return True


def is_held(database: str, name: str) -> bool:
    """Return whether a worker's file is locked. Nothing is changed; for a moment it may look locked to others.

    Args:
        database: The database's file.
        name: The worker's name.
    """
    try:
        os.close(_lock(_path(database, name), 0))
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _path(database: str, name: str) -> Path:
    return Path(f"{database}-worker-{name}")


def _lock(path: Path, flags: int) -> int:
    descriptor = os.open(path, os.O_RDWR | flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
