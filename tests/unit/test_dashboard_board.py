"""How seldom a dashboard counts the jobs: by how long that takes."""

from __future__ import annotations

from typing import Any

import pytest

from loopline.dashboard import board
from loopline.dashboard.board import Board
from loopline.processes import Neighbours

pytestmark = pytest.mark.anyio


class Clock:
    """The time, which goes on while jobs are counted. Who asks for the databases begins to count."""

    def __init__(self, takes: float) -> None:
        self.now = 1000.0
        self.counted = 0
        self.takes = takes

    def __call__(self) -> float:
        return self.now

    def stores(self) -> list[Any]:
        self.counted += 1
        self.now += self.takes
        return []


@pytest.mark.parametrize(
    ("takes", "pause"),
    [
        pytest.param(0.0, 0.7, id="nothing: each time that the page is drawn"),
        pytest.param(0.02, 2.0, id="20 ms: 1 % of a processor"),
        pytest.param(0.08, 8.0, id="80 ms: 1 % of a processor"),
        pytest.param(5.0, 10.0, id="5 s: at least every 10 s"),
    ],
)
async def test_jobs_are_counted_for_a_hundredth_of_the_time(
    takes: float, pause: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(takes)
    monkeypatch.setattr(board, "monotonic", clock)
    monkeypatch.setattr(board, "opened_stores", clock.stores)
    one = Board(Neighbours())
    await one.jobs()
    clock.now += pause - 0.01
    await one.jobs()
    assert clock.counted == 1
    clock.now += 0.02
    await one.jobs()
    assert clock.counted == 2


async def test_what_was_done_to_jobs_is_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(5.0)
    monkeypatch.setattr(board, "monotonic", clock)
    monkeypatch.setattr(board, "opened_stores", clock.stores)
    one = Board(Neighbours())
    await one.jobs()
    one.forget_jobs()
    await one.jobs()
    assert clock.counted == 2
