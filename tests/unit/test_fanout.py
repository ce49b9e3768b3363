"""Fan-out: bounded, in order, one outcome for each item, and nothing left running."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import anyio
import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st

from loopline import ConfigurationError, Failed, Outcome, Succeeded, as_completed, fan_out

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Calls:
    """Calls that wait until they are let go, and what became of them."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.ended: list[int] = []
        self.cancelled: list[int] = []
        self.changed = asyncio.Condition()
        self.gates: dict[int, asyncio.Event] = {}

    def let_go(self, *items: int) -> None:
        for item in items:
            self.gates.setdefault(item, asyncio.Event()).set()

    async def __call__(self, item: int) -> int:
        async with self.changed:
            self.started.append(item)
            self.changed.notify_all()
        try:
            await self.gates.setdefault(item, asyncio.Event()).wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # a clean-up that takes a moment
            self.cancelled.append(item)
            raise
        self.ended.append(item)
        return item

    async def until_started(self, count: int) -> None:
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: len(self.started) >= count)


async def double(number: int) -> int:
    return number * 2


async def half(number: int) -> float:
    return 1 / number


async def turns(count: int = 20) -> None:
    """Let everything that is ready run."""
    for _ in range(count):
        await asyncio.sleep(0)


# Outcomes


async def test_each_item_has_one_outcome_in_the_order_of_the_items() -> None:
    assert await fan_out(double, [3, 1, 2], limit=2) == [Succeeded(0, 3, 6), Succeeded(1, 1, 2), Succeeded(2, 2, 4)]


async def test_an_error_of_one_item_is_its_outcome_and_leaves_the_others_alone() -> None:
    first, second, third = await fan_out(half, [1, 0, 2], limit=3)
    assert (first, third) == (Succeeded(0, 1, 1.0), Succeeded(2, 2, 0.5))
    assert isinstance(second, Failed)
    assert (second.index, second.item) == (1, 0)
    assert isinstance(second.error, ZeroDivisionError)


async def test_no_items_have_no_outcomes() -> None:
    assert await fan_out(double, [], limit=1) == []


async def test_an_item_that_takes_too_long_fails_with_a_timeout_error_and_its_call_is_cancelled() -> None:
    calls = Calls()
    calls.let_go(1)
    done, late = await fan_out(calls, [1, 2], limit=2, timeout=0.02)
    assert done == Succeeded(0, 1, 1)
    assert isinstance(late, Failed)
    assert isinstance(late.error, TimeoutError)
    assert calls.cancelled == [2]


async def test_a_group_of_errors_that_a_call_raised_is_that_call_s_error() -> None:
    async def grouped(_: int) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(half(0))

    (outcome,) = await fan_out(grouped, [1], limit=1)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, ExceptionGroup)


# The limit


@given(
    items=st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=30),
    limit=st.integers(1, 8),
    slow_reader=st.booleans(),
)
def test_whatever_the_calls_do_outcomes_are_complete_ordered_and_never_above_the_limit(
    items: list[tuple[int, bool]], limit: int, slow_reader: bool
) -> None:
    """For each item one outcome, its own; never more calls in flight, nor items taken and unread, than the limit."""
    running = taken = read = most = most_unread = 0

    def source() -> Iterator[tuple[int, tuple[int, bool]]]:
        nonlocal taken, most_unread
        for numbered in enumerate(items):
            taken += 1
            most_unread = max(most_unread, taken - read)
            yield numbered

    async def call(numbered: tuple[int, tuple[int, bool]]) -> int:
        nonlocal running, most
        number, (waits, fails) = numbered
        running += 1
        most = max(most, running)
        try:
            await turns(waits)
            if fails:
                raise LookupError(number)
            return number
        finally:
            running -= 1

    async def main() -> list[Outcome[tuple[int, tuple[int, bool]], int]]:
        nonlocal read
        outcomes = []
        async with as_completed(call, source(), limit=limit) as stream:
            async for outcome in stream:
                read += 1
                outcomes.append(outcome)
                if slow_reader:
                    await turns(3)
        again = await fan_out(call, enumerate(items), limit=limit)
        ordered = sorted(outcomes, key=lambda outcome: outcome.index)
        assert [type(outcome) for outcome in again] == [type(outcome) for outcome in ordered]
        assert [outcome.index for outcome in again] == list(range(len(items)))
        return ordered

    outcomes = asyncio.run(main())
    assert [outcome.index for outcome in outcomes] == list(range(len(items)))
    for outcome, numbered in zip(outcomes, enumerate(items), strict=True):
        assert outcome.item == numbered
        if isinstance(outcome, Failed):
            assert numbered[1][1]
            assert outcome.error.args == (outcome.index,)
        else:
            assert not numbered[1][1]
            assert outcome.value == outcome.index
    assert most <= limit
    assert most_unread <= limit
    assert running == 0


