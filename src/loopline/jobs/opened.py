"""The databases with jobs that are open in this process, each with its JobQueues: an application may have several."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from loopline import _opened
from loopline.database import Database
from loopline.database.url import place_of
from loopline.jobs.operations import Operations
from loopline.jobs.queue import JobQueue
from loopline.jobs.task import Task

__all__ = ["MOST_STORES", "OpenedStore", "opened_stores"]

MOST_STORES = 10
LONGEST = 100  # characters of a name


@dataclass(frozen=True, slots=True)
class OpenedStore:
    """A database with jobs. Several JobQueues on one database have the same jobs.

    Attributes:
        key: The same in each process of the service. It does not tell where the database is.
        name: For people: the file's name, or the database's and the host's. No other has it.
        job_queues: The JobQueues that are open on it.
    """

    key: str
    name: str
    job_queues: tuple[JobQueue, ...]

    @property
    def db(self) -> Database:
        """The database."""
        return self.job_queues[0].db

    @property
    def operations(self) -> Operations:
        """What can be done with its jobs."""
        return self.job_queues[0].operations

    @property
    def tasks(self) -> Mapping[str, Task[..., ..., Any]]:
        """The tasks that are known here, by name."""
        return {name: task for jobs in self.job_queues for name, task in jobs.tasks.items()}

    @property
    def queues(self) -> list[str]:
        """The queues that are known here."""
        return sorted({queue for jobs in self.job_queues for queue in jobs.queues})


def opened_stores() -> list[OpenedStore]:
    """Return them, in the order in which they were opened; MOST_STORES at most."""
    found: dict[tuple[Any, ...], tuple[URL, list[JobQueue]]] = {}
    for jobs in _opened.job_queues:
        url = jobs.db.engine.url
        found.setdefault(place_of(url), (url, []))[1].append(jobs)
    stores: dict[str, OpenedStore] = {}
    for place, (url, several) in list(found.items())[:MOST_STORES]:
        key = hashlib.sha256(repr(place).encode()).hexdigest()[:12]
        name = _name(url)[:LONGEST]
        if name in stores:
            name = f"{name} ({key})"
        stores[name] = OpenedStore(key, name, tuple(several))
    return list(stores.values())


def _name(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return Path(url.database or "").name
    name = url.database or url.username or ""
    hosts = url.host or url.query.get("host", "")
    hosts = hosts if isinstance(hosts, str) else ", ".join(hosts)
    return f"{name} on {hosts}" if hosts and not hosts.startswith("/") else name  # else it is a socket's folder
