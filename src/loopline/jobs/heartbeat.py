"""Liveness on PostgreSQL: each worker counts its row up, from a thread with a connection of its own.

A thread, so that a blocked event loop is not taken for a dead process. A counter, so that no clock is compared with
another: a worker is gone if somebody has watched its counter stand still for long enough.
"""

from __future__ import annotations

import logging
import threading
from time import monotonic
from types import TracebackType
from typing import Self
from uuid import uuid4

from anyio.to_thread import run_sync
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from loopline.database.postgres import PATIENCE, libpq_options
from loopline.jobs.complaint import Complaint
from loopline.jobs.store import Store

__all__ = ["Heartbeat"]

BEATS = 5  # in a lease

logger = logging.getLogger("loopline.jobs")

# A beat need not outlast a crash, so that it waits for no disk, and for no standby: one that is away stops all commits
# that wait for it, and must not make the living look dead. Said for this transaction alone: a pooler may lend the
# connection to others.
_BEAT = text(
    "UPDATE loopline_workers SET beat = beat + 1, beat_at = extract(epoch FROM statement_timestamp()) "
    "WHERE id = :worker AND set_config('synchronous_commit', 'off', TRUE) IS NOT NULL"
)


class Heartbeat:
    """The heartbeat of one worker, and its watch over the others.

    Args:
        url: The database, for the blocking driver.
        lease: Seconds without a beat after which a worker is gone.
    """

    def __init__(self, url: URL, lease: float) -> None:
        self.name = uuid4().hex
        self._lease = lease
        # What hangs must not hang for ever; and behind a pooler, what is prepared is another connection's.
        connect = libpq_options(url) | {"prepare_threshold": None}
        self._engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=connect)
        self._worker = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loopline-heartbeat", daemon=True)
        self._seen: dict[int, tuple[int, float]] = {}  # by worker: its beat, and since when it has been that
        self._watched = 0.0
        self._beaten = 0.0
        self._faltering: float | None = None  # since when the worker can't reach its jobs

    async def __aenter__(self) -> Self:
        """Nothing yet: there is no worker to show."""
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop beating."""
        self._stop.set()
        if self._thread.is_alive():
            await run_sync(self._thread.join, 2 * PATIENCE)

    def show(self, worker: int, *, beaten: bool) -> None:
        """Beat for this worker from now on."""
        self._worker, self._faltering = worker, None
        if beaten or not self._thread.is_alive():  # the first has as long as any
            self._beaten = monotonic()
        if not self._thread.is_alive():
            self._thread.start()

    def falter(self) -> None:
        """Beat on for a lease, as a database is away now and then. After that others shall have the jobs."""
        if self._faltering is None:
            self._faltering = monotonic()

    def needs_beat(self) -> bool:
        """Return whether for half a lease no beat got through: the server may have no connection left for it."""
        return self._thread.is_alive() and monotonic() - self._beaten > self._lease / 2

    async def find_gone(self, connection: AsyncConnection, store: Store, worker: int) -> list[int]:
        """Return the workers whose counters have stood still for a lease, all of it watched without a gap."""
        beats = await store.beats(connection)
        now = monotonic()
        if now - self._watched > self._lease / 2:
            self._seen.clear()  # this process was stopped, or the database was away: nobody could have beaten
        self._watched = now
        self._seen = {
            other: self._seen[other] if self._seen.get(other, (-1, 0.0))[0] == beat else (beat, now)
            for other, beat in beats.items()
            if other != worker
        }
        return [other for other, (_, since) in self._seen.items() if now - since > self._lease]

    def _run(self) -> None:
        connection: Connection | None = None
        complaint = Complaint()
        while True:
            try:
                if (since := self._faltering) is not None and monotonic() - since > self._lease:
                    connection = _ended(connection)  # the worker may be the one that needs it
                else:
                    connection = connection or self._engine.connect()
                    connection.execute(_BEAT, {"worker": self._worker})
                    self._beaten = monotonic()
                complaint.end()
            except SQLAlchemyError:
                if complaint.again():
                    logger.warning(
                        "a worker's heartbeat did not reach the database (%d in a row)", complaint.times, exc_info=True
                    )
                if connection is not None:
                    connection.invalidate()
                    connection = _ended(connection)
            if self._stop.wait(self._lease / BEATS):
                break
        _ended(connection)


def _ended(connection: Connection | None) -> Connection | None:
    if connection is not None:
        connection.close()
    return None