async def test_as_many_calls_run_at_once_as_the_limit_allows() -> None:
    calls = Calls()
    task = asyncio.create_task(fan_out(calls, range(5), limit=3))
    await calls.until_started(3)
    await turns()
    assert calls.started == [0, 1, 2]
    calls.let_go(1)
    await calls.until_started(4)
    calls.let_go(0, 2, 3, 4)
    assert [outcome.item for outcome in await task] == [0, 1, 2, 3, 4]


async def test_items_are_taken_only_as_places_become_free() -> None:
    taken: list[int] = []

    def endless() -> Iterator[int]:
        number = 0
        while True:
            taken.append(number)
            yield number
            number += 1

    async with as_completed(double, endless(), limit=3) as outcomes:
        assert taken == [], "nothing is taken before somebody asks"
        assert (await anext(outcomes)).index == 0
        await turns()
        assert taken == [0, 1, 2], "finished calls that nobody reads hold their places"
        await anext(outcomes)
        assert len(taken) == 4


# The streaming form


async def test_outcomes_come_in_the_order_in_which_the_calls_end() -> None:
    calls = Calls()
    async with as_completed(calls, [1, 2, 3], limit=3) as outcomes:
        calls.let_go(3)
        assert await anext(outcomes) == Succeeded(2, 3, 3)
        calls.let_go(1)
        assert await anext(outcomes) == Succeeded(0, 1, 1)
        calls.let_go(2)
        assert await anext(outcomes) == Succeeded(1, 2, 2)
        with pytest.raises(StopAsyncIteration):
            await anext(outcomes)


async def test_leaving_the_block_cancels_the_other_calls_and_waits_for_their_end() -> None:
    calls = Calls()
    calls.let_go(2)
    async with as_completed(calls, [1, 2, 3], limit=3) as outcomes:
        async for outcome in outcomes:
            assert outcome.item == 2
            break
    assert sorted(calls.cancelled) == [1, 3]


async def test_an_error_in_the_block_is_raised_as_it_is_once_the_calls_have_ended() -> None:
    calls = Calls()

    async def read() -> None:
        async with as_completed(calls, [1, 2], limit=2) as outcomes:
            calls.let_go(1)
            await anext(outcomes)
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await read()
    assert calls.cancelled == [2]


async def test_two_readers_share_the_outcomes() -> None:
    async def read() -> list[int]:
        return [outcome.item async for outcome in outcomes]

    async with as_completed(double, range(10), limit=2) as outcomes:
        halves = await asyncio.gather(read(), read())
    assert sorted(halves[0] + halves[1]) == list(range(10))


async def test_a_reader_that_waits_when_the_block_is_left_is_told() -> None:
    async with as_completed(Calls(), [1, 2], limit=2) as outcomes:
        reader = asyncio.ensure_future(anext(outcomes))
        await turns()
    with pytest.raises(ConfigurationError, match="inside"):
        await reader


async def test_outcomes_read_after_the_block_are_refused() -> None:
    async with as_completed(double, [1, 2], limit=1) as outcomes:
        pass
    with pytest.raises(ConfigurationError, match="inside"):
        await anext(outcomes)


# Retry


async def test_a_failing_call_is_tried_again_by_stamina() -> None:
    attempts: list[int] = []

    async def flaky(item: int) -> int:
        attempts.append(item)
        if attempts.count(item) < 3:
            raise OSError("not yet")
        return item

    retry = stamina.AsyncRetryingCaller(attempts=3, wait_initial=0, wait_jitter=0).on(OSError)
    assert await fan_out(flaky, [1, 2], limit=2, retry=retry) == [Succeeded(0, 1, 1), Succeeded(1, 2, 2)]
    assert sorted(attempts) == [1, 1, 1, 2, 2, 2]


async def test_the_last_error_of_all_attempts_is_the_outcome() -> None:
    retry = stamina.AsyncRetryingCaller(attempts=2, wait_initial=0, wait_jitter=0).on(ZeroDivisionError)
    (outcome,) = await fan_out(half, [0], limit=1, retry=retry)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, ZeroDivisionError)


async def test_the_timeout_covers_all_attempts() -> None:
    async def failing(_: int) -> int:
        await asyncio.sleep(0)
        raise OSError("never")

    retry = stamina.AsyncRetryingCaller(attempts=None, timeout=None, wait_initial=0.001, wait_jitter=0).on(OSError)
    (outcome,) = await fan_out(failing, [1], limit=1, timeout=0.03, retry=retry)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, TimeoutError)


# Cancellation


