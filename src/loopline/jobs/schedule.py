"""When jobs are enqueued again and again: a cron expression in a time zone, or an interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import floor
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loopline.errors import ConfigurationError, MissingExtra
from loopline.jobs.job import NewJob

try:
    from cronsim import CronSim, CronSimError
except ModuleNotFoundError as error:
    raise MissingExtra("cronsim", "standard") from error

__all__ = ["Missed", "Schedule", "after_cron", "after_interval"]

Missed: TypeAlias = Literal["once", "skip"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is enqueued again and again.

    Attributes:
        name: What is stored of it: processes with a schedule of this name share it.
        job: The job.
        next_after: The next time after a time, both in seconds since 1970.
        missed: What happens if times have passed while no process was there: ``once`` enqueues the job once for all
            of them, ``skip`` not at all.
    """

    name: str
    job: NewJob
    next_after: Callable[[float], float]
    missed: Missed


def after_cron(expression: str, timezone: str) -> Callable[[float], float]:
    """Return the function that finds a cron expression's next time.

    Around changes of the clock it does what Debian's cron does: see cronsim's README.

    Args:
        expression: Five fields, or six with seconds first, or such as ``@daily``.
        timezone: The name of a time zone, such as ``Europe/Berlin``.

    Raises:
        ConfigurationError: If the expression or the time zone is none, or the time never comes.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"there is no time zone {timezone!r} here. Write one such as Europe/Berlin; where the system knows none, "
            "pip install tzdata"
        ) from error

    def next_after(seconds: float) -> float:
        return next(CronSim(expression, datetime.fromtimestamp(seconds, zone))).timestamp()

    try:
        next_after(0.0)
    except (CronSimError, StopIteration) as error:
        raise ConfigurationError(f"{expression!r} is no cron expression, or never comes: {error}") from error
    return next_after


def after_interval(seconds: float) -> Callable[[float], float]:
    """Return the function that finds the next multiple of an interval, counted from 1970.

    Raises:
        ConfigurationError: If the interval is less than a second.
    """
    if not seconds >= 1:
        raise ConfigurationError(f"every({seconds}): give seconds, 1 or more")
    return lambda at: (floor(at / seconds) + 1) * seconds
