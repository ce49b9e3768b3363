"""Cancelled tasks are seen to their end."""

from __future__ import annotations

import asyncio
import gc

import anyio
import pytest

from loopline._cancel import cancel_and_wait

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Slow:
    """A task that, once cancelled, ends only when it is let go."""

    def __init__(self) -> None:
        self.cancelled = asyncio.Event()
        self.go = asyncio.Event()
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()
            await self.go.wait()


async def test_the_tasks_are_cancelled_and_have_ended() -> None:
    tasks = [asyncio.create_task(asyncio.Event().wait()) for _ in range(3)]
    await asyncio.sleep(0)
    await cancel_and_wait(tasks)
    assert all(task.cancelled() for task in tasks)


async def test_no_tasks_are_no_wait() -> None:
    await cancel_and_wait([])


async def test_a_caller_that_is_cancelled_meanwhile_is_so_after_the_tasks_have_ended() -> None:
    slow = Slow()
    await asyncio.sleep(0)
    caller = asyncio.create_task(cancel_and_wait([slow.task]))
    await slow.cancelled.wait()
    caller.cancel("enough")
    for _ in range(5):
        await asyncio.sleep(0)
    assert not caller.done()
    slow.go.set()
    with pytest.raises(asyncio.CancelledError, match="enough"):
        await caller
    assert slow.task.done()


async def test_a_cancelled_scope_of_anyio_does_not_make_the_wait_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = 0
    wait = asyncio.wait

    async def counting(tasks: list[asyncio.Task[None]]) -> object:
        nonlocal waits
        waits += 1
        return await wait(tasks)

    monkeypatch.setattr(asyncio, "wait", counting)
    slow = Slow()
    await asyncio.sleep(0)

    async def let_go() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        slow.go.set()

    helper = asyncio.create_task(let_go())
    with anyio.CancelScope() as scope:
        scope.cancel()
        await cancel_and_wait([slow.task])
    await helper
    assert slow.task.done()
    assert waits == 1


async def test_what_a_task_raises_on_its_way_out_is_nobody_s_concern(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise LookupError("too late")

    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    await cancel_and_wait([task])
    del task
    gc.collect()
    assert not caplog.records
