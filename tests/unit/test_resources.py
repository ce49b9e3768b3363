"""lifespan(): what starts in order closes in reverse, whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any

import anyio
import pytest
from fastapi import APIRouter, FastAPI, Request

from loopline import ConfigurationError, ResourceError, lifespan
from loopline.testing import client

pytestmark = pytest.mark.anyio

Make = Callable[..., Callable[[], AbstractAsyncContextManager[str]]]


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def resource(log: list[str]) -> Make:
    """Make a resource that logs its start and its close, and fails or hangs where told."""

    def make(
        name: str,
        *,
        start: BaseException | None = None,
        close: BaseException | None = None,
        hang: str = "",
        deaf: asyncio.Event | None = None,
    ) -> Callable[[], AbstractAsyncContextManager[str]]:
        @asynccontextmanager
        async def open_it() -> AsyncIterator[str]:
            log.append(f"+{name}")
            if hang == "start":
                await anyio.sleep_forever()
            if start:
                raise start
            try:
                yield name.upper()
            finally:
                log.append(f"-{name}")
                while deaf is not None and not deaf.is_set():
                    try:
                        await deaf.wait()
                    except asyncio.CancelledError:
                        log.append(f"{name} heard")
                if hang == "close":
                    await anyio.sleep_forever()
                if close:
                    raise close

        return open_it

    return make


async def test_resources_start_in_order_and_close_in_reverse(resource: Make, log: list[str]) -> None:
    app = FastAPI(lifespan=lifespan(resource("a"), resource("b"), c=resource("c")))
    async with client(app):
        assert log == ["+a", "+b", "+c"]
    assert log == ["+a", "+b", "+c", "-c", "-b", "-a"]


async def test_a_named_resource_is_on_the_app_and_on_the_request(resource: Make) -> None:
    app = FastAPI(lifespan=lifespan(cache=resource("cache")))

    @app.get("/")
    async def read(request: Request) -> list[str]:
        return [request.app.state.cache, request.state.cache]

    async with client(app) as http:
        assert (await http.get("/")).json() == ["CACHE", "CACHE"]
    assert not hasattr(app.state, "cache"), "a closed resource is not left lying about"


async def test_an_application_starts_again_after_it_stopped(resource: Make, log: list[str]) -> None:
    app = FastAPI(lifespan=lifespan(cache=resource("cache")))
    for _ in range(2):
        async with client(app):
            assert app.state.cache == "CACHE"
    assert log == ["+cache", "-cache"] * 2


async def test_a_failing_start_names_the_resource_and_closes_what_had_started(resource: Make, log: list[str]) -> None:
    app = FastAPI(lifespan=lifespan(resource("a"), broken=resource("b", start=ValueError("no route")), c=resource("c")))
    with pytest.raises(ResourceError, match="'broken' failed to start: ValueError: no route") as caught:
        async with client(app):
            pytest.fail("the application must not start")
    assert isinstance(caught.value.__cause__, ValueError)
    assert log == ["+a", "+b", "-a"]


async def test_a_start_that_hangs_is_cut_at_its_deadline(resource: Make, log: list[str]) -> None:
    app = FastAPI(lifespan=lifespan(resource("a"), slow=resource("b", hang="start"), start_timeout=0.05))
    with pytest.raises(ResourceError, match=r"'slow' did not start within 0\.05 s"):
        async with client(app):
            pytest.fail("the application must not start")
    assert log == ["+a", "+b", "-a"]


async def test_a_close_that_hangs_is_cut_and_logged_and_the_rest_still_close(
    resource: Make, log: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    app = FastAPI(lifespan=lifespan(resource("a"), slow=resource("b", hang="close"), close_timeout=0.05))
    async with client(app):
        pass
    assert log == ["+a", "+b", "-b", "-a"]
    assert "'slow' did not close within 0.05 s: it was cut" in caplog.text


async def test_a_close_that_ignores_cancellation_is_left_behind_and_the_rest_still_close(
    resource: Make, log: list[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loopline.resources.CUT_GRACE", 0.05)
    free = asyncio.Event()
    app = FastAPI(lifespan=lifespan(resource("a"), deaf=resource("b", deaf=free), close_timeout=0.05))
    async with client(app):
        pass
    assert log == ["+a", "+b", "-b", "b heard", "-a"]
    assert "'deaf' does not heed cancellation" in caplog.text
    free.set()
    await _ended("resource deaf")


async def test_a_failing_close_is_raised_after_the_rest_have_closed(resource: Make, log: list[str]) -> None:
    app = FastAPI(lifespan=lifespan(resource("a"), b=resource("b", close=OSError("disk"))))
    with pytest.raises(ResourceError, match="'b' failed to close: OSError: disk"):
        async with client(app):
            pass
    assert log == ["+a", "+b", "-b", "-a"]


async def test_several_failing_closes_are_all_named(resource: Make) -> None:
    app = FastAPI(lifespan=lifespan(a=resource("a", close=OSError("one")), b=resource("b", close=OSError("two"))))
    with pytest.raises(ResourceError, match=r"'b' failed to close: OSError: two; .*'a' failed to close: OSError: one"):
        async with client(app):
            pass


async def test_a_cancelled_start_closes_what_had_started(resource: Make, log: list[str]) -> None:
    app = FastAPI(lifespan=lifespan(resource("a"), resource("b", hang="start")))
    context = app.router.lifespan_context(app)
    task = asyncio.ensure_future(context.__aenter__())
    while "+b" not in log:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["+a", "+b", "-a"]


async def test_a_resource_whose_start_is_done_as_the_cancellation_comes_closes_in_good_order(log: list[str]) -> None:
    task: asyncio.Future[Any]

    @asynccontextmanager
    async def opened() -> AsyncIterator[None]:
        try:
            task.cancel()  # it is heard by whoever waits for this start, and that is when the start is done
            yield
            log.append("closed in good order")
        except asyncio.CancelledError:
            log.append("cut")
            raise

    task = asyncio.ensure_future(lifespan(opened)(FastAPI()).__aenter__())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["closed in good order"]


async def test_an_error_of_the_running_application_closes_everything_and_goes_on(
    resource: Make, log: list[str]
) -> None:
    run = lifespan(resource("a"), resource("b"))
    with pytest.raises(ZeroDivisionError):
        async with run(FastAPI()):
            raise ZeroDivisionError
    assert log == ["+a", "+b", "-b", "-a"]


async def test_a_resource_that_holds_a_task_group_is_entered_and_left_by_one_task() -> None:
    beats = asyncio.Event()

    @asynccontextmanager
    async def heart() -> AsyncIterator[None]:
        async def beat() -> None:
            beats.set()
            await anyio.sleep_forever()

        async with anyio.create_task_group() as group:
            group.start_soon(beat)
            yield
            group.cancel_scope.cancel()

    async with client(FastAPI(lifespan=lifespan(heart))):
        await beats.wait()


async def test_a_resource_that_ends_by_itself_is_logged_at_once(caplog: pytest.LogCaptureFixture) -> None:
    die = asyncio.Event()

    @asynccontextmanager
    async def mortal() -> AsyncIterator[None]:
        async def work() -> None:
            await die.wait()
            raise ConnectionError("gone")

        async with anyio.create_task_group() as group:
            group.start_soon(work)
            yield

    with pytest.raises(ResourceError, match="mortal"):
        async with client(FastAPI(lifespan=lifespan(mortal))):
            die.set()
            await _ended("resource")
            await asyncio.sleep(0)
            assert "ended while the application was running" in caplog.text


async def test_an_existing_lifespan_is_wrapped_and_its_state_kept(resource: Make, log: list[str]) -> None:
    @asynccontextmanager
    async def existing(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        log.append(f"existing of {app.title}")
        yield {"mine": 1}

    app = FastAPI(title="shop", lifespan=lifespan(resource("a"), existing, cache=resource("cache")))

    @app.get("/")
    async def read(request: Request) -> list[Any]:
        return [request.state.mine, request.state.cache]

    async with client(app) as http:
        assert (await http.get("/")).json() == [1, "CACHE"]
    assert log == ["+a", "existing of shop", "+cache", "-cache", "-a"]


async def test_a_function_with_only_optional_parameters_is_called_without_the_application(log: list[str]) -> None:
    @asynccontextmanager
    async def open_cache(url: str = "memory") -> AsyncIterator[str]:
        yield url

    app = FastAPI(lifespan=lifespan(cache=open_cache))
    async with client(app):
        assert app.state.cache == "memory"


async def test_a_router_that_is_included_brings_its_lifespan(resource: Make, log: list[str]) -> None:
    router = APIRouter(lifespan=lifespan(inner=resource("inner")))

    @router.get("/")
    async def read(request: Request) -> list[str]:
        return [request.state.inner, request.app.state.inner, request.state.outer]

    app = FastAPI(lifespan=lifespan(outer=resource("outer")))
    app.include_router(router)
    async with client(app) as http:
        assert (await http.get("/")).json() == ["INNER", "INNER", "OUTER"]
    assert log == ["+outer", "+inner", "-inner", "-outer"]


@pytest.mark.parametrize("through_router", [False, True])
async def test_a_mounted_application_whose_lifespan_would_never_run_is_warned_about(
    resource: Make, log: list[str], through_router: bool
) -> None:
    mounted = FastAPI(lifespan=lifespan(resource("mounted")))
    app = FastAPI(lifespan=lifespan(resource("a")))
    if through_router:
        router = APIRouter()
        router.mount("/admin", mounted)
        app.include_router(router)
    else:
        app.mount("/admin", mounted)
    with pytest.warns(RuntimeWarning, match="mounted at '/admin' never runs"):
        async with client(app):
            pass
    assert log == ["+a", "-a"]


async def test_a_mounted_application_given_to_lifespan_is_started(resource: Make, log: list[str]) -> None:
    mounted = FastAPI(lifespan=lifespan(inner=resource("inner")))

    @mounted.get("/")
    async def read(request: Request) -> list[str]:
        return [request.state.inner, request.app.state.inner]

    app = FastAPI(lifespan=lifespan(resource("a"), mounted))
    app.mount("/admin", mounted)
    async with client(app) as http:
        assert (await http.get("/admin/")).json() == ["INNER", "INNER"]
    assert log == ["+a", "+inner", "-inner", "-a"]


async def test_a_mounted_application_without_a_lifespan_is_not_warned_about(resource: Make) -> None:
    app = FastAPI(lifespan=lifespan(resource("a")))
    app.mount("/plain", FastAPI())
    async with client(app):
        pass


async def test_a_manager_that_can_be_entered_only_once_says_so_at_the_second_start(resource: Make) -> None:
    app = FastAPI(lifespan=lifespan(cache=resource("cache")()))
    async with client(app):
        pass
    with pytest.raises(ResourceError, match=r"'cache'.*give lifespan.* the function itself"):
        async with client(app):
            pass


async def test_a_name_that_is_taken_is_refused(resource: Make, log: list[str]) -> None:
    app = FastAPI(lifespan=lifespan(resource("a"), cache=resource("cache")))
    app.state.cache = "mine"
    with pytest.raises(ConfigurationError, match=r"app\.state\.cache is taken"):
        async with client(app):
            pass
    assert log == ["+a", "-a"]
    assert app.state.cache == "mine"


async def test_a_name_that_an_existing_lifespan_yields_too_is_refused_and_what_is_there_stays(resource: Make) -> None:
    @asynccontextmanager
    async def existing(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        yield {"cache": 1}

    app = FastAPI(lifespan=lifespan(existing, cache=resource("cache")))
    app.state.cache = "mine"
    with pytest.raises(ConfigurationError, match=r"app\.state\.cache is taken"):
        async with client(app):
            pass
    assert app.state.cache == "mine"
    del app.state.cache
    with pytest.raises(ConfigurationError, match=r"app\.state\.cache is taken"):
        async with client(app):
            pass


async def test_an_application_may_take_a_resource_off_its_state(resource: Make, log: list[str]) -> None:
    app = FastAPI(lifespan=lifespan(cache=resource("cache")))
    async with client(app):
        del app.state.cache
    assert log == ["+cache", "-cache"]


async def _generator() -> AsyncIterator[None]:
    yield


async def _coroutine() -> None: ...


@contextmanager
def _synchronous() -> Any:
    yield


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        (_generator, "@asynccontextmanager"),
        (_coroutine, "make it an @asynccontextmanager"),
        (_synchronous(), "synchronous context manager"),
        (42, "no resource"),
    ],
)
def test_what_is_no_resource_is_refused_at_definition(wrong: Any, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice):
        lifespan(thing=wrong)


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_deadline_must_be_positive(seconds: float) -> None:
    with pytest.raises(ConfigurationError, match="close_timeout"):
        lifespan(close_timeout=seconds)
    with pytest.raises(ConfigurationError, match="start_timeout"):
        lifespan(start_timeout=seconds)


async def test_a_function_that_makes_no_manager_is_named() -> None:
    def nothing() -> Any:
        return 42

    with pytest.raises(ResourceError, match=r"'cache'.*int, which is no async context manager"):
        async with client(FastAPI(lifespan=lifespan(cache=nothing))):
            pass


async def _ended(prefix: str) -> None:
    with anyio.fail_after(10):
        while any(task.get_name().startswith(prefix) for task in asyncio.all_tasks()):
            await asyncio.sleep(0.001)
