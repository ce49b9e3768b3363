"""What the watch found is told of beside the event loop: to tell is to write to a file."""

from __future__ import annotations

import asyncio
import threading

import pytest

from loopline.watch.finding import Finding
from loopline.watch.report import Group
from loopline.watch.watcher import Watcher

pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .forgotten. was never awaited:RuntimeWarning"),
    pytest.mark.loopline(off=True),  # it is about a watch of its own
]


async def forgotten() -> None:
    """Nobody awaits it."""


def test_a_forgotten_await_on_the_loop_is_told_of_in_the_watchs_thread() -> None:
    told: list[tuple[str, threading.Thread]] = []

    def tell(finding: Finding, _: Group | None) -> None:
        told.append((finding.kind, threading.current_thread()))

    watcher = Watcher(threshold=0.1, tell=tell)

    async def serve() -> None:
        watcher.add_loop()
        forgotten()  # type: ignore[unused-coroutine]  # loopline: ignore[LL201]
        assert [group.example.kind for group in watcher.report.groups] == ["forgotten-await"]
        for _ in range(200):
            await asyncio.sleep(0.01)
            if told:
                break
        watcher.remove_loop(asyncio.get_running_loop())

    asyncio.run(serve())
    watcher.settle()
    assert [(kind, thread.name) for kind, thread in told] == [("forgotten-await", "loopline-watch")]


def test_what_was_not_told_of_when_the_last_loop_ends_is_told_of_by_settle() -> None:
    told: list[str] = []
    watcher = Watcher(threshold=0.1, tell=lambda finding, _: told.append(finding.kind))

    async def serve() -> None:
        watcher.add_loop()
        forgotten()  # type: ignore[unused-coroutine]  # loopline: ignore[LL201]
        watcher.remove_loop(asyncio.get_running_loop())

    asyncio.run(serve())
    watcher.settle()
    assert told == ["forgotten-await"]
    assert "loopline-watch" not in {thread.name for thread in threading.enumerate()}
