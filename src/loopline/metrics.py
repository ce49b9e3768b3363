"""Metrics: what Loopline knows of a service, for Prometheus."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from loopline import _opened
from loopline.durations import BOUNDS
from loopline.errors import MissingExtra
from loopline.processes import HERE
from loopline.watch.lag import BOUNDS as LAG_BOUNDS
from loopline.watch.traffic import Traffic

try:
    from prometheus_client import Metric
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.registry import Collector
except ModuleNotFoundError as error:
    raise MissingExtra("prometheus-client", "standard") from error

if TYPE_CHECKING:
    from loopline.jobs.opened import OpenedStore
    from loopline.jobs.overview import JobsOverview

__all__ = ["Metrics"]

# The usual bounds of Prometheus; all of them are bounds that durations are counted by.
SHOWN = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0)
MOST_JOBS = 100_000  # that are counted of a state
MOST_QUEUES = 100


class Metrics:
    """The metrics of a service: ``app.mount("/metrics", Metrics())``.

    Whichever worker process is asked, it answers for all, with the label ``worker``: 0, 1, 2 … A process that replaces
    another has its number. For that, give it to ``lifespan(...)`` too, unless ``loopline run`` serves the application.
    Routes and the loop are counted by the watch: without ``loopline run`` or the middleware ``Watch`` they are missing.
    """

    def __init__(self) -> None:
        self._neighbours = HERE
        Traffic.wanted = True

    async def __aenter__(self) -> Self:
        """Answer for the other processes too, and let them answer for this one."""
        await self._neighbours.__aenter__()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Answer for this process alone."""
        await self._neighbours.__aexit__(exc_type, exc, traceback)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        response = await self._answer(Request(scope))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response(status_code=405)
        families = [*_of_processes(await self._neighbours.ask_totals()), *await _of_jobs()]
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(_Collected(families)), headers={"Content-Type": kind})


