"""The watch on a real event loop: what blocks it is named with its line and its request, and nobody else."""

from __future__ import annotations

import ast
import asyncio
import functools
import gc
import json
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvloop
from fastapi import APIRouter, Depends, FastAPI
from starlette.types import Message, Receive, Scope, Send
from waiting import until, wait_until

from loopline import ConfigurationError, Watch
from loopline.watch import Finding, Kind

pytestmark = pytest.mark.loopline(off=True)

LONG = 0.5  # seconds that the guilty block: whatever else this machine does, it is seen

router = APIRouter(prefix="/shops/{shop}")


def block() -> None:
    time.sleep(LONG)  # guilty: block


@router.get("/items/{item}")
async def item(shop: str, item: int) -> str:
    deep()
    return "seen"


def deep() -> None:
    block()


def compute() -> float:
    total, end = 0.0, time.thread_time() + LONG
    while time.thread_time() < end:
        total += 1.0  # guilty: compute
    return total


@router.get("/compute")
async def compute_here(shop: str) -> float:
    return compute()


@router.get("/regex")
async def regex(shop: str) -> bool:
    return bool(re.match(r"(a+)+$", "a" * 25 + "b"))  # guilty: regex


@router.get("/bignum")
async def bignum(shop: str) -> int:
    return (ONES * ONES).bit_length()  # guilty: bignum


async def child() -> None:
    await asyncio.sleep(0)
    time.sleep(LONG)  # guilty: child


@router.get("/gather")
async def gather(shop: str) -> str:
    await asyncio.gather(child(), asyncio.sleep(0))
    return "seen"


@router.get("/group")
async def group(shop: str) -> str:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(child())
    return "seen"


@router.get("/collect")
async def collect(shop: str) -> str:
    gc.collect()  # guilty: collect
    return f"{len(PLENTY)}"


@router.get("/import")
async def import_late(shop: str) -> str:
    sys.modules.pop("slow_to_import", None)
    import slow_to_import  # guilty: import

    assert slow_to_import.DONE
    return "seen"


def tiny() -> None:
    end = time.thread_time() + 0.002
    while time.thread_time() < end:
        pass  # guilty: tiny


async def tiny_task() -> None:
    tiny()


@router.get("/many")
async def many(shop: str) -> str:
    await asyncio.wait([asyncio.create_task(tiny_task()) for _ in range(300)])
    return "seen"


@router.get("/flood")
async def flood(shop: str) -> str:
    for _ in range(300):
        asyncio.get_running_loop().call_soon(tiny)
    await asyncio.sleep(0)
    return "seen"


@router.get("/timer")
async def timer(shop: str) -> str:
    asyncio.get_running_loop().call_later(0.01, block)
    await asyncio.sleep(0.02)
    return "seen"


@router.get("/large")
async def large(shop: str) -> Any:
    return [{"number": number, "words": [str(number)] * 5} for number in range(100)] * 20_000


async def slow_dependency() -> int:
    block()
    return 1


@router.get("/dependency")
async def of_dependency(shop: str, given: int = Depends(slow_dependency)) -> int:
    return given


@router.get("/thread")
def holds_the_gil(shop: str) -> bool:
    return bool(re.match(r"(a+)+$", "a" * 25 + "b"))  # guilty: thread


@router.get("/innocent")
async def innocent(shop: str) -> str:
    await asyncio.sleep(0.01)
    return "seen"


PLENTY: list[list[int]] = []
ONES = (1 << 6_000_000) - 1


