"""Who is to blame, judged from evidence that is made up: no clock decides these."""

from __future__ import annotations

import asyncio
import dis
import json
import weakref
from typing import Any

import pytest

from loopline.watch.advice import advice_for
from loopline.watch.blame import Verdict, judge
from loopline.watch.clocks import Reading
from loopline.watch.episode import Episode, Pause, Sample
from loopline.watch.finding import Place
from loopline.watch.frames import Step
from loopline.watch.owner import NOBODY, Owner
from loopline.watch.request import Request

pytestmark = pytest.mark.anyio

THRESHOLD = 0.1
TASKS: list[asyncio.Task[Any]] = []


def step(file: str, line: int, function: str) -> Step:
    return Step(Place(file, line, function))


async def application(scope: Any, receive: Any, send: Any) -> None: ...


ENDPOINT = step("/shop/routes.py", 10, "endpoint")
MIDDLEWARE = step("/shop/middleware.py", 5, "Guard.__call__")
STARLETTE = Step(Place("/venv/site-packages/starlette/routing.py", 700, "Router.__call__"), application.__code__)
SLEEP = step("/shop/slow.py", 3, "slow")
REQUESTS = step("/venv/site-packages/requests/api.py", 60, "get")
IMPORT = step("<frozen importlib._bootstrap>", 1178, "_find_and_load")
STACK = (REQUESTS, SLEEP, ENDPOINT, STARLETTE, MIDDLEWARE)


def request(path: str, *, began: float = 0.0) -> Request:
    return Request([{"type": "http", "path": path}, began])


async def owner(name: str = "GET /items", *, began: float = 0.0) -> Owner:
    task = asyncio.create_task(asyncio.sleep(3600), name=name)
    TASKS.append(task)
    return Owner(weakref.ref(task), name, request(name, began=began))


@pytest.fixture(autouse=True)
async def no_tasks_left() -> Any:
    yield
    for task in TASKS:
        task.cancel()
    await asyncio.gather(*TASKS, return_exceptions=True)
    TASKS.clear()


def episode(samples: list[Sample], *, cpu: float = 0.0, waited: float = 0.0, turns: int = 1) -> Episode:
    """A stall from 0 on; the clocks at its end."""
    return Episode(1, 0.0, Reading(0.0, 0.0, 0), Reading(cpu, waited, turns), samples)


def sample(at: float, stack: tuple[Step, ...], who: Owner, **more: Any) -> Sample:
    given = {"reading": Reading(0.0, 0.0, 0), "callback": None, "pause": None, "busy": ()} | more
    return Sample(at, stack, who, **given)


def every_10_ms(stack: tuple[Step, ...], who: Owner, *, until: float = 0.3, **more: Any) -> list[Sample]:
    return [sample(number / 100, stack, who, **more) for number in range(2, round(until * 100))]


def judged(one: Episode, ended: float = 0.3, collecting: float = 0.0) -> list[Verdict]:
    return judge(one, ended, THRESHOLD, lambda began, ended: collecting)


async def test_a_thread_that_waits_is_blocked_by_the_innermost_own_line() -> None:
    (verdict,) = judged(episode(every_10_ms(STACK, await owner()), cpu=0.001))
    assert (verdict.kind, verdict.seconds, verdict.step) == ("blocking", 0.3, SLEEP)
    assert verdict.chain == (MIDDLEWARE, ENDPOINT, SLEEP)


async def test_a_loop_that_nothing_woke_in_time_lacked_a_processor_and_no_code_is_blamed() -> None:
    for samples in ([sample(0.3, (), NOBODY)], every_10_ms((), NOBODY)):
        (verdict,) = judged(episode(samples, cpu=0.001, waited=0.15))
        assert (verdict.kind, verdict.step) == ("no-cpu", None)


async def test_a_step_that_had_no_processor_is_not_blamed_beside_one_that_blocked() -> None:
    framework = (step("/venv/site-packages/fastapi/routing.py", 9, "app"), STARLETTE)
    starved, blocked = await owner("GET /starved"), await owner("GET /blocked")
    ran_again = Reading(0.01, 0.28, 3)
    samples = [
        *every_10_ms(framework, starved, until=0.3),
        *[sample(0.3 + number / 100, STACK, blocked, reading=ran_again) for number in range(30)],
    ]
    first, second = judged(episode(samples, cpu=0.01, waited=0.28), ended=0.6)
    assert (first.kind, first.owner) == ("no-cpu", NOBODY)
    assert (second.kind, second.owner, second.step) == ("blocking", blocked, SLEEP)


