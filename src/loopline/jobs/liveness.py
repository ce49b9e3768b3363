"""Who is alive: a worker shows that it is, and finds those that are gone.

No job's row is touched for it, so that showing it never waits for a transaction and never makes one fail.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from loopline.jobs.store import Store

__all__ = ["Liveness"]


class Liveness(Protocol):
    """Shows that this worker is alive, from entering to leaving.

    Attributes:
        name: The worker's name, which is stored with it.
    """

    name: str

    async def __aenter__(self) -> Self:
        """Prepare to show it. The worker is stored after that."""
        ...

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop showing it. The worker is no longer stored by then."""
        ...

    def show(self, worker: int, *, beaten: bool) -> None:
        """Show from now on that the worker with this id is alive.

        Args:
            worker: The worker.
            beaten: Whether a transaction of its own has just said so too.
        """
        ...

    def falter(self) -> None:
        """Note that the worker can't reach its jobs. One that can't for long is as good as gone, and shows no life."""
        ...

    def needs_beat(self) -> bool:
        """Return whether a transaction of the worker's own is to say that it is alive, as nothing else gets through."""
        ...

    async def find_gone(self, connection: AsyncConnection, store: Store, worker: int) -> list[int]:
        """Return the workers that are gone.

        Args:
            connection: A connection in a transaction.
            store: The jobs in it.
            worker: Who asks.
        """
        ...
