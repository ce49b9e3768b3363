"""When a schedule is due: in its own time zone, through changes of the clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from loopline import ConfigurationError, Database, JobQueue
from loopline.jobs.schedule import after_cron, after_interval

BERLIN = ZoneInfo("Europe/Berlin")


def _times(expression: str, begin: str, count: int) -> list[str]:
    next_after, at, found = after_cron(expression, "Europe/Berlin"), datetime.fromisoformat(begin).timestamp(), []
    for _ in range(count):
        at = next_after(at)
        found.append(datetime.fromtimestamp(at, BERLIN).isoformat(timespec="minutes"))
    return found


def test_a_cron_expression_is_meant_in_its_time_zone() -> None:
    assert _times("30 3 * * *", "2026-01-10T12:00+01:00", 2) == ["2026-01-11T03:30+01:00", "2026-01-12T03:30+01:00"]
    assert _times("0 9 * * MON", "2026-07-01T00:00+02:00", 1) == ["2026-07-06T09:00+02:00"]


def test_a_time_that_the_clock_skips_comes_right_after() -> None:
    assert _times("30 2 * * *", "2026-03-28T12:00+01:00", 2) == ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"]


def test_a_time_that_the_clock_doubles_comes_once() -> None:
    assert _times("30 2 * * *", "2026-10-24T12:00+02:00", 2) == ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]


def test_what_is_every_so_many_minutes_goes_on_through_a_change_of_the_clock() -> None:
    assert _times("*/30 * * * *", "2026-10-25T02:00+02:00", 4) == [
        "2026-10-25T02:30+02:00",
        "2026-10-25T02:00+01:00",
        "2026-10-25T02:30+01:00",
        "2026-10-25T03:00+01:00",
    ]


def test_an_interval_is_counted_from_the_same_moment_everywhere() -> None:
    after = after_interval(90)
    assert [after(0), after(89.9), after(90), after(100)] == [90, 90, 180, 180]


@pytest.mark.parametrize(
    ("expression", "timezone", "says"),
    [
        ("every day", "UTC", "no cron expression"),
        ("61 * * * *", "UTC", "no cron expression"),
        ("0 0 30 2 *", "UTC", "never comes"),
        ("0 0 * * *", "Europe/Atlantis", "no time zone 'Europe/Atlantis'"),
        ("0 0 * * *", "../../etc/passwd", "no time zone"),
    ],
)
def test_a_schedule_that_can_t_be_is_refused(expression: str, timezone: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        after_cron(expression, timezone)


def test_an_interval_below_a_second_and_a_name_that_is_taken_are_refused() -> None:
    jobs = JobQueue(Database("sqlite+aiosqlite:///never.db"))

    @jobs.task
    async def tick() -> None: ...

    with pytest.raises(ConfigurationError, match="1 or more"):
        jobs.every(0.5, tick.job())
    jobs.every(60, tick.job())
    with pytest.raises(ConfigurationError, match="already: give one of them name="):
        jobs.every(60, tick.job())
    jobs.every(60, tick.job(), name="another")