class _Collected(Collector):
    """What the encoder asks."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _of_processes(processes: Mapping[int, dict[str, Any] | None]) -> Iterator[Metric]:
    told = {str(place): totals for place, totals in processes.items() if totals is not None}
    yield _gauge(
        "loopline_worker_up",
        "Whether the worker process answers; one whose loop is blocked does not.",
        ["worker"],
        (([str(place)], totals is not None) for place, totals in processes.items()),
    )
    lag = HistogramMetricFamily(
        "loopline_loop_lag_seconds", "How late the event loop comes around, fifty times a second.", labels=["worker"]
    )
    for worker, totals in told.items():
        if totals["lag"]["counts"]:
            lag.add_metric([worker], *_buckets(totals["lag"], LAG_BOUNDS, LAG_BOUNDS))
    yield lag
    for name, text in (("in_flight", "Requests that are being answered."), ("websockets", "Websockets that are open.")):
        full = "loopline_requests_in_flight" if name == "in_flight" else "loopline_websockets_open"
        yield _gauge(full, text, ["worker"], (([worker], totals[name]) for worker, totals in told.items()))
    requests = HistogramMetricFamily(
        "loopline_request_duration_seconds", "How long requests took, by route.", labels=["worker", "route"]
    )
    for worker, totals in told.items():
        for route, durations in totals["routes"].items():
            requests.add_metric([worker, route], *_buckets(durations, BOUNDS, SHOWN))
    yield requests
    yield from _of_lanes(told)
    yield from _of_pools(told)
    attempts = CounterMetricFamily(
        "loopline_job_attempts",
        "Attempts of jobs that have ended: completed, or the state that the job went into.",
        labels=["worker", "task", "outcome"],
    )
    attempts_took = HistogramMetricFamily(
        "loopline_job_attempt_duration_seconds", "How long attempts of jobs took.", labels=["worker", "task"]
    )
    for worker, totals in told.items():
        for task, known in totals["attempts"].items():
            for end, count in known["ends"].items():
                attempts.add_metric([worker, task, end], count)
            attempts_took.add_metric([worker, task], *_buckets(known["durations"], BOUNDS, SHOWN))
    yield from (attempts, attempts_took)
    stalls = CounterMetricFamily("loopline_stalls", "Times that the loop stood still.", labels=["worker", "kind"])
    seconds = CounterMetricFamily(
        "loopline_stall_seconds", "Seconds that the loop stood still.", labels=["worker", "kind"]
    )
    forgotten = CounterMetricFamily("loopline_forgotten_awaits", "Coroutines that nobody awaited.", labels=["worker"])
    for worker, totals in told.items():
        forgotten.add_metric([worker], totals["findings"].get("forgotten-await", (0, 0))[0])
        for kind, (count, took) in totals["findings"].items():
            if kind != "forgotten-await":
                stalls.add_metric([worker, kind], count)
                seconds.add_metric([worker, kind], took)
    yield from (stalls, seconds, forgotten)


def _of_pools(told: Mapping[str, dict[str, Any]]) -> Iterator[Metric]:
    pools = [([worker, name], pool) for worker, totals in told.items() for name, pool in totals["pools"].items()]
    of = ["worker", "pool"]
    size, in_use = "Connections that the pool may lend.", "Connections that it lends now."
    yield _gauge("loopline_database_connections_max", size, of, ((key, pool["size"]) for key, pool in pools))
    yield _gauge("loopline_database_connections_in_use", in_use, of, ((key, pool["in_use"]) for key, pool in pools))
    waited = HistogramMetricFamily(
        "loopline_database_connection_wait_seconds",
        "How long sessions waited that found all connections lent.",
        labels=of,
    )
    rejected = CounterMetricFamily(
        "loopline_database_sessions_rejected", "Sessions that were turned away, by DatabaseBusy.", labels=of
    )
    for key, pool in pools:
        waited.add_metric(key, *_buckets(pool["waited"], BOUNDS, SHOWN))
        rejected.add_metric(key, pool["rejected"])
    yield from (waited, rejected)


def _of_lanes(told: Mapping[str, dict[str, Any]]) -> Iterator[Metric]:
    lanes = [([worker, name], lane) for worker, totals in told.items() for name, lane in totals["lanes"].items()]
    for name, text in (
        ("size", "Calls that the lane runs at once."),
        ("running", "Calls that run, abandoned ones included."),
        ("abandoned", "Calls that run though nobody waits for them any more."),
        ("waiting", "Calls that wait for a place."),
    ):
        yield _gauge(f"loopline_lane_{name}", text, ["worker", "lane"], ((of, lane[name]) for of, lane in lanes))
    calls = CounterMetricFamily(
        "loopline_lane_calls", "Calls of the lane that have ended.", labels=["worker", "lane", "outcome"]
    )
    took = HistogramMetricFamily(
        "loopline_lane_call_duration_seconds", "How long calls ran, without their wait.", labels=["worker", "lane"]
    )
    for of, lane in lanes:
        for outcome, count in lane["outcomes"].items():
            calls.add_metric([*of, outcome], count)
        took.add_metric(of, *_buckets(lane["durations"], BOUNDS, SHOWN))
    yield from (calls, took)


async def _of_jobs() -> list[Metric]:
    """Return how the jobs stand in their databases, which is the same whichever process says so."""
    if not list(_opened.job_queues):
        return []
    from loopline.jobs.opened import opened_stores  # it needs SQLAlchemy

    looks = await asyncio.gather(*map(_look, opened_stores()))
    found = [(name, look) for name, look in looks if look is not None]
    queues = [(name, look, queue) for name, look in found for queue in list(look.counts)[:MOST_QUEUES]]
    return [
        _gauge(
            "loopline_jobs_database_up",
            "Whether the database of the jobs answered.",
            ["database"],
            (([name], look is not None) for name, look in looks),
        ),
        _gauge(
            "loopline_job_workers",
            "Worker processes that run jobs.",
            ["database"],
            (([name], look.workers) for name, look in found),
        ),
        _gauge(
            "loopline_jobs",
            f"Jobs in the database; {MOST_JOBS} are counted of a state, and of those that wait ten times as many.",
            ["database", "queue", "state"],
            (
                ([name, queue, state], count)
                for name, look, queue in queues
                for state, count in look.counts[queue].items()
            ),
        ),
        _gauge(
            "loopline_job_queue_paused",
            "Whether the queue is paused.",
            ["database", "queue"],
            (([name, queue], queue in look.paused) for name, look, queue in queues),
        ),
        _gauge(
            "loopline_job_queue_wait_seconds",
            "How long the job at the head of the queue has waited.",
            ["database", "queue"],
            (([name, queue], look.oldest.get(queue, 0.0)) for name, look, queue in queues),
        ),
    ]


async def _look(store: OpenedStore) -> tuple[str, JobsOverview | None]:
    from loopline.jobs.overview import overview

    try:
        return store.name, await overview(store.db, most=MOST_JOBS)
    except Exception:  # noqa: BLE001 - whatever the database's driver raises while it is away
        return store.name, None


def _gauge(name: str, text: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def _buckets(
    told: dict[str, Any], bounds: Sequence[float], shown: Sequence[float]
) -> tuple[list[tuple[str, float]], float]:
    """Return the cumulative buckets of a histogram, and its sum."""
    below = dict(zip(bounds, itertools.accumulate(told["counts"]), strict=False))
    buckets: list[tuple[str, float]] = [(str(bound), below[bound]) for bound in shown]
    return [*buckets, ("+Inf", sum(told["counts"]))], told["total"]
