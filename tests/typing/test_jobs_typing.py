"""What mypy --strict makes of tasks: this file is checked, and run once so that it stays true."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, assert_type

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from loopline import ConfigurationError, Database, JobQueue
from loopline.jobs import NewJob

jobs = JobQueue(Database("sqlite+aiosqlite:///never.db"))


@jobs.task
def double(number: int) -> int:
    return 2 * number


@jobs.task(queue="mail")
async def send(to: str, *, copies: int = 1) -> None: ...


@jobs.transactional
async def write(session: AsyncSession, order_id: int) -> None: ...


def test_a_task_is_still_the_function_that_it_was() -> None:
    assert_type(double(1), int)
    called: Coroutine[Any, Any, None] = send("ada@example.com")
    called.close()


def test_the_arguments_of_a_job_are_those_of_the_function_without_the_session() -> None:
    assert_type(double.job(1), NewJob)
    assert_type(send.options(delay=60).job("ada@example.com", copies=2), NewJob)
    assert_type(write.job(order_id=7), NewJob)
    with pytest.raises(ConfigurationError):
        write.job("seven")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        send.job("ada@example.com", count=2)  # type: ignore[call-arg]
    with pytest.raises(ConfigurationError):
        write.job()  # type: ignore[call-arg]


async def enqueue(session: AsyncSession) -> None:
    assert_type(await write.enqueue(session, 7), int)
    await write.enqueue(session, order="7")  # type: ignore[call-arg]
    await double.enqueue(session, "1")  # type: ignore[arg-type]
