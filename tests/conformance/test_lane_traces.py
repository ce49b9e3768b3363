"""A request's trace goes on in every lane: its calls are spans, and what a function does there is part of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from lane_kinds import KINDS, Kind
from lane_work import hold
from opentelemetry.trace import SpanKind, StatusCode
from stream_work import stuck_after
from traced_work import fail_at_once, fail_with, here, here_times, of_item
from traces import Traces, id_of, parent_of, told_by, trace_of
from waiting import until

from loopline import LaneFull, LaneTimeout, Tracing
from loopline.lanes import Lane

pytestmark = pytest.mark.anyio


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
async def lane(kind: Kind) -> AsyncIterator[Lane]:
    async with kind.make(size=2, max_queue=1) as lane:
        yield lane


@pytest.fixture
async def traces() -> AsyncIterator[Traces]:
    """Opened after the lane: in which order they are does not matter."""
    traces = Traces()
    async with Tracing(traces.provider):
        yield traces


async def test_a_call_is_part_of_the_request_and_the_function_runs_inside_it(lane: Lane, traces: Traces) -> None:
    with traces.request():
        trace, span, shop = await lane.run(here, "a secret")
    request, call = traces.one("request"), traces.one("run here")
    assert trace == trace_of(call) == trace_of(request)
    assert span == id_of(call)
    assert parent_of(call) == id_of(request)
    assert shop == "north"
    assert call.kind is SpanKind.INTERNAL
    assert call.status.status_code is StatusCode.UNSET
    told = told_by(call)
    waited = told.pop("loopline.lane.wait")
    assert isinstance(waited, float)
    assert 0 <= waited < 60
    assert told == {"code.function.name": "traced_work.here", "loopline.lane.name": "lane"}


async def test_after_a_call_its_worker_is_in_no_trace(lane: Lane, traces: Traces) -> None:
    with traces.request():
        await asyncio.gather(lane.run(here), lane.run(here))
    calls = {id_of(span) for span in traces.named("run here")}
    trace, span, shop = await lane.run(here)
    assert trace not in {trace_of(span) for span in traces.named("request")}
    assert span not in calls
    assert shop is None


async def test_a_failure_is_told_by_its_kind_and_nothing_else(lane: Lane, traces: Traces) -> None:
    with traces.request():
        with pytest.raises(LookupError):
            await lane.run(fail_with, "a secret")
        with pytest.raises(LookupError):
            await lane.run(partial(fail_with, secret="a secret"))
    for call in traces.named("run fail_with"):
        assert call.status.status_code is StatusCode.ERROR
        assert told_by(call)["error.type"] == "LookupError"
        assert "secret" not in call.to_json()
    assert len(traces.named("run fail_with")) == 2


async def test_a_call_that_is_refused_late_or_given_up_says_so(lane: Lane, traces: Traces, tmp_path: Path) -> None:
    running = [asyncio.create_task(lane.run(hold, str(tmp_path), name)) for name in "ab"]
    for name in "ab":
        await until((tmp_path / f"{name}.runs").exists)
    with pytest.raises(LaneTimeout):
        await lane.run(here, timeout=0.05)
    (late,) = traces.named("run here")
    assert told_by(late)["error.type"] == "loopline.errors.LaneTimeout"
    waited = told_by(late)["loopline.lane.wait"]
    assert isinstance(waited, float)
    assert waited >= 0.05
    waiting = asyncio.create_task(lane.run(here))
    await until(lambda: lane.statistics().waiting == 1)
    with pytest.raises(LaneFull):
        await lane.run(here)
    assert told_by(traces.named("run here")[1])["error.type"] == "loopline.errors.LaneFull"
    waiting.cancel()
    await asyncio.wait([waiting])
    given_up = traces.named("run here")[2]
    assert told_by(given_up)["error.type"] == "asyncio.exceptions.CancelledError"
    assert given_up.status.status_code is StatusCode.UNSET
    for name in "ab":
        (tmp_path / f"{name}.end").touch()
    await asyncio.wait(running)


async def test_a_map_is_a_span_with_its_calls(lane: Lane, traces: Traces) -> None:
    with traces.request():
        found = await lane.map(of_item, range(5), chunk=2)
    whole, calls = traces.one("map of_item"), traces.named("run of_item")
    assert parent_of(whole) == id_of(traces.one("request"))
    assert told_by(whole)["loopline.items"] == 5
    assert {parent_of(call) for call in calls} == {id_of(whole)}
    assert {told_by(call)["code.function.name"] for call in calls} == {"traced_work.of_item"}
    assert {span for _, span, _ in found} == {id_of(call) for call in calls}
    assert len(calls) == 3


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.streams], ids=lambda kind: kind.name)
async def test_a_stream_is_a_span_until_its_generator_has_ended(kind: Kind, lane: Lane, traces: Traces) -> None:
    with traces.request():
        async with lane.stream(here_times, 3) as items:
            first = await anext(items)
            here_now, *_ = here()
            rest = [item async for item in items]
    request, stream = traces.one("request"), traces.one("stream here_times")
    assert {first, *rest} == {(trace_of(request), id_of(stream), "north")}
    assert len(rest) == 2
    assert here_now == trace_of(request)
    assert parent_of(stream) == id_of(request)
    assert told_by(stream)["code.function.name"] == "traced_work.here_times"
    assert told_by(stream)["loopline.lane.name"] == "lane"
    assert "loopline.lane.wait" in told_by(stream)
    assert stream.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.streams], ids=lambda kind: kind.name)
async def test_a_stream_that_is_left_ends_its_span_and_one_that_is_refused_too(
    kind: Kind, lane: Lane, traces: Traces, tmp_path: Path
) -> None:
    async with lane.stream(here_times, 1000) as items:
        await anext(items)
        assert traces.named("stream here_times") == []
    assert traces.one("stream here_times").status.status_code is StatusCode.UNSET
    await lane.aclose()
    with pytest.raises(Exception, match="is not running"):
        async with lane.stream(here_times, 1):
            pass
    refused = traces.named("stream here_times")[1]
    assert told_by(refused)["error.type"] == "loopline.errors.LaneClosed"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.streams], ids=lambda kind: kind.name)
async def test_a_stream_that_is_late_or_fails_says_so(kind: Kind, lane: Lane, traces: Traces, tmp_path: Path) -> None:
    with pytest.raises(LaneTimeout):
        await anext(lane.stream(stuck_after, 0, str(tmp_path), timeout=0.05))
    await until(lambda: traces.named("stream stuck_after"))
    assert told_by(traces.one("stream stuck_after"))["error.type"] == "loopline.errors.LaneTimeout"
    (tmp_path / "end").touch()
    with pytest.raises(LookupError):
        await anext(lane.stream(fail_at_once, "a secret"))
    failed = traces.one("stream fail_at_once")
    assert told_by(failed)["error.type"] == "LookupError"
    assert failed.status.status_code is StatusCode.ERROR
    assert "a secret" not in failed.to_json()
