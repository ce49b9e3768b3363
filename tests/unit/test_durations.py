"""How long things took: counted in a fixed space, read as quantiles."""

from __future__ import annotations

import random

import pytest

from loopline import durations
from loopline.durations import BOUNDS, DurationCounter, Durations


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(durations, "monotonic", lambda: now[0])
    return now


def counted(values: list[float]) -> Durations:
    counter = DurationCounter()
    for value in values:
        counter.count(value, 0.0)
    return counter.ever()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99, 1.0])
def test_a_quantile_is_off_by_less_than_a_third(share: float) -> None:
    values = sorted(random.Random(7).lognormvariate(-3, 1.5) for _ in range(10_000))
    exact = values[max(0, int(share * len(values)) - 1)]
    found = counted(values).quantile(share)
    assert found is not None
    assert exact / 1.3 <= found <= exact * 1.3


def test_of_nothing_there_is_no_quantile() -> None:
    assert counted([]).quantile(0.5) is None
    assert Durations.together([]).count == 0


def test_what_takes_longer_than_all_bounds_is_counted_too() -> None:
    found = counted([1e9, 0.0])
    assert (found.count, found.quantile(1.0)) == (2, BOUNDS[-1])
    assert found.counts[0] == found.counts[-1] == 1


def test_several_are_added_as_if_they_had_been_counted_in_one_place() -> None:
    one, other = counted([0.01, 0.2]), counted([0.01, 3.0])
    both = Durations.together([one, other])
    assert both.counts == counted([0.01, 0.2, 0.01, 3.0]).counts
    assert both.total == pytest.approx(3.22)


def test_what_was_two_minutes_ago_is_not_recent(clock: list[float]) -> None:
    counter = DurationCounter()
    counter.count(0.5, clock[0])
    clock[0] += 59
    assert (counter.recent().count, counter.recent().seconds) == (1, 59)
    clock[0] += 30
    counter.count(0.1, clock[0])
    assert counter.recent().count == 2, "of the last minute, and of the one before"
    assert counter.recent_total() == pytest.approx(0.6)
    clock[0] += 61
    assert counter.recent().count == 1
    clock[0] += 61
    assert counter.recent().count == 0
    assert counter.recent_total() == pytest.approx(0.0)
    assert counter.ever().count == 2


def test_after_a_long_time_without_any_the_last_ones_are_not_recent(clock: list[float]) -> None:
    counter = DurationCounter()
    counter.count(0.5, clock[0])
    clock[0] += 3600
    assert counter.recent().count == 0
    counter.count(0.5, clock[0])
    clock[0] += 3600
    counter.count(0.5, clock[0])
    assert counter.recent().count == 1
    assert counter.recent().seconds <= 120
