"""Waiting for another thread."""

from __future__ import annotations

import asyncio
import queue
import threading
import time

from fastapi import APIRouter

from benchmarks.watch.sizes import SLEEP
from benchmarks.watch.supplies import Need

__all__ = ["router"]

router = APIRouter(prefix="/threads")
_lock = threading.Lock()


@router.get("/lock")
async def with_lock() -> dict[str, bool]:
    """Want a lock that another thread holds."""
    held = threading.Event()

    def hold() -> None:
        with _lock:
            held.set()
            time.sleep(SLEEP)

    threading.Thread(target=hold).start()
    await asyncio.to_thread(held.wait)
    with _lock:  # guilty: lock
        return {"done": True}


@router.get("/future")
async def with_future(need: Need) -> dict[str, bool]:
    """Wait for what a pool of threads computes, instead of awaiting it."""
    future = need.threads.submit(time.sleep, SLEEP)
    future.result()  # guilty: future
    return {"done": True}


@router.get("/queue")
async def with_queue() -> dict[str, int]:
    """Get from a queue that is empty."""
    work: queue.Queue[int] = queue.Queue()
    threading.Timer(SLEEP, work.put, (1,)).start()
    return {"got": work.get()}  # guilty: queue


@router.get("/join")
async def with_join() -> dict[str, bool]:
    """Wait for the end of a thread."""
    thread = threading.Thread(target=time.sleep, args=(SLEEP,))
    thread.start()
    thread.join()  # guilty: join
    return {"done": True}
