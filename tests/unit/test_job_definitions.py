"""What can't work as a task or as a job is refused where it is written, with what to write instead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date, datetime
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, PlainSerializer, Secret, SecretBytes, SecretStr
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from loopline import ConfigurationError, Database, DuplicateTask, JobQueue, Retry, ThreadLane
from loopline.jobs import Snooze
from loopline.jobs.arguments import MOST_BYTES


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


class Opaque: ...


Written = Annotated[SecretStr, PlainSerializer(SecretStr.get_secret_value, return_type=str)]


class Card(BaseModel):
    holder: str
    pin: Written


class Safe(BaseModel):
    code: SecretStr
    day: Secret[date] | None = None


Day = Annotated[Secret[date], PlainSerializer(Secret[date].get_secret_value, return_type=date)]


@pytest.fixture
def jobs() -> JobQueue:
    return JobQueue(Database("sqlite+aiosqlite:///never.db"))


async def any_number(*numbers: int) -> None: ...


async def any_names(**names: int) -> None: ...


async def no_type(number) -> None: ...  # type: ignore[no-untyped-def]


async def opaque(thing: Opaque) -> None: ...


async def orm(order: Order) -> None: ...


def numbers() -> Iterator[int]:
    yield 1


async def async_numbers() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (any_number, r"\*numbers can't be stored by name"),
        (any_names, r"\*\*names can't be stored by name"),
        (no_type, "give the parameter number a type"),
        (opaque, "can't be stored as JSON. Pass an id"),
        (orm, "can't be stored as JSON. Pass an id"),
        (numbers, "Remove the yield"),
        (async_numbers, "Remove the yield"),
    ],
)
def test_a_function_that_can_t_be_stored_is_refused_when_it_is_decorated(
    jobs: JobQueue, fn: Callable[..., Any], says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        jobs.task(fn)


def test_a_local_type_that_nobody_can_find_is_refused(jobs: JobQueue) -> None:
    class Local: ...

    async def local(thing: Local) -> None: ...

    with pytest.raises(ConfigurationError, match="known at module level"):
        jobs.task(local)


def test_a_transactional_task_is_a_coroutine_function(jobs: JobQueue) -> None:
    def plain(session: AsyncSession) -> None: ...

    async def without_session() -> None: ...

    for fn in (plain, without_session):
        with pytest.raises(ConfigurationError, match="async def"):
            jobs.transactional(fn)  # type: ignore[arg-type]


def test_a_coroutine_function_has_no_lane(jobs: JobQueue) -> None:
    with pytest.raises(ConfigurationError, match="event loop"):
        jobs.task(lane=ThreadLane("any", size=1))(asyncio.sleep)


def test_two_tasks_can_t_have_one_name(jobs: JobQueue) -> None:
    @jobs.task(name="mail", aliases=["post"])
    async def first() -> None: ...

    async def second() -> None: ...

    for name in ("mail", "post"):
        with pytest.raises(DuplicateTask, match=name):
            jobs.task(name=name)(second)


async def order_lamp(order_id: int, *, colour: str = "red", when: Any = None) -> None: ...


@pytest.mark.parametrize(
    ("args", "kwargs", "says"),
    [
        ((), {}, "missing a required argument: 'order_id'"),
        ((1, 2), {}, "too many positional arguments"),
        ((1,), {"size": 3}, "unexpected keyword argument 'size'"),
        ((1,), {"order_id": 1}, "multiple values for argument 'order_id'"),
        (("seven",), {}, "order_id: Input should be a valid integer"),
        ((1,), {"when": Opaque()}, "can't be stored as JSON"),
        ((1,), {"when": Order()}, "when is a Order of a session"),
        ((1,), {"colour": "x" * (MOST_BYTES + 1)}, "1,000,000 is the most"),
    ],
)
def test_arguments_that_don_t_fit_are_refused_when_they_are_enqueued(
    jobs: JobQueue, args: tuple[Any, ...], kwargs: dict[str, Any], says: str
) -> None:
    task = jobs.task(order_lamp)
    with pytest.raises(ConfigurationError, match=says) as refused:
        task.job(*args, **kwargs)
    assert "xxx" not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_a_value_is_not_in_the_message_since_it_may_be_secret(jobs: JobQueue) -> None:
    with pytest.raises(ConfigurationError) as refused:
        jobs.task(order_lamp).job("s3cret")  # type: ignore[arg-type]
    assert "s3cret" not in str(refused.value)


def test_arguments_whose_type_says_that_they_are_secret_are_known_at_any_depth(jobs: JobQueue) -> None:
    @jobs.task
    async def pay(key: Written, cards: list[Card], maybe: Written | None, plain: str, day: Day) -> None: ...

    assert pay.secret == {"key", "pin", "maybe", "day"}


async def secret_text(key: SecretStr) -> None: ...


async def secret_bytes(key: SecretBytes) -> None: ...


async def secret_date(day: list[Secret[date]]) -> None: ...


async def perhaps_secret(key: SecretStr | None = None) -> None: ...


@pytest.mark.parametrize(
    ("task", "name"),
    [(secret_text, "key"), (secret_bytes, "key"), (secret_date, "day"), (perhaps_secret, "key")],
)
def test_a_secret_that_would_be_stored_as_asterisks_is_refused_with_what_to_do(
    jobs: JobQueue, task: Callable[..., Any], name: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} would be stored as asterisks.*Pass an id.*PlainSerializer"):
        jobs.task(task)


def test_a_secret_of_which_the_parameter_s_type_tells_nothing_is_refused_when_it_is_enqueued(jobs: JobQueue) -> None:
    @jobs.task
    async def anything(value: Any) -> None: ...

    safe = Safe(code=SecretStr("hunter2-correct"))
    for secret in (SecretStr("hunter2-correct"), [{"key": Secret(date(2026, 1, 1))}], safe, {"safes": (safe, safe)}):
        with pytest.raises(ConfigurationError, match="a secret would be stored as asterisks") as refused:
            anything.job(secret)
        assert "hunter2" not in str(refused.value)
    assert anything.job(Safe(code=SecretStr(""))).arguments == '{"value":{"code":""}}'
    assert anything.job("**********").arguments == '{"value":"**********"}', "which is what was given"


def test_a_secret_whose_type_says_how_it_is_written_comes_whole(jobs: JobQueue) -> None:
    @jobs.task
    async def pay(card: Card, key: Written) -> None: ...

    stored = pay.job(Card(holder="Ada", pin=SecretStr("9876")), SecretStr("hunter2")).arguments
    assert pay.load(stored)["key"].get_secret_value() == "hunter2"
    assert pay.load(stored)["card"].pin.get_secret_value() == "9876"


def test_stored_arguments_of_an_older_task_get_its_defaults_or_say_what_is_wrong(jobs: JobQueue) -> None:
    task = jobs.task(order_lamp)
    assert task.load('{"order_id": 7}') == {"order_id": 7, "colour": "red", "when": None}
    with pytest.raises(ConfigurationError, match=r"don't fit it any more\. size: Extra inputs"):
        task.load('{"order_id": 7, "size": 3}')


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"delay": 1, "at": datetime.max}, "not both"),
        ({"delay": -1}, "in the past"),
        ({"at": datetime(2026, 1, 1)}, "no time zone"),
        ({"queue": "nowhere"}, "no worker looks into the queue 'nowhere'"),
    ],
)
def test_options_that_can_t_work_are_refused(jobs: JobQueue, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        jobs.task(order_lamp).options(**options)


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"poll": 0}, {"grace": -1}, {"lease": 0}])
def test_a_queue_that_can_t_work_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        JobQueue(Database("sqlite+aiosqlite:///never.db"), **options)


@pytest.mark.parametrize("options", [{"attempts": 0}, {"first": -1}, {"factor": 0.5}, {"longest": -1}])
def test_a_retry_that_can_t_work_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        Retry(**options)


def test_waits_grow_up_to_the_longest_and_are_shortened_by_half_at_most() -> None:
    retry = Retry(first=2, factor=3, longest=100)
    for attempt, whole in ((1, 2), (2, 6), (3, 18), (4, 54), (5, 100), (10_000, 100)):
        waits = [retry.wait(attempt) for _ in range(200)]
        assert whole / 2 <= min(waits) < max(waits) <= whole
        assert max(waits) - min(waits) > whole / 10, "they differ"


def test_a_snooze_needs_time() -> None:
    with pytest.raises(ConfigurationError, match="more than 0"):
        Snooze(0)


def test_a_task_can_still_be_called(jobs: JobQueue) -> None:
    @jobs.task
    def double(number: int) -> int:
        return 2 * number

    assert double(21) == 42
