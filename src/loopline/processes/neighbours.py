"""Neighbours: this process and the others of its service, each asked over a Unix socket when somebody wants to know."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

from loopline.errors import ConfigurationError
from loopline.processes.room import Room
from loopline.processes.snapshot import UNKNOWN, Teller
from loopline.processes.totals import totals

__all__ = ["HERE", "Neighbour", "Neighbours"]

logger = logging.getLogger("loopline.processes")

MOST_BYTES = 4_000_000  # of what one process tells; what it tells has limits of its own, far below
PAGE, TOTALS = b"page\n", b"totals\n"  # what can be asked
PATIENCE = 0.4  # seconds that a process may take to answer; one whose loop is blocked does not


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A process of the service.

    Attributes:
        place: Its number, from 0.
        told: What it last told of itself.
        silent: Seconds since it told that, if it does not answer now; 0 if it does.
    """

    place: int
    told: dict[str, Any]
    silent: float


class Neighbours:
    """The processes of a service. Entered, this one answers the others; before that, it knows of itself alone.

    Nothing is told until somebody asks. What is told is JSON.
    """

    def __init__(self) -> None:
        self._room: Room | None = None
        self._server: asyncio.Server | None = None
        self._entered = 0
        self._teller = Teller()
        self._last: dict[int, tuple[float, dict[str, Any]]] = {}

    async def __aenter__(self) -> Self:
        """Take a place among the others, if there are others."""
        self._entered += 1
        folder = Room.shared()
        if self._entered > 1 or folder is None:
            return self
        try:
            self._room = room = Room(folder)
            mine = room.socket(room.place)
            mine.unlink(missing_ok=True)  # of a process that was killed
            self._server = await asyncio.start_unix_server(self._answer, mine, limit=64)
        except (OSError, ConfigurationError) as error:
            logger.warning("this process is shown alone: %s", error)
            self._leave()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave."""
        self._entered -= 1
        if not self._entered:
            server, self._server = self._server, None
            if server is not None:
                server.close()
            self._leave()

    async def ask(self) -> Sequence[Neighbour]:
        """Return this process and the others, by their places, for the page."""
        own, room = self._teller.tell(), self._room
        if room is None:
            return [Neighbour(0, own, 0.0)]
        now = monotonic()
        answers = await _ask_all(room, PAGE, UNKNOWN)
        # Of one that does not answer, what it told last; of one that never has, nothing but that it is there.
        self._last = {
            place: self._last.get(place, (now, UNKNOWN)) if told is None else (monotonic(), told)
            for place, told in answers.items()
        }
        others = [
            Neighbour(place, told, 0.0 if answers[place] is not None else max(PATIENCE, now - at))
            for place, (at, told) in self._last.items()
        ]
        return sorted([Neighbour(room.place, own, 0.0), *others], key=lambda one: one.place)

    async def ask_totals(self) -> dict[int, dict[str, Any] | None]:
        """Return the totals of each process since its start, by its place; None of one that does not answer."""
        own, room = totals(), self._room
        if room is None:
            return {0: own}
        return dict(sorted({room.place: own, **await _ask_all(room, TOTALS, own)}.items()))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(PATIENCE):
                question = await reader.readuntil(b"\n")
                told = totals() if question == TOTALS else self._teller.tell()
                writer.write(json.dumps(told).encode() + b"\n")
                await writer.drain()
        writer.close()

    def _leave(self) -> None:
        room, self._room = self._room, None
        if room is not None:
            room.leave()


async def _ask_all(room: Room, question: bytes, like: Mapping[str, Any]) -> dict[int, dict[str, Any] | None]:
    """Ask all who are there; None of one that does not answer."""
    places = room.others()
    answers = await asyncio.gather(*(_ask(room.socket(place), question, like) for place in places))
    return {place: told or None for place, told in zip(places, answers, strict=True) if told is not None}


async def _ask(socket: Path, question: bytes, like: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a process tells; nothing in it if it does not answer, None if there is none any more.

    To one whose loop is blocked the connection is made all the same: by the system.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_unix_connection(socket, limit=MOST_BYTES)
            try:
                writer.write(question)
                told = json.loads(await reader.readuntil(b"\n"))
            finally:
                writer.close()
    except (ConnectionRefusedError, FileNotFoundError):
        return None
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return {}
    return told if isinstance(told, dict) and told.keys() == like.keys() else {}  # of another version, say


HERE = Neighbours()
"""This process among the others. Whoever shows them shares it, so that the process has one place among them."""
