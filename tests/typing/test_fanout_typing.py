"""What mypy --strict makes of fan-out: this file is checked, and run once so that it stays true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_type

import pytest
import stamina

from loopline import Failed, Outcome, Succeeded, as_completed, fan_out

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def half(number: int) -> float:
    return 10 / number


async def test_an_outcome_narrows_with_isinstance() -> None:
    outcomes = await fan_out(half, [1, 2], limit=2)
    assert_type(outcomes, list[Succeeded[int, float] | Failed[int]])
    for outcome in outcomes:
        if isinstance(outcome, Succeeded):
            assert_type(outcome, Succeeded[int, float])
            assert_type(outcome.value, float)
        else:
            assert_type(outcome, Failed[int])
            assert_type(outcome.error, Exception)
    assert_type([outcome.value for outcome in outcomes if isinstance(outcome, Succeeded)], list[float])


async def test_an_outcome_narrows_with_match() -> None:
    def text(outcome: Outcome[int, float]) -> str:
        match outcome:
            case Succeeded(item=item, value=value):
                assert_type(item, int)
                assert_type(value, float)
                return f"{item}: {value}"
            case Failed(item=item, error=error):
                assert_type(error, Exception)
                return f"{item}: {type(error).__name__}"

    assert [text(outcome) for outcome in await fan_out(half, [4, 0], limit=1)] == ["4: 2.5", "0: ZeroDivisionError"]


async def test_the_streaming_form_has_the_same_types() -> None:
    async with as_completed(half, (1, 2), limit=2) as outcomes:
        async for outcome in outcomes:
            assert_type(outcome, Succeeded[int, float] | Failed[int])


async def test_a_retrying_caller_of_stamina_is_a_retry_as_it_is() -> None:
    retry = stamina.AsyncRetryingCaller(attempts=2, wait_initial=0, wait_jitter=0).on(OSError)
    outcomes = await fan_out(half, [1], limit=1, timeout=5, retry=retry)
    assert_type(outcomes, list[Succeeded[int, float] | Failed[int]])


async def test_outcomes_can_be_read_as_outcomes_of_a_wider_type() -> None:
    def count(outcomes: Sequence[Outcome[object, object]]) -> int:
        return len(outcomes)

    outcomes = await fan_out(half, [1, 2], limit=2)
    assert count(outcomes) == 2