async def test_what_computed_unseen_is_told_of_without_advice_on_code_that_nobody_saw() -> None:
    (verdict,) = judged(episode([sample(0.3, (), NOBODY)], cpu=0.28))
    assert (verdict.kind, verdict.step) == ("cpu", None)
    assert "before the watch could see" in advice_for(verdict.kind, verdict.call, verdict.step, verdict.stack, None)


async def test_a_thread_that_computes_is_blamed_by_function_and_the_line_seen_most() -> None:
    who = await owner()
    lines = [20, 21, 21, 22, 21]
    samples = [
        sample(at / 100, (step("/shop/sum.py", line, "add"), ENDPOINT), who)
        for at, line in zip(range(2, 27, 5), lines, strict=True)
    ]
    (verdict,) = judged(episode(samples, cpu=0.28))
    assert verdict.step == step("/shop/sum.py", 21, "add")
    assert verdict.kind == "cpu"


async def test_what_calls_several_helpers_is_blamed_rather_than_one_of_them() -> None:
    who = await owner()
    loop = step("/shop/sum.py", 20, "add")
    samples = [
        sample(at / 100, (step("/shop/helpers.py", at, f"helper_{at % 3}"), loop, ENDPOINT), who) for at in range(2, 30)
    ]
    (verdict,) = judged(episode(samples, cpu=0.28))
    assert verdict.step == loop


async def test_a_pause_in_which_the_watch_asked_for_the_gil_is_a_c_call_s() -> None:
    samples = [sample(0.28, STACK, await owner(), pause=Pause(0.27, True, 0.0))]
    (verdict,) = judged(episode(samples, cpu=0.28))
    assert (verdict.kind, verdict.step, verdict.elsewhere) == ("gil", SLEEP, False)


async def test_a_request_that_came_when_the_stall_was_all_but_over_is_not_blamed() -> None:
    late = await owner(began=0.29)
    pause = Pause(0.28, True, 0.0)
    for samples in ([sample(0.29, STACK, late, pause=pause)], [sample(0.29, STACK, late)]):
        (verdict,) = judged(episode(samples, cpu=0.3))
        assert (verdict.owner, verdict.step, verdict.chain) == (NOBODY, None, ())


async def test_what_was_about_to_begin_when_a_c_call_had_ended_is_not_blamed_for_it() -> None:
    code = application.__code__
    instructions = list(dis.get_instructions(code))
    begun, called = next(one.offset for one in instructions if one.opname == "RESUME"), instructions[-1].offset
    for instruction, step in ((begun, None), (called, ENDPOINT)):
        stack = (Step(ENDPOINT.place, code, instruction),)
        (verdict,) = judged(episode([sample(0.29, stack, await owner(), pause=Pause(0.28, True, 0.0))], cpu=0.3))
        assert (verdict.kind, verdict.step and verdict.step.place) == ("gil", step and step.place)


async def test_a_c_call_in_another_thread_is_blamed_and_not_the_task_of_the_loop() -> None:
    elsewhere = (step("/shop/report.py", 7, "sort"),)
    samples = [sample(0.28, STACK, await owner(), pause=Pause(0.27, True, 0.0, elsewhere))]
    (verdict,) = judged(episode(samples, cpu=0.001))
    assert (verdict.kind, verdict.step, verdict.owner, verdict.elsewhere) == ("gil", elsewhere[0], NOBODY, True)


async def test_another_thread_that_computes_in_python_is_blamed_for_keeping_the_loop_waiting() -> None:
    elsewhere = (step("/shop/report.py", 7, "add"),)
    one = episode(every_10_ms(STACK, await owner(), busy=elsewhere), cpu=0.02, turns=60)
    (verdict,) = judged(one)
    assert (verdict.kind, verdict.step) == ("gil", elsewhere[0])


async def test_a_blocking_call_is_blamed_though_another_thread_computes() -> None:
    one = episode(every_10_ms(STACK, await owner(), busy=(step("/shop/report.py", 7, "add"),)), cpu=0.001, turns=1)
    (verdict,) = judged(one)
    assert (verdict.kind, verdict.step) == ("blocking", SLEEP)


