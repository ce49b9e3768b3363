"""What the bridge says of a call, read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loopline.errors import WorkerLost
from loopline.lanes import _ray_wire as ray_wire
from loopline.lanes import _wire as wire
from loopline.lanes._callable import name_of
from loopline.lanes._ray_wire import Frame

__all__ = ["content_of", "lost"]


def content_of(frame: Frame) -> Any:
    """Return what ``_process_call.outcome`` reads: the text or the values of a frame, or why they can't be read."""
    payload = frame.payload
    if frame.kind in (wire.REFUSED, wire.EXITED, ray_wire.LOST):
        return str(payload.blob, "utf-8", "replace")
    try:
        return wire.unpack(memoryview(payload.blob), payload.owned, payload.length)
    except Exception as error:  # noqa: BLE001 - whatever unpickling runs; the caller raises it
        return error


def lost(lane: str, fn: Callable[..., Any], frame: Frame) -> None:
    """Raise if the call was lost.

    Raises:
        WorkerLost: It says how.
    """
    if frame.kind == ray_wire.LOST:
        raise WorkerLost(f"lane {lane!r}: {name_of(fn)} was lost: {content_of(frame)}")
