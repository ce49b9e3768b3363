"""Endpoints that block or compute where it does no harm: in a thread or another process."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
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
    """Compute in another process, which a thread starts: to start one on the loop would block it for a moment."""
    command = [sys.executable, "-I", "-S", "-c", "print(sum(range(500_000)))"]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True)
    return {"sum": int(done.stdout)}


@router.get("/program")
async def program() -> dict[str, int]:
    """Run a program and await its end."""
    done = await asyncio.to_thread(subprocess.run, ["sleep", str(LONG)], check=True)
    return {"code": done.returncode}


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
