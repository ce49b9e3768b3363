"""The load of the service benchmark: when requests are sent, and what is made of their answers."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from waiting import until

from benchmarks.service.generate import Generated, Load, Shot, closed_loop, open_loop
from benchmarks.service.results import percentile, sample_of
from benchmarks.service.routes import HEAVY, LIGHT, ROUTES
from benchmarks.service.schedule import arrivals

pytestmark = pytest.mark.anyio

WOKEN = 2 * len(ROUTES)  # requests before the load
LENGTH = 0.2  # seconds of a load
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


@dataclass
class _Service:
    """Answers what ``say`` returns for the request with that number, None by hanging up, and holds them on demand."""

    say: Callable[[int], bytes | None] = lambda _: OK
    hold: bool = False
    port: int = 0
    served: int = 0
    waiting: int = 0
    most: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.served += 1
                if self.hold and self.served > WOKEN:
                    self.waiting += 1
                    self.most = max(self.most, self.waiting)
                    await self.release.wait()
                    self.waiting -= 1
                if (said := self.say(self.served)) is None:
                    break
                writer.write(said)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def _running(service: _Service) -> AsyncIterator[_Service]:
    async with await asyncio.start_server(service.serve, "127.0.0.1", 0) as server:
        service.port = server.sockets[0].getsockname()[1]
        yield service
        service.release.set()


def _load(
    port: int, *, rates: dict[str, float], timeout: float = 30.0, in_flight: dict[str, int] | None = None
) -> Load:
    return Load(port, rates, warm_up=0.0, seconds=LENGTH, timeout=timeout, seed="any", in_flight=in_flight or {})


def test_the_same_seed_draws_the_same_arrivals_and_a_route_does_not_move_another() -> None:
    alone = arrivals({"/correct": 50.0}, -1.0, 5.0, "seed")
    beside = arrivals({"/correct": 50.0, "/items": 500.0}, -1.0, 5.0, "seed")
    assert alone == [due for due in beside if due[1] == "/correct"]
    assert alone != arrivals({"/correct": 50.0}, -1.0, 5.0, "another seed")
    assert all(-1.0 < at < 5.0 for at, _ in alone)


def test_arrivals_come_at_their_rate() -> None:
    counts = Counter(name for _, name in arrivals({"/correct": 100.0, "/items": 0.0}, 0.0, 100.0, "seed"))
    assert counts["/correct"] == pytest.approx(10_000, rel=0.05)
    assert counts["/items"] == 0


async def test_an_open_loop_sends_the_next_request_though_none_is_answered() -> None:
    due = len(arrivals({"/correct": 200.0}, 0.0, LENGTH, "any"))
    async with _running(_Service(hold=True)) as service, asyncio.TaskGroup() as group:
        load = group.create_task(open_loop(_load(service.port, rates={"/correct": 200.0})))
        await until(lambda: service.waiting == due)
        held = time.perf_counter()
        while time.perf_counter() < held + LENGTH:
            await asyncio.sleep(0.01)
        service.release.set()
        shots = await load
    assert len(shots) == due > 10
    assert {shot.outcome for shot in shots} == {"ok"}
    # All of them stood for that long, whenever each was due.
    assert min(shot.took for shot in shots) >= LENGTH


async def test_a_closed_loop_keeps_as_many_under_way_as_it_was_told() -> None:
    async with _running(_Service(hold=True)) as service, asyncio.TaskGroup() as group:
        load = group.create_task(closed_loop(_load(service.port, rates={}, in_flight={"/correct": 3, "/items": 1})))
        await until(lambda: service.waiting == 4)
        service.release.set()
        await load
    assert service.most == 4


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}", "refused"),
        (b"HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 2\r\n\r\n{}", "failed"),
        (b"no HTTP at all\r\n\r\n", "lost"),
        (None, "lost"),
    ],
)
async def test_an_answer_that_is_no_answer_is_counted_as_what_it_is(said: bytes | None, outcome: str) -> None:
    async with _running(_Service(lambda number: OK if number <= WOKEN else said)) as service:
        shots = await open_loop(_load(service.port, rates={"/correct": 100.0}))
    assert {shot.outcome for shot in shots} == {outcome}


async def test_a_request_that_is_never_answered_is_given_up() -> None:
    async with _running(_Service(hold=True)) as service:
        shots = await open_loop(_load(service.port, rates={"/correct": 100.0}, timeout=0.05))
    assert {shot.outcome for shot in shots} == {"timeout"}


async def test_a_batch_with_errors_inside_is_no_success() -> None:
    body = b'{"users":[],"errors":[{"user_id":1}]}'
    partial = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    async with _running(_Service(lambda _: partial)) as service:
        shots = await open_loop(_load(service.port, rates={"/users/batch": 100.0}))
    assert {shot.outcome for shot in shots} == {"partial"}


def test_a_percentile_is_the_nearest_rank() -> None:
    hundred = [float(value) for value in range(100, 0, -1)]
    assert percentile(hundred, 50) == 50
    assert percentile(hundred, 99) == 99
    assert percentile([3.0], 99) == 3
    assert percentile([1.0, 2.0, 3.0], 50) == 2


def test_a_sample_tells_light_routes_from_heavy_ones() -> None:
    light, heavy = LIGHT[0].name, HEAVY[0].name
    shots = [
        Shot(light, 0.001, 0.010, "ok"),
        Shot(light, 0.002, 0.030, "timeout"),
        Shot(heavy, 0.0, 5.0, "ok"),
        Shot(heavy, 0.0, 0.001, "refused"),
        Shot(heavy, 0.0, 0.001, "refused"),
    ]
    sample = sample_of(1, "any", 1.0, Generated(shots, 0.1, 0), seconds=2.0)
    assert (sample.p50_ms, sample.p99_ms, sample.errors, sample.light) == (10.0, 30.0, 0.5, 2)
    assert sample.heavy[heavy] == {"ok": 0.5, "refused": 1.0}
    assert sample.late_p99_ms == 2.0
    assert sample.valid
