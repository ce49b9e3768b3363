"""Endpoints that block or compute where it does no harm: in a thread or another process."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import time

import anyio
from fastapi import APIRouter
from fastapi.responses import FileResponse

from benchmarks.watch.supplies import Need

__all__ = ["router"]

router = APIRouter(prefix="/outside")
LONG = 0.3  # seconds
ROUNDS = 20_000


@router.get("/def")
def in_threadpool() -> dict[str, bool]:
    """Sleep in FastAPI's thread pool."""
    time.sleep(LONG)
    return {"done": True}


@router.get("/hash")
def hash_in_threadpool() -> dict[str, str]:
    """Compute there, with the GIL released."""
    return {"hash": hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", ROUNDS).hex()}


@router.get("/to-thread")
async def to_thread() -> dict[str, bool]:
    """Sleep in a thread of asyncio's."""
    await asyncio.to_thread(time.sleep, LONG)
    return {"done": True}


@router.get("/anyio")
async def with_anyio() -> dict[str, bool]:
    """Sleep in a thread of AnyIO's."""
    await anyio.to_thread.run_sync(time.sleep, LONG)
    return {"done": True}


@router.get("/process")
async def in_process() -> dict[str, int]:
    """Compute in another process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", "-c", "print(sum(range(500_000)))", stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return {"sum": int(said)}


@router.get("/program")
async def program() -> dict[str, int | None]:
    """Run a program and await its end."""
    process = await asyncio.create_subprocess_exec("sleep", str(LONG))
    await process.wait()
    return {"code": process.returncode}


@router.get("/upstream")
async def upstream(need: Need) -> dict[str, int]:
    """Ask a slow server."""
    reader, writer = await asyncio.open_connection("127.0.0.1", need.upstream)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    body = await reader.read()
    writer.close()
    await writer.wait_closed()
    return {"bytes": len(body)}


@router.get("/file")
async def file(need: Need) -> FileResponse:
    """Answer with a file."""
    return FileResponse(need.database)
