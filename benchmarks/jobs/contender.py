"""What the measures ask of a contender."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from typing import TypeAlias

import psycopg

__all__ = ["Commit", "Contender", "Store", "postgres_left"]

Commit: TypeAlias = Callable[[], Awaitable[object]]
Store: TypeAlias = Callable[[], Awaitable[Commit]]


class Contender(ABC):
    """A job queue with two tasks: one does nothing, one reports that it has started.

    Args:
        url: Its database or broker.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    @abstractmethod
    async def prepare(self) -> None:
        """Make its tables, or what it has instead."""

    @abstractmethod
    async def fill(self, count: int) -> None:
        """Store so many jobs that do nothing, the fast way. This is not measured."""

    @abstractmethod
    def enqueuing(self) -> AbstractAsyncContextManager[Store]:
        """Give what stores one job of the task that reports.

        It returns what commits it. A queue that commits by itself does all its work there.
        """

    @abstractmethod
    def counting(self) -> AbstractContextManager[Callable[[], int]]:
        """Give what counts the jobs that have not been completed. It blocks, briefly."""

    async def bare_commit(self) -> float | None:
        """Commit a row of the application's own while ``enqueuing``; the seconds of the commit, or None if it can't."""
        return None

    @abstractmethod
    def work(self) -> None:
        """Run jobs until the process is told to end."""


@contextmanager
def postgres_left(url: str, query: str) -> Iterator[Callable[[], int]]:
    """Give what asks PostgreSQL how many jobs are left.

    Args:
        url: The database.
        query: What counts them.
    """
    with psycopg.connect(url, autocommit=True) as connection:

        def left() -> int:
            row = connection.execute(query.encode()).fetchone()
            assert row is not None
            return int(row[0])

        yield left
