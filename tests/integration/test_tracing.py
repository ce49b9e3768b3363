"""Tracing as a whole: from a request of FastAPI's to a worker process and a job, and what it costs while it is off."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry import baggage, trace
from opentelemetry.trace import StatusCode
from process_work import what_is_loaded
from ray_cluster import RayCluster
from ray_work import count_in
from traced_work import begin_a_span, begin_spans, here
from traced_worker import FILE_VARIABLE, written
from traces import Traces, id_of, parent_of, told_by, trace_of
from waiting import until

from loopline import (
    ConfigurationError,
    Database,
    JobQueue,
    Lane,
    ProcessLane,
    RayLane,
    ThreadLane,
    Tracing,
    fan_out,
    lifespan,
)
from loopline import _tracer as tracer
from loopline.testing import client

pytestmark = pytest.mark.anyio

BROUGHT = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
async def traces() -> AsyncIterator[Traces]:
    traces = Traces()
    async with Tracing(traces.provider):
        yield traces


async def test_a_request_s_trace_goes_on_everywhere(sqlite_url: str) -> None:
    """FastAPI makes the request's span; the client has begun the trace."""
    traces = Traces()
    db = Database(sqlite_url)
    jobs = JobQueue(db, poll=0.02)
    cpu, legacy = ProcessLane(1, name="cpu"), ThreadLane("legacy")
    found: list[str] = []

    @jobs.task(name="note")
    async def note() -> None:
        found.append(here()[0])

    app = FastAPI(
        lifespan=lifespan(Tracing(traces.provider), db, cpu, legacy, jobs),
        telemetry={"tracer_provider": traces.provider, "metrics": False, "logs": False},
    )

    async def trace_in(lane: Lane) -> str:
        return (await lane.run(here))[0]

    @app.post("/orders")
    async def order(background: Any = jobs.background) -> list[str]:
        background.add_task(note)
        lanes: list[Lane] = [cpu, legacy]
        outcomes = await fan_out(trace_in, lanes, limit=2)
        return [outcome.value for outcome in outcomes if not hasattr(outcome, "error")]

    async with client(app) as http:
        answer = await http.post("/orders", headers={"traceparent": f"00-{BROUGHT}-00f067aa0ba902b7-01"})
        assert answer.json() == [BROUGHT] * 2
        await until(lambda: traces.named("run note"))
    assert found == [BROUGHT]
    assert {trace_of(span) for span in traces.all()} == {BROUGHT}
    assert {"POST /orders", "run here", "enqueue note", "run note"} <= {span.name for span in traces.all()}
    assert tracer.active is None


async def test_a_fan_out_is_a_span_with_what_its_calls_do(traces: Traces) -> None:
    async def call(item: int) -> tuple[str, object]:
        if item == 2:
            raise LookupError("a secret")
        return here()[1], baggage.get_baggage("shop")

    with traces.request():
        outcomes = await fan_out(call, range(4), limit=2)
    whole = traces.one(f"fan_out {call.__qualname__}")
    assert parent_of(whole) == id_of(traces.one("request"))
    told = told_by(whole)
    assert told == {"code.function.name": f"{__name__}.{call.__qualname__}", "loopline.items": 4, "loopline.failed": 1}
    assert whole.status.status_code is StatusCode.UNSET
    values = [outcome.value for outcome in outcomes if not hasattr(outcome, "error")]
    assert values == [(id_of(whole), "north")] * 3


