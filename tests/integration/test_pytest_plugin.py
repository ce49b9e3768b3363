"""``pytest --loopline``, in a pytest of its own."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

TESTS = """
    import asyncio, time
    import pytest
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route
    from starlette.testclient import TestClient

    async def fetch():
        return 1

    async def block():
        await asyncio.sleep(0)
        time.sleep(0.6)

    async def page(request):
        time.sleep(0.6)
        return PlainTextResponse("seen")

    @pytest.mark.anyio
    async def test_blocks():
        await block()

    def test_blocks_in_asyncio_run():
        asyncio.run(block())

    def test_blocks_in_the_test_client():
        with TestClient(Starlette(routes=[Route("/", page)])) as client:
            assert client.get("/").text == "seen"

    @pytest.mark.anyio
    async def test_forgets():
        fetch()

    @pytest.mark.anyio
    async def test_is_innocent():
        await asyncio.sleep(0.3)
        assert await fetch() == 1

    def test_sleeps_without_a_loop():
        time.sleep(0.3)

    @pytest.mark.anyio
    @pytest.mark.loopline(threshold=20)
    async def test_is_allowed_to():
        await block()

    @pytest.mark.anyio
    @pytest.mark.loopline(off=True)
    async def test_is_not_watched():
        fetch()
        await block()

    @pytest.fixture
    async def slow():
        await block()

    @pytest.mark.anyio
    async def test_has_a_fixture_that_blocks(slow):
        pass

    @pytest.fixture
    def anyio_backend():
        return "asyncio"
"""


def test_what_blocks_or_forgets_fails_and_the_rest_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_them=TESTS)
    result = pytester.runpytest_subprocess("--loopline", "-W", "ignore:coroutine", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=4, failed=4, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*BlockedLoop: the event loop was blocked for * at test_them.py:13 block: a call that waits (time.sleep)*",
            "*ForgottenAwait: forgotten await: fetch(…) at test_them.py:* test_forgets*",
        ],
        consecutive=False,
    )
    failed = {line.split("::")[1].split(" ")[0] for line in result.outlines if line.startswith("FAILED")}
    assert failed == {"test_blocks", "test_blocks_in_asyncio_run", "test_blocks_in_the_test_client", "test_forgets"}


def test_without_the_option_nothing_changes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_them=TESTS)
    result = pytester.runpytest_subprocess("-W", "ignore:coroutine", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=9)


def test_a_threshold_that_can_not_be_is_a_usage_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_nothing(): pass")
    result = pytester.runpytest_subprocess("--loopline", "--loopline-threshold", "0")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*threshold=0.0: give seconds*"])
