"""On PostgreSQL, processes tell each other of jobs: nobody waits for the next look."""

from __future__ import annotations

import pytest
from waiting import until

from loopline import Database, JobQueue

pytestmark = pytest.mark.anyio


async def test_a_job_that_another_process_enqueues_is_announced(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    db = Database(postgres_url)
    here, elsewhere, ran = JobQueue(db, poll=3600), JobQueue(db, queues=["elsewhere"], poll=3600), []

    @here.task
    async def note(number: int) -> None:
        ran.append(number)

    async with db:
        await here.migrate()
        async with here, elsewhere:
            ears = [queue._running.announcements for queue in (here, elsewhere) if queue._running]
            await until(lambda: all(ear is not None and ear._pid for ear in ears))
            for number in range(3):
                async with db.begin() as session:
                    await elsewhere.enqueue(session, note.options(delay=0.01 * number).job(number))
                await until(lambda: number in ran)  # noqa: B023 - it is over before the next
    assert ran == [0, 1, 2]
    assert caplog.text == ""
