"""Waiting for another process, a server, a database or a file."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

from fastapi import APIRouter

from benchmarks.watch.sizes import SLEEP
from benchmarks.watch.supplies import Need

__all__ = ["router"]

router = APIRouter(prefix="/waiting")


@router.get("/urllib")
async def with_urllib(need: Need) -> dict[str, int]:
    """Ask a slow server through the standard library's client."""
    with urllib.request.urlopen(f"http://127.0.0.1:{need.upstream}/") as answer:  # guilty: urllib
        return {"status": answer.status}


@router.get("/socket")
async def with_socket(need: Need) -> dict[str, int]:
    """Ask it through a bare socket."""
    with socket.create_connection(("127.0.0.1", need.upstream)) as connection:  # guilty: socket
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")  # guilty: socket
        return {"bytes": len(connection.recv(4096))}  # guilty: socket


@router.post("/sqlite")
async def with_sqlite(need: Need) -> dict[str, bool]:
    """Write to a database that another connection has locked."""
    lock = await asyncio.to_thread(_lock, need.database)
    release = threading.Timer(SLEEP, lock.close)
    release.start()
    connection = sqlite3.connect(need.database, timeout=5, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")  # guilty: sqlite
    connection.close()
    return {"done": True}


def _lock(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    return connection


@router.get("/subprocess")
async def with_subprocess() -> dict[str, int]:
    """Run a program and wait for its end."""
    return {"code": subprocess.run(["sleep", str(SLEEP)], check=True).returncode}  # guilty: subprocess


@router.get("/pipe")
async def with_pipe(need: Need) -> dict[str, str]:
    """Read a file that is not there yet: a FIFO, as a slow disk would be."""

    def write() -> None:
        time.sleep(SLEEP)
        need.pipe.write_text("late")

    threading.Thread(target=write).start()
    with open(need.pipe) as file:  # guilty: file
        return {"read": file.read()}  # guilty: file