async def test_a_process_that_was_stopped_is_not_told_of() -> None:
    samples = [sample(0.3, STACK, await owner(), pause=Pause(0.28, False, 0.0))]
    assert judged(episode(samples, cpu=0.001)) == []


async def test_a_process_in_a_debugger_is_not_told_of() -> None:
    debugger = (step("/usr/lib/python3.11/pdb.py", 1, "interaction"), *STACK)
    assert judged(episode(every_10_ms(debugger, await owner()))) == []


@pytest.mark.parametrize(("cpu", "waited"), [(0.05, 0.25), (0.04, 0.15)])
async def test_a_machine_without_a_processor_is_said_and_nobody_blamed(cpu: float, waited: float) -> None:
    (verdict,) = judged(episode(every_10_ms(STACK, await owner()), cpu=cpu, waited=waited))
    assert verdict == Verdict("no-cpu", 0.3)


async def test_a_garbage_collection_is_nobody_s_fault_unless_somebody_asked_for_it() -> None:
    (verdict,) = judged(episode(every_10_ms(STACK, await owner()), cpu=0.3), collecting=0.28)
    assert verdict == Verdict("gc", 0.3)


async def test_a_module_that_is_imported_is_blamed_on_who_imports_it() -> None:
    stack = (step("/shop/heavy.py", 1, "<module>"), IMPORT, SLEEP, ENDPOINT)
    (verdict,) = judged(episode(every_10_ms(stack, await owner()), cpu=0.3))
    assert (verdict.kind, verdict.step) == ("import", SLEEP)


async def test_what_the_framework_does_for_an_endpoint_is_not_blamed_on_a_middleware() -> None:
    stack = (step(json.encoder.__file__, 1, "encode"), STARLETTE, MIDDLEWARE)
    (verdict,) = judged(episode(every_10_ms(stack, await owner()), cpu=0.3))
    assert (verdict.kind, verdict.step) == ("cpu", None)
    assert verdict.owner.request is not None


async def test_an_innocent_that_ran_in_the_same_turn_is_not_blamed() -> None:
    guilty, innocent = await owner("GET /guilty"), await owner("GET /innocent")
    samples = [sample(0.02, (ENDPOINT,), innocent), *every_10_ms(STACK, guilty)[1:]]
    (verdict,) = judged(episode(samples, cpu=0.001))
    assert verdict.owner is guilty


async def test_many_short_tasks_of_one_request_are_blamed_on_it() -> None:
    asked = request("/")
    samples = []
    for at in range(2, 30):
        one = await owner(f"part {at}")
        samples.append(sample(at / 100, STACK, Owner(one.task, one.name, asked)))
    (verdict,) = judged(episode(samples, cpu=0.3))
    assert (verdict.kind, verdict.owner.request, verdict.step) == ("callbacks", asked, SLEEP)


async def test_many_requests_at_once_blame_none_of_them() -> None:
    samples = [sample(at / 100, STACK, await owner(f"GET /{at}")) for at in range(2, 30)]
    (verdict,) = judged(episode(samples, cpu=0.3))
    assert (verdict.kind, verdict.owner, verdict.step) == ("callbacks", NOBODY, None)


async def test_plain_callbacks_are_told_apart_by_their_calls() -> None:
    one_call = judged(episode(every_10_ms(STACK, NOBODY, callback=object()), cpu=0.3))
    many = judged(episode([sample(at / 100, STACK, NOBODY, callback=object()) for at in range(2, 30)], cpu=0.3))
    assert ([one.kind for one in one_call], [one.kind for one in many]) == (["cpu"], ["callbacks"])


@pytest.mark.parametrize("call", ["bcrypt.checkpw", "checkpw", "hashlib.scrypt"])
async def test_what_computes_without_the_gil_is_sent_to_a_thread(call: str) -> None:
    assert f"await threads.run({call}, …)" in advice_for("cpu", call, SLEEP, (SLEEP,), None)


async def test_so_is_a_package_of_which_that_is_known() -> None:
    argon2 = step("/venv/site-packages/argon2/_password_hasher.py", 9, "PasswordHasher.verify")
    assert "await threads.run(hasher.verify, …)" in advice_for("cpu", "hasher.verify", SLEEP, (argon2, SLEEP), None)


async def test_other_computing_is_sent_to_a_process() -> None:
    assert "with a ProcessLane" in advice_for("cpu", "statistics.median", SLEEP, (SLEEP,), None)
