"""A lane's line to its cluster, with a bridge that never comes about."""

from __future__ import annotations

import asyncio

import pytest

from loopline.errors import LaneUnavailable
from loopline.lanes import _ray_link
from loopline.lanes._ray_link import Link

pytestmark = pytest.mark.anyio


class NeverConnected:
    """A bridge that goes on connecting."""

    def __init__(self, settings: bytes) -> None: ...

    async def start(self, timeout: float) -> str:
        await asyncio.Event().wait()
        return ""

    async def end(self) -> None: ...


async def test_a_call_that_waits_for_the_cluster_is_told_when_the_lane_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ray_link, "Bridge", NeverConnected)
    link = Link("gpu", "head:6379", b"", 60)
    call = asyncio.create_task(link.bridge())
    await asyncio.sleep(0)
    await link.close()
    async with asyncio.timeout(30):
        with pytest.raises(LaneUnavailable):
            await call
