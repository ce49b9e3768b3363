"""Requests to one path, as fast as they are answered: ``python -m benchmarks.watch.generate``, which reads a Load."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import cast

import uvloop

from benchmarks.watch.http import request
from benchmarks.watch.trivial import ANSWER, PATH

__all__ = ["Generated", "Load"]

NICE = -10  # before everything else, as clients on other machines would be; where the system allows it


@dataclass(frozen=True, slots=True)
class Load:
    """What to send.

    Attributes:
        port: Where to.
        connections: How many, each with one request under way.
        warm_up: Seconds that do not count.
        seconds: How long what counts lasts, if ``requests`` is 0.
        requests: How many requests count.
        path: What is asked for.
        answer: The body that comes, each time the same.
    """

    port: int
    connections: int
    warm_up: float
    seconds: float
    requests: int = 0
    path: str = PATH
    answer: str = ANSWER.decode()


@dataclass(frozen=True, slots=True)
class Generated:
    """What came of it.

    Attributes:
        answers: That counted.
        all_answers: With those of the warm-up.
        seconds: In which those that counted came.
        cpu: Cores that the generator took.
    """

    answers: int
    all_answers: int
    seconds: float
    cpu: float


class _Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last has come. It parses nothing: all answers are the same."""

    def __init__(self, path: str, answer: bytes) -> None:
        self.answers = 0
        self.stopping = False
        self.ended = asyncio.get_running_loop().create_future()
        self._question = request("GET", path)
        self._answer = answer
        self._came = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so
        self._transport.write(self._question)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._came += data
        if not self._came.endswith(self._answer):
            return
        if not self._came.startswith(b"HTTP/1.1 200 "):
            self.connection_lost(RuntimeError(f"another answer: {self._came[:200]!r}"))
        self._came = b""
        self.answers += 1
        if self.stopping:
            self._transport.close()
        else:
            self._transport.write(self._question)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.ended.done():
            return
        if self.stopping:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(exc or ConnectionResetError("the server closed the connection"))


async def _generate(load: Load) -> Generated:
    loop = asyncio.get_running_loop()
    make = partial(_Connection, load.path, load.answer.encode())
    connections = [(await loop.create_connection(make, "127.0.0.1", load.port))[1] for _ in range(load.connections)]
    await asyncio.sleep(load.warm_up)
    before = sum(connection.answers for connection in connections)
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.sleep(load.seconds)
    while load.requests > sum(connection.answers for connection in connections) - before:
        await asyncio.sleep(0.01)
        if lost := [connection.ended for connection in connections if connection.ended.done()]:
            lost[0].result()
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    answers = sum(connection.answers for connection in connections) - before
    for connection in connections:
        connection.stopping = True
    await asyncio.gather(*(connection.ended for connection in connections))
    return Generated(answers, sum(connection.answers for connection in connections), seconds, used / seconds)


def main() -> None:
    """Read a load, and print what came of it."""
    load = Load(**json.loads(sys.stdin.read()))
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        json.dump(asdict(runner.run(_generate(load))), sys.stdout)


if __name__ == "__main__":
    main()
