"""What the endpoints need, made once for the life of the application and given back at its end."""

from __future__ import annotations

import gc
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends
from fastapi.requests import HTTPConnection

from benchmarks.watch.material import documents, graph, numbers, text
from benchmarks.watch.sizes import Sizes, sizes
from benchmarks.watch.slow_server import slow_server

__all__ = ["Need", "Supplies", "supplied"]


@dataclass(frozen=True, slots=True)
class Supplies:
    """What the endpoints need.

    Attributes:
        sizes: How much work makes up a stall.
        numbers: To sort.
        documents: To write as JSON and to copy.
        text: To compress.
        upstream: The port of a slow server.
        database: An SQLite file.
        pipe: A FIFO.
        threads: A pool of threads.
    """

    sizes: Sizes
    numbers: list[float]
    documents: list[dict[str, Any]]
    text: bytes
    upstream: int
    database: Path
    pipe: Path
    threads: ThreadPoolExecutor


@contextmanager
def supplied() -> Iterator[Supplies]:
    """Make it all, and end what has been started."""
    amount = sizes()
    gc.disable()  # else the collector visits the growing graph again and again
    kept = graph(amount.objects)
    data = (numbers(amount.numbers), documents(max(amount.documents, amount.copies)), text(amount.megabytes))
    gc.collect()
    gc.freeze()  # out of the collector's sight until the endpoint that is guilty of a collection calls it
    gc.enable()
    with (
        tempfile.TemporaryDirectory(prefix="watch-benchmark-") as folder,
        slow_server() as upstream,
        ThreadPoolExecutor(4) as threads,
    ):
        database, pipe = Path(folder) / "data.db", Path(folder) / "pipe"
        with sqlite3.connect(database) as connection:
            connection.execute("CREATE TABLE orders (number INTEGER)")
        connection.close()
        os.mkfifo(pipe)
        yield Supplies(amount, *data, upstream, database, pipe, threads)
    kept.clear()


async def _supplies(connection: HTTPConnection) -> Supplies:
    found: Supplies = connection.state.supplies
    return found


Need = Annotated[Supplies, Depends(_supplies)]