class Watched:
    """An application that is watched, on a loop of a kind, and asked by innocent clients all the time."""

    def __init__(self, new_loop: Callable[[], asyncio.AbstractEventLoop], report: Path) -> None:
        app = FastAPI()
        app.include_router(router, prefix="/api")
        self.watch = Watch(app, report=report)
        self.report = report
        self._new_loop = new_loop

    def ask(self, path: str, kind: Kind) -> Finding:
        """Ask for a path among innocent requests; the first thing of this kind that the watch found."""
        try:
            with asyncio.Runner(loop_factory=self._new_loop) as runner:
                runner.run(self._ask(path, kind))
        except TimeoutError:
            pytest.fail(f"no {kind} was found, but {self.found}")
        innocents = [one for one in self.found if one.route is not None and one.route.endswith("/innocent")]
        assert innocents == []
        return next(one for one in self.found if one.kind == kind and one.route is not None)

    @property
    def found(self) -> list[Finding]:
        return [group.example for group in self.watch.report.groups]

    async def _ask(self, path: str, kind: Kind) -> None:
        transport = httpx2.ASGITransport(self.watch, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as http:
            await http.get("/api/shops/one/innocent")
            asking = [asyncio.create_task(self._keep_asking(http)) for _ in range(5)]
            async with asyncio.timeout(60):  # on a machine that has much to do beside, the first may be laid to that
                while not any(one.kind == kind and one.route is not None for one in self.found):
                    await http.get(path)
                    await asyncio.sleep(0.2)
            for task in asking:
                task.cancel()
            await asyncio.wait(asking)

    async def _keep_asking(self, http: httpx2.AsyncClient) -> None:
        while True:
            await http.get("/api/shops/two/innocent")


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Watched:
    return Watched(request.param, tmp_path / "stalls.json")


@pytest.fixture
def much_garbage() -> Iterator[None]:
    gc.disable()
    PLENTY.extend([i] for i in range(3_000_000))
    gc.enable()
    yield
    PLENTY.clear()


def line_of(mark: str) -> int:
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.endswith(f"# guilty: {mark}"))


@pytest.mark.parametrize(
    ("path", "kind", "mark"),
    [
        ("items/{item}", "blocking", "block"),
        ("dependency", "blocking", "block"),
        ("gather", "blocking", "child"),
        ("group", "blocking", "child"),
        ("timer", "blocking", "block"),
        ("compute", "cpu", "compute"),
        ("regex", "gil", "regex"),
        ("bignum", "gil", "bignum"),
        ("thread", "gil", "thread"),
        ("import", "import", "import"),
        ("many", "callbacks", "tiny"),
        ("flood", "callbacks", "tiny"),
    ],
)
def test_the_guilty_line_and_request_are_named(watched: Watched, path: str, kind: Kind, mark: str) -> None:
    guilty = watched.ask(f"/api/shops/one/{path.format(item=7)}", kind)
    assert guilty.place is not None
    assert (guilty.route, guilty.place.file) == (f"GET /api/shops/{{shop}}/{path}", __file__)
    assert abs(guilty.place.line - line_of(mark)) <= (kind in ("cpu", "callbacks"))  # a line of the loop there
    assert guilty.seconds > 0.1


def test_a_collection_is_told_from_what_was_running(watched: Watched, much_garbage: None) -> None:
    guilty = watched.ask("/api/shops/one/collect", "gc")
    assert guilty.place is not None
    assert (guilty.call, guilty.place.line) == ("gc.collect", line_of("collect"))


def test_the_answer_that_is_too_long_to_encode_is_blamed_on_its_endpoint(watched: Watched) -> None:
    guilty = watched.ask("/api/shops/one/large", "gil")
    assert guilty.place is not None
    assert (guilty.route, guilty.place.function) == ("GET /api/shops/{shop}/large", "large")
    assert "response" in guilty.advice


def test_the_chain_leads_from_the_endpoint_to_the_line(watched: Watched) -> None:
    guilty = watched.ask("/api/shops/one/items/7", "blocking")
    assert [step.function for step in guilty.chain][-3:] == ["item", "deep", "block"]
    assert guilty.endpoint == f"{__name__}.item"
    assert guilty.call == "time.sleep"
    assert "await asyncio.sleep(…)" in guilty.advice


def test_the_report_has_a_line_for_each_finding_and_nothing_that_a_client_sent(watched: Watched) -> None:
    watched.ask("/api/shops/s3cret/items/7?word=s3cret", "blocking")
    wait_until(lambda: '"blocking"' in watched.report.read_text())
    text = watched.report.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [one["route"] for one in lines if one["kind"] == "blocking"] == ["GET /api/shops/{shop}/items/{item}"]
    assert "s3cret" not in text


@pytest.mark.anyio
async def test_a_loop_that_stands_still_for_long_is_told_of_before_it_goes_on(tmp_path: Path) -> None:
    report, go_on = tmp_path / "stalls.json", threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.05)
        assert go_on.wait(60)

    def let_it_go_on_once_told() -> None:
        wait_until(lambda: '"ongoing": true' in report.read_text())
        go_on.set()

    watch, releasing = Watch(app, report=report), threading.Thread(target=let_it_go_on_once_told)
    releasing.start()
    await watch({"type": "http", "method": "GET", "path": "/"}, no_message, no_message)
    await until(lambda: len(report.read_text().splitlines()) == 2)
    releasing.join()
    told = [json.loads(line) for line in report.read_text().splitlines()]
    assert [(one["ongoing"], one["kind"], one["call"]) for one in told] == [
        (True, "blocking", "go_on.wait"),
        (False, "blocking", "go_on.wait"),
    ]
    assert [group.count for group in watch.report.groups] == [1]


