"""``pytest --loopline``: a test fails whose code blocks its event loop, or drops a coroutine that nobody awaited.

It watches every loop that a test runs, in whichever thread: those of anyio's and of pytest-asyncio's plugins, of
``asyncio.run``, and of Starlette's TestClient.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import pytest

from loopline.errors import BlockedLoop, ConfigurationError, ForgottenAwait

if TYPE_CHECKING:
    from loopline.watch.finding import Finding
    from loopline.watch.report import Group

__all__ = ["pytest_addoption", "pytest_configure"]

THRESHOLD = 0.2  # seconds
LEAST = 0.05  # seconds, that a test of its own may set as its limit
NOBODYS = ("no-cpu", "gc")  # no code is to blame for these


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("loopline")
    group.addoption("--loopline", action="store_true", help="fail tests that block their event loop or forget an await")
    group.addoption(
        "--loopline-threshold",
        type=float,
        metavar="SECONDS",
        help=f"how long a loop may stand still (default: {THRESHOLD:g}, or loopline_threshold in the configuration)",
    )
    parser.addini("loopline", "as --loopline", type="bool", default=False)
    parser.addini("loopline_threshold", "as --loopline-threshold", default=str(THRESHOLD))


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch, if that is wanted."""
    config.addinivalue_line(
        "markers",
        "loopline(threshold=SECONDS, off=False): how long this test's loop may stand still; off: it isn't watched.",
    )
    if config.getoption("--loopline") or config.getini("loopline"):
        config.pluginmanager.register(_Plugin(config), "loopline watch")


class _Plugin:
    """Watches the loops of a test session."""

    def __init__(self, config: pytest.Config) -> None:
        from loopline.watch.watcher import Watcher

        given = config.getoption("--loopline-threshold")
        try:
            self._threshold = float(config.getini("loopline_threshold") if given is None else given)
        except ValueError as error:
            raise pytest.UsageError(f"loopline_threshold: {error}") from error
        self._found: list[Finding] = []
        try:
            self._watcher = Watcher(
                threshold=min(self._threshold, LEAST),
                tell=self._note,
            )
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from error
        self._undo: list[Callable[[], None]] = []
        self._off = False

    @pytest.hookimpl
    def pytest_sessionstart(self) -> None:
        for kind in _loop_classes():
            self._undo.append(partial(setattr, kind, "run_forever", kind.run_forever))
            kind.run_forever = self._watched(kind.run_forever)

    @pytest.hookimpl
    def pytest_sessionfinish(self) -> None:
        for undo in self._undo:
            undo()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        marker = item.get_closest_marker("loopline")
        self._off = marker is not None and bool(marker.kwargs.get("off"))
        self._take()
        result = yield
        self._check(item)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        result = yield
        self._check(item)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        result = yield
        self._check(item)
        return result

    def _note(self, finding: Finding, _: Group | None) -> None:
        if not finding.ongoing:
            self._found.append(finding)

    def _take(self) -> list[Finding]:
        self._watcher.settle()
        found, self._found = self._found, []
        return found

    def _check(self, item: pytest.Item) -> None:
        from loopline.watch.output import sentence

        found, marker = self._take(), item.get_closest_marker("loopline")
        if self._off:
            return
        limit = self._threshold if marker is None else float(marker.kwargs.get("threshold", self._threshold))
        awaits = [sentence(one) for one in found if one.kind == "forgotten-await"]
        stalls = [
            sentence(one)
            for one in found
            if one.kind not in ("forgotten-await", *NOBODYS) and one.place is not None and one.seconds > limit
        ]
        if stalls:
            raise BlockedLoop("\n".join(stalls + awaits))
        if awaits:
            raise ForgottenAwait("\n".join(awaits))

    def _watched(self, run_forever: Callable[..., None]) -> Callable[..., None]:
        @wraps(run_forever)
        def run(loop: asyncio.AbstractEventLoop) -> None:
            if self._off:
                run_forever(loop)
                return
            handle = loop.call_soon(self._watcher.add_loop)
            try:
                run_forever(loop)
            finally:
                handle.cancel()
                self._watcher.remove_loop(loop)

        return run


def _loop_classes() -> list[Any]:
    kinds: list[Any] = [asyncio.BaseEventLoop]
    try:
        import uvloop
    except ImportError:
        return kinds
    return [*kinds, uvloop.Loop]