async def native_cancel(run: Callable[[], Awaitable[object]], calls: Calls) -> None:
    task = asyncio.ensure_future(run())
    await calls.until_started(2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def asyncio_timeout(run: Callable[[], Awaitable[object]], calls: Calls) -> None:
    async def expire() -> None:
        await calls.until_started(2)
        deadline.reschedule(0)

    with suppress(TimeoutError):
        async with asyncio.timeout(None) as deadline, asyncio.TaskGroup() as group:
            group.create_task(expire())
            await run()
    assert deadline.expired()


async def anyio_scope(run: Callable[[], Awaitable[object]], calls: Calls) -> None:
    async with anyio.create_task_group() as group:

        async def cancel() -> None:
            await calls.until_started(2)
            group.cancel_scope.cancel()

        group.start_soon(cancel)
        await run()
    assert group.cancel_scope.cancelled_caught


WAYS = [native_cancel, asyncio_timeout, anyio_scope]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_cancelling_the_caller_cancels_every_call_and_waits_for_it(
    way: Callable[[Callable[[], Awaitable[object]], Calls], Awaitable[None]],
) -> None:
    calls = Calls()
    await way(lambda: fan_out(calls, range(10), limit=2), calls)
    assert sorted(calls.cancelled) == [0, 1]
    assert calls.started == [0, 1], "no further call starts"


async def test_a_second_cancel_does_not_leave_calls_behind() -> None:
    release = asyncio.Event()
    cleaning = asyncio.Event()
    ended: list[int] = []

    async def slow_to_leave(item: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaning.set()
            await release.wait()
            ended.append(item)

    task = asyncio.create_task(fan_out(slow_to_leave, [1, 2], limit=2))
    await turns()
    task.cancel()
    await cleaning.wait()
    task.cancel()
    await turns()
    assert not task.done(), "it waits for the clean-up"
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(ended) == [1, 2]


async def test_a_call_that_raises_cancelled_on_its_own_ends_the_whole_as_a_cancellation() -> None:
    calls = Calls()

    async def give_up(item: int) -> int:
        if item == 3:
            await calls.until_started(2)
            raise asyncio.CancelledError("on its own")
        return await calls(item)

    with pytest.raises(asyncio.CancelledError, match="on its own"):
        await fan_out(give_up, [1, 2, 3, 4], limit=3)
    assert sorted(calls.cancelled) == [1, 2]
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0, "nobody asked this task to stop"


async def test_a_call_whose_task_is_cancelled_by_others_ends_the_whole_as_a_cancellation() -> None:
    tasks: list[asyncio.Task[object]] = []

    async def remember(_: int) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        await asyncio.Event().wait()

    running = asyncio.create_task(fan_out(remember, [1, 2], limit=2))
    await turns()
    tasks[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert tasks[1].cancelled()


async def test_a_cancelled_call_is_no_timeout_even_where_one_is_set() -> None:
    async def give_up(_: int) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await fan_out(give_up, [1], limit=1, timeout=60)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit], ids=lambda stop: stop.__name__)
def test_an_interrupt_is_no_outcome(stop: type[BaseException]) -> None:
    cancelled: list[int] = []

    async def call(item: int) -> None:
        if item == 2:
            raise stop
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(item)

    with pytest.raises(stop):
        asyncio.run(fan_out(call, [1, 2], limit=2))
    assert cancelled == [1]


async def test_an_error_of_the_items_is_raised_as_it_is_once_the_calls_have_ended() -> None:
    calls = Calls()
    calls.let_go(1)

    def broken() -> Iterator[int]:
        yield 1
        yield 2
        raise LookupError("no third")

    with pytest.raises(LookupError, match="no third"):
        await fan_out(calls, broken(), limit=2)
    assert calls.cancelled == [2]


# What is refused


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_limit_that_lets_nothing_start_is_refused(limit: int) -> None:
    with pytest.raises(ConfigurationError, match="limit=1 or more"):
        await fan_out(double, [1], limit=limit)
    with pytest.raises(ConfigurationError, match="limit=1 or more"):
        as_completed(double, [1], limit=limit)


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
async def test_a_timeout_that_leaves_no_time_is_refused(timeout: float) -> None:
    with pytest.raises(ConfigurationError, match="seconds above 0"):
        await fan_out(double, [1], limit=1, timeout=timeout)


async def test_a_plain_function_is_refused_with_the_advice_to_use_a_lane() -> None:
    def plain(item: int) -> int:
        return item

    with pytest.raises(ConfigurationError, match=r"plain returned int.*lane"):
        await fan_out(plain, [1, 2], limit=2)  # type: ignore[arg-type]


async def test_a_plain_function_is_not_tried_again() -> None:
    tried: list[int] = []

    def plain(item: int) -> int:
        tried.append(item)
        return item

    retry = stamina.AsyncRetryingCaller(attempts=None, timeout=None, wait_initial=60).on(Exception)
    async with asyncio.timeout(10):
        with pytest.raises(ConfigurationError):
            await fan_out(plain, [1, 2], limit=1, retry=retry)  # type: ignore[arg-type]
    assert tried == [1]


async def test_a_plain_function_that_returns_an_awaitable_is_fine() -> None:
    assert await fan_out(lambda item: double(item), [1], limit=1) == [Succeeded(0, 1, 2)]


async def test_a_call_that_loses_its_reader_leaves_no_warning_behind(recwarn: pytest.WarningsRecorder) -> None:
    with suppress(LookupError):
        async with as_completed(half, [0, 0, 1], limit=3) as outcomes:
            await anext(outcomes)
            raise LookupError
    gc.collect()
    assert not recwarn.list