async def test_spans_that_a_worker_process_makes_are_part_of_the_call(
    traces: Traces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "spans"
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    # a worker that ends in good order sends what it has not sent yet
    async with ProcessLane(1, preload=["traced_worker"]) as lane:
        with traces.request():
            await lane.run(begin_a_span, "resize")
            await lane.map(begin_a_span, ["first", "second"])
            async with lane.stream(begin_spans, "page 1", "page 2") as pages:
                assert [page async for page in pages] == ["page 1", "page 2"]
        await lane.run(begin_a_span, "of nobody")
        pids = set(lane.pids)
    request = trace_of(traces.one("request"))
    calls = {span.name: id_of(span) for span in traces.all()}
    mapped = {id_of(span) for span in traces.named("run begin_a_span")}
    lines = {name: (in_trace, parent) for name, in_trace, parent, _ in written(file)}
    of_nobody = lines.pop("of nobody")
    assert {in_trace for in_trace, _ in lines.values()} == {request}
    assert {lines[name][1] for name in ("resize", "first", "second")} < mapped
    assert {lines[name][1] for name in ("page 1", "page 2")} == {calls["stream begin_spans"]}
    assert of_nobody[0] != request
    assert {pid for *_, pid in written(file)} <= pids
    assert os.getpid() not in pids


async def test_spans_that_a_worker_on_a_ray_cluster_makes_are_part_of_the_call(
    traces: Traces, tmp_path: Path, ray_cluster: RayCluster
) -> None:
    file = tmp_path / "spans"
    runtime_env = {
        "worker_process_setup_hook": "traced_worker.set_up",
        "env_vars": {FILE_VARIABLE: str(file), "OTEL_BSP_SCHEDULE_DELAY": "50"},
    }
    async with RayLane(ray_cluster.address, runtime_env=runtime_env) as lane:
        with traces.request():
            await lane.run(begin_a_span, "resize")
            assert await lane.map(partial(count_in, bytes(200_000)), [1]) == [200_001]
        await until(lambda: written(file))
    assert told_by(traces.one("run count_in"))["code.function.name"] == "ray_work.count_in"
    ((name, in_trace, parent, _),) = written(file)
    assert (name, in_trace, parent) == (
        "resize",
        trace_of(traces.one("request")),
        id_of(traces.one("run begin_a_span")),
    )


async def test_without_tracing_a_worker_process_loads_none_of_it() -> None:
    async with ProcessLane(1) as lane:
        assert await lane.run(what_is_loaded) == set()


async def test_a_worker_process_loads_the_api_before_its_first_call_and_no_web_framework(
    traces: Traces,
) -> None:
    async with ProcessLane(1) as lane:
        assert await lane.run(what_is_loaded) == {"loopline", "opentelemetry"}


async def test_a_worker_process_that_was_there_before_loads_the_api_with_its_first_traced_call() -> None:
    async with ProcessLane(1) as lane:
        assert await lane.run(what_is_loaded) == set()
        async with Tracing(Traces().provider):
            await lane.run(what_is_loaded)
            assert await lane.run(what_is_loaded) == {"loopline", "opentelemetry"}


def test_without_tracing_the_part_that_knows_opentelemetry_is_not_imported() -> None:
    code = """
import asyncio, sys
from loopline import ThreadLane, fan_out, JobQueue, ProcessLane

async def main():
    async with ThreadLane("lane") as lane:
        await lane.run(len, "abc")

asyncio.run(main())
assert "loopline._opentelemetry" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_opentelemetry_the_extra_is_named() -> None:
    code = """
import sys
import fastapi  # which may need it, from some version on
for name in [name for name in sys.modules if name.startswith("opentelemetry")]:
    del sys.modules[name]
sys.modules["opentelemetry"] = None
import loopline
try:
    loopline.Tracing
except loopline.MissingExtra as error:
    assert "loopline[otel]" in str(error)
else:
    raise SystemExit("it is there")
"""
    subprocess.run([sys.executable, "-c", code], check=True)


async def test_where_opentelemetry_is_missing_a_call_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a node of a cluster that has Loopline and not this extra."""
    monkeypatch.setitem(sys.modules, "loopline._opentelemetry", None)
    monkeypatch.delattr("loopline._opentelemetry", raising=False)
    token = tracer.TRACE.set({"traceparent": f"00-{BROUGHT}-00f067aa0ba902b7-01"})
    assert not trace.get_current_span().get_span_context().is_valid
    tracer.TRACE.reset(token)


class Older(trace.NoOpTracerProvider):
    """Makes what OpenTelemetry 1.30 made without an SDK."""

    def get_tracer(self, *_: object, **__: object) -> trace.Tracer:
        return OlderTracer()


class OlderTracer(trace.NoOpTracer):
    def start_span(self, *_: object, **__: object) -> trace.Span:
        return trace.INVALID_SPAN


@pytest.mark.parametrize("provider", [None, Older()], ids=["now", "older"])
async def test_without_a_provider_the_trace_that_a_request_brought_is_carried_on(
    provider: trace.TracerProvider | None,
) -> None:
    brought = trace.NonRecordingSpan(trace.SpanContext(int(BROUGHT, 16), 7, is_remote=True))
    async with ThreadLane("lane") as lane, Tracing(provider):
        with trace.use_span(brought):
            assert (await lane.run(here))[0] == BROUGHT


async def test_one_tracing_is_open_at_a_time_and_closing_twice_is_harmless(traces: Traces) -> None:
    other = Tracing(Traces().provider)
    with pytest.raises(ConfigurationError, match="open already"):
        await other.__aenter__()
    await other.aclose()
    assert tracer.active is not None
    tracing = Tracing()
    tracer.active = None
    async with tracing:
        await tracing.aclose()
    assert tracer.active is None
