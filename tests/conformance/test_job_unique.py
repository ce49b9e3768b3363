"""A job with a unique key is stored or found, whatever happens to others with that key in between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeAlias

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from loopline import Database, DuplicateJob, JobQueue
from loopline.jobs import Task

pytestmark = pytest.mark.anyio

Note: TypeAlias = Task[[int], [int], Coroutine[Any, Any, None]]


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as db:
        yield db


@pytest.fixture
async def jobs(db: Database) -> JobQueue:
    jobs = JobQueue(db)
    await jobs.migrate()
    return jobs


@pytest.fixture
def note(jobs: JobQueue) -> Note:
    @jobs.task(name="note")
    async def note(number: int) -> None: ...

    return note.options(unique="a")


class Hurry:
    """Lets the job that has a key end just before it is looked for, so many times, and another take its place.

    The last one's place is left free, unless it ``stays``.
    """

    def __init__(
        self, jobs: JobQueue, note: Note, times: int, monkeypatch: pytest.MonkeyPatch, *, stays: bool = False
    ) -> None:
        self._jobs, self._note = jobs, note
        self._find = jobs.store.find_unique
        self.left, self._stays = times, stays
        monkeypatch.setattr(jobs.store, "find_unique", self)

    async def __call__(self, session: AsyncSession, key: str) -> int | None:
        if not self.left:
            return await self._find(session, key)
        self.left -= 1
        end = "UPDATE loopline_jobs SET state = 'completed', finished_at = run_at WHERE state = 'available'"
        await session.execute(text(end))
        found = await self._find(session, key)
        if self.left or self._stays:
            assert await self._jobs.store.insert(session, self._note.job(0))
        return found


@pytest.mark.parametrize("on_conflict", ["keep", "raise"])
async def test_a_unique_job_is_stored_though_others_with_its_key_come_and_end(
    db: Database, jobs: JobQueue, note: Note, on_conflict: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with db.begin() as session:
        first = await note.enqueue(session, 1)
    hurry = Hurry(jobs, note, 10, monkeypatch)
    async with db.begin() as session:
        stored = await note.options(on_conflict=on_conflict).enqueue(session, 2)
    assert hurry.left == 0
    assert stored > first
    [job] = await jobs.operations.find(state="available")
    assert (job.id, job.arguments) == (stored, {"number": 2})


async def test_a_unique_job_is_found_though_others_with_its_key_come_and_end(
    db: Database, jobs: JobQueue, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with db.begin() as session:
        first = await note.enqueue(session, 1)
    hurry = Hurry(jobs, note, 10, monkeypatch, stays=True)
    async with db.begin() as session:
        found = await note.enqueue(session, 2)
    assert hurry.left == 0
    assert found > first
    [job] = await jobs.operations.find(state="available")
    assert (job.id, job.arguments) == (found, {"number": 0})


async def test_it_is_given_up_in_the_end(
    db: Database, jobs: JobQueue, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with db.begin() as session:
        await note.enqueue(session, 1)
    Hurry(jobs, note, 1000, monkeypatch)
    with pytest.raises(DuplicateJob, match="come and end too fast") as raised:
        async with db.begin() as session:
            await note.enqueue(session, 2)
    assert raised.value.job_id is None
