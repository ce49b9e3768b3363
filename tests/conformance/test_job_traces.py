"""A request's trace goes on in the jobs that it enqueues, whenever and wherever they run."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from opentelemetry import baggage, trace
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from traces import Traces, id_of, parent_of, told_by, trace_of
from waiting import until

from loopline import Database, DuplicateJob, JobQueue, Retry, Tracing
from loopline.jobs import Cancel, Snooze, current_job
from loopline.jobs.testing import drain

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as db:
        await JobQueue(db).migrate()
        yield db


@pytest.fixture
async def traces() -> AsyncIterator[Traces]:
    traces = Traces()
    async with Tracing(traces.provider):
        yield traces


async def stored_traces(db: Database) -> list[str | None]:
    async with db.begin() as session:
        return list(await session.scalars(text("SELECT trace FROM loopline_jobs ORDER BY id")))


async def test_an_attempt_is_part_of_the_request_that_enqueued_its_job(db: Database, traces: Traces) -> None:
    jobs = JobQueue(db, poll=0.02, queues=["mail"])
    inside: list[tuple[int, object]] = []

    @jobs.task(name="send")
    async def send(to: str) -> None:
        inside.append((trace.get_current_span().get_span_context().span_id, baggage.get_baggage("shop")))

    async with jobs:
        with traces.request():
            async with db.begin() as session:
                number = await send.options(queue="mail").enqueue(session, "secret@example.com")
        await until(lambda: traces.named("run send"))
    request, enqueue, run = traces.one("request"), traces.one("enqueue send"), traces.one("run send")
    assert trace_of(run) == trace_of(enqueue) == trace_of(request)
    assert parent_of(enqueue) == id_of(request)
    assert parent_of(run) == id_of(enqueue)
    assert (enqueue.kind, run.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    both = {
        "messaging.system": "loopline",
        "messaging.destination.name": "mail",
        "messaging.message.id": str(number),
        "loopline.task.name": "send",
    }
    assert told_by(enqueue) == both | {"messaging.operation.name": "enqueue", "messaging.operation.type": "send"}
    assert told_by(run) == both | {
        "messaging.operation.name": "run",
        "messaging.operation.type": "process",
        "loopline.job.attempt": 1,
        "loopline.job.state": "completed",
    }
    # the baggage is not stored: whatever it is, it would lie in the database as long as the job
    assert [(f"{span:016x}", shop) for span, shop in inside] == [(id_of(run), None)]
    assert not [span for span in traces.all() if "secret" in span.to_json()]


async def test_every_attempt_is_a_span_with_its_number_and_what_became_of_it(
    db: Database, traces: Traces, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = JobQueue(db, poll=0.02)
    logged: list[int] = []

    def where(record: logging.LogRecord) -> bool:
        logged.append(trace.get_current_span().get_span_context().span_id)
        return True

    monkeypatch.setattr(logging.getLogger("loopline.jobs"), "filters", [where])

    @jobs.task(name="flaky", retry=Retry(attempts=2, first=0.01, longest=0.01))
    def flaky() -> None:
        raise LookupError("a secret")

    async with jobs:
        with traces.request():
            async with db.begin() as session:
                await flaky.enqueue(session)
        await until(lambda: len(traces.named("run flaky")) == 2)
    attempts = traces.named("run flaky")
    told = [told_by(span) for span in attempts]
    assert [one["loopline.job.attempt"] for one in told] == [1, 2]
    assert [one["loopline.job.state"] for one in told] == ["retryable", "discarded"]
    assert [one["error.type"] for one in told] == ["LookupError"] * 2
    assert {span.status.status_code for span in attempts} == {StatusCode.ERROR}
    assert {parent_of(span) for span in attempts} == {id_of(traces.one("enqueue flaky"))}
    in_threads = [span for span in traces.all() if told_by(span).get("loopline.lane.name") == "jobs"]
    assert [parent_of(span) for span in in_threads] == [id_of(span) for span in attempts]
    assert not [span for span in traces.all() if "a secret" in span.to_json()]
    assert [f"{span:016x}" for span in logged] == [id_of(span) for span in attempts], (
        "the log has what the span leaves out"
    )


async def test_a_job_that_is_shown_says_which_trace_it_belongs_to(db: Database, traces: Traces) -> None:
    jobs = JobQueue(db)

    @jobs.task(name="shown")
    async def shown() -> None: ...

    with traces.request():
        async with db.begin() as session:
            number = await shown.enqueue(session)
    found = await jobs.operations.get(number)
    assert found is not None
    assert found.trace_id == trace_of(traces.one("request"))
    assert [job.trace_id for job in await jobs.operations.find()] == [found.trace_id]


async def test_a_job_that_was_not_traced_or_whose_trace_can_not_be_read_says_none(db: Database) -> None:
    jobs = JobQueue(db)

    @jobs.task(name="shown")
    async def shown() -> None: ...

    async with db.begin() as session:
        numbers = [await shown.enqueue(session) for _ in range(3)]
        for number, trace_of_it in zip(numbers, [None, "{}", '{"traceparent": "<script>"}'], strict=True):
            values = {"trace": trace_of_it, "id": number}
            await session.execute(text("UPDATE loopline_jobs SET trace = :trace WHERE id = :id"), values)
    assert [job.trace_id for job in await jobs.operations.find()] == [None] * 3


async def test_to_put_a_job_off_or_to_end_it_is_no_error(db: Database, traces: Traces) -> None:
    jobs = JobQueue(db, poll=0.02)

    @jobs.task(name="later")
    async def later() -> None:
        if current_job.get().attempt == 1:
            raise Snooze(0.01)
        raise Cancel("enough")

    async with jobs:
        async with db.begin() as session:
            await later.enqueue(session)
        await until(lambda: len(traces.named("run later")) == 2)
    assert [told_by(span)["loopline.job.state"] for span in traces.named("run later")] == ["scheduled", "cancelled"]
    assert {span.status.status_code for span in traces.named("run later")} == {StatusCode.UNSET}


async def test_a_job_that_is_cancelled_where_it_runs_says_so(db: Database, traces: Traces) -> None:
    jobs = JobQueue(db, poll=0.02)
    begun = asyncio.Event()

    @jobs.task(name="long")
    async def long() -> None:
        begun.set()
        await asyncio.sleep(600)

    async with jobs:
        async with db.begin() as session:
            number = await long.enqueue(session)
        await begun.wait()
        assert await jobs.operations.cancel(number)
        await until(lambda: traces.named("run long"))
    assert told_by(traces.one("run long"))["error.type"] == "asyncio.exceptions.CancelledError"


async def test_jobs_that_are_enqueued_together_have_one_span(db: Database, traces: Traces) -> None:
    jobs = JobQueue(db)

    @jobs.transactional(name="write")
    async def write(session: AsyncSession, number: int) -> None: ...

    with traces.request():
        async with db.begin() as session:
            await jobs.enqueue_many(session, [write.job(number) for number in range(3)])
    await drain(jobs)
    enqueue, runs = traces.one("enqueue many"), traces.named("run write")
    assert told_by(enqueue)["messaging.batch.message_count"] == 3
    assert told_by(enqueue)["messaging.destination.name"] == "default"
    assert [parent_of(run) for run in runs] == [id_of(enqueue)] * 3
    assert {trace_of(run) for run in runs} == {trace_of(traces.one("request"))}


async def test_a_job_that_is_there_already_keeps_its_trace(db: Database, traces: Traces) -> None:
    jobs = JobQueue(db)

    @jobs.task(name="once")
    async def once() -> None: ...

    for _ in range(2):
        with traces.request():
            async with db.begin() as session:
                await once.options(unique="key").enqueue(session)
    async with db.begin() as session:
        with pytest.raises(DuplicateJob):
            await once.options(unique="key", on_conflict="raise").enqueue(session)
    await drain(jobs)
    first, _, refused = traces.named("enqueue once")
    assert parent_of(traces.one("run once")) == id_of(first)
    assert told_by(refused)["error.type"] == "loopline.errors.DuplicateJob"


async def test_a_job_of_a_schedule_begins_a_trace_though_its_worker_was_started_in_one(
    db: Database, traces: Traces
) -> None:
    jobs = JobQueue(db, poll=0.02)

    @jobs.task(name="clean")
    async def clean() -> None: ...

    jobs.every(1, clean.job())
    with traces.request():
        async with jobs:
            await until(lambda: len(traces.named("run clean")) == 2)
    assert [parent_of(run) for run in traces.named("run clean")] == [None, None]
    assert len({trace_of(span) for span in traces.all()}) == 3


async def test_a_trace_that_can_not_be_read_does_not_hold_a_job_up(db: Database, traces: Traces) -> None:
    jobs = JobQueue(db)

    @jobs.task(name="note")
    async def note() -> None: ...

    broken = ["", "no JSON", "[1]", '{"traceparent": 7}', '{"traceparent": "00-nonsense"}']
    async with db.begin() as session:
        for _ in broken:
            await note.enqueue(session)
        for number, content in enumerate(broken, 1):
            await session.execute(
                text("UPDATE loopline_jobs SET trace = :trace WHERE id = :id"), {"trace": content, "id": number}
            )
    await drain(jobs)
    assert [parent_of(run) for run in traces.named("run note")] == [None] * len(broken)


async def test_without_tracing_nothing_is_stored_and_a_traced_job_runs_all_the_same(db: Database) -> None:
    jobs = JobQueue(db)
    ran: list[int] = []

    @jobs.task(name="note")
    async def note(number: int) -> None:
        ran.append(number)

    traces = Traces()
    with traces.request():
        async with db.begin() as session:
            await note.enqueue(session, 1)
        async with Tracing(traces.provider), db.begin() as session:
            await note.enqueue(session, 2)
    untraced, traced = await stored_traces(db)
    assert untraced is None
    assert traced is not None
    assert trace_of(traces.one("request")) in traced
    await drain(jobs)
    assert ran == [1, 2]
    assert traces.named("run note") == []