@pytest.mark.parametrize("make_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_what_blocks_before_the_first_beat_is_not_blamed_on_what_runs_the_loop(
    make_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asyncio.get_running_loop().call_soon(encode)
        await send({"type": "lifespan.startup.complete"})
        await receive()

    async def live() -> None:
        left = asyncio.Event()

        async def receive() -> Message:
            await left.wait()
            return {"type": "lifespan.shutdown"}

        async def send(message: Message) -> None:
            asyncio.get_running_loop().call_later(0.05, left.set)

        await watch({"type": "lifespan"}, receive, send)

    encode = functools.partial(json.dumps, [0] * 1_000_000, indent=1)  # in Python, not in C
    watch = Watch(app)
    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(live())
    told = [group.example for group in watch.report.groups if group.example.kind != "no-cpu"]
    assert [one.place for one in told] == [None]


@pytest.mark.anyio
async def test_what_the_blocking_code_held_lives_no_longer_than_without_the_watch() -> None:
    class Held:
        pass

    def hold() -> weakref.ref[Held]:
        held = Held()
        time.sleep(LONG)
        return weakref.ref(held)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.05)
        gc.disable()
        try:
            held = hold()
            await until(lambda: held() is None, limit=5)
        finally:
            gc.enable()

    watch = Watch(app)
    await watch({"type": "http", "method": "GET", "path": "/"}, no_message, no_message)
    await until(lambda: watch.report.groups)


async def no_message(*_: Any) -> Any:
    raise AssertionError("nobody sends or receives here")


def test_a_report_that_can_not_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be written"):
        Watch(FastAPI(), report=tmp_path / "missing" / "stalls.json")


@pytest.mark.parametrize("threshold", [0, -1, 0.001, float("nan")])
def test_a_threshold_that_can_not_be_is_refused(threshold: float) -> None:
    with pytest.raises(ConfigurationError, match="threshold"):
        Watch(FastAPI(), threshold=threshold)


def test_several_loops_in_a_process_are_watched_each() -> None:
    app = FastAPI()

    @app.get("/one")
    async def one() -> None:
        block()

    @app.get("/two")
    async def two() -> None:
        block()

    watch = Watch(app)

    async def ask(path: str) -> None:
        transport = httpx2.ASGITransport(watch)
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as http:
            while not (named("/one") and named("/two")):  # both go on, so that their stalls overlap
                await http.get(path)
                await asyncio.sleep(0.2)

    def named(path: str) -> bool:
        return any(group.example.route == f"GET {path}" for group in watch.report.groups)

    def run(new_loop: Callable[[], asyncio.AbstractEventLoop], path: str) -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(ask(path))

    threads = [
        threading.Thread(target=run, args=(asyncio.new_event_loop, "/one")),
        threading.Thread(target=run, args=(uvloop.new_event_loop, "/two")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert named("/one")
    assert named("/two")


@pytest.mark.anyio
async def test_a_loop_that_is_well_is_left_alone_and_its_lag_counted() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.01)

    watch = Watch(app, threshold=5.0)
    await watch({"type": "http", "method": "GET", "path": "/"}, no_message, no_message)
    await until(lambda: sum(watch.lag.counts) > 10)
    assert watch.report.groups == []
    assert 0 <= watch.lag.quantile(0.5) <= watch.lag.worst


def test_a_watch_ends_its_thread_with_the_application(watched: Watched) -> None:
    watched.ask("/api/shops/one/items/7", "blocking")
    wait_until(lambda: not any(thread.name == "loopline-watch" for thread in threading.enumerate()))


def test_a_process_that_was_stopped_is_not_blamed(tmp_path: Path) -> None:
    code = """
        import asyncio, sys
        from loopline import Watch

        async def app(scope, receive, send):
            await asyncio.sleep(0.2)
            print("running", flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
            await asyncio.sleep(0.2)

        watch = Watch(app)
        asyncio.run(watch({"type": "http"}, None, None))
        print([group.example.kind for group in watch.report.groups])
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGSTOP)
    time.sleep(0.5)
    process.send_signal(signal.SIGCONT)
    out, _ = process.communicate("go on\n", timeout=60)
    assert set(ast.literal_eval(out)) <= {"no-cpu"}  # as it may be on a machine that has much to do
