"""``loopline worker``: web processes enqueue, other processes work."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from waiting import wait_until

from loopline import ConfigurationError, Database, JobQueue

SHOP = """
import asyncio, os
from fastapi import FastAPI
from loopline import Database, JobQueue, lifespan

db = Database("sqlite+aiosqlite:///shop.db")
jobs = JobQueue(db, poll=0.05)


@jobs.task
async def note(number: int) -> None:
    with open(f"{number}.done", "w") as file:
        file.write(str(os.getpid()))


def make() -> FastAPI:
    return FastAPI(lifespan=lifespan(db, jobs))


app = make()


async def enqueue(count: int) -> None:
    async with app.router.lifespan_context(app):
        for number in range(count):
            async with db.begin() as session:
                await note.enqueue(session, number)
        await asyncio.sleep(0.2)  # time enough for a worker, if there were one


if __name__ == "__main__":
    asyncio.run(enqueue(3))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


@contextmanager
def _working(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    loopline = Path(sys.executable).with_name("loopline")
    process = subprocess.Popen(
        [loopline, "worker", *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _enqueue(folder: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", "import asyncio, shop; asyncio.run(shop.enqueue(3))"],
        cwd=folder,
        env=os.environ | {"LOOPLINE_WORKER": "off"},
        check=True,
        timeout=60,
    )


@pytest.mark.parametrize("target", ["shop:app", "shop:make"])
def test_what_a_web_process_enqueues_a_worker_process_does(folder: Path, target: str) -> None:
    _enqueue(folder)
    assert not list(folder.glob("*.done"))
    with _working(folder, target, "--concurrency", "2") as worker:
        wait_until(lambda: len(list(folder.glob("*.done"))) == 3 or worker.poll() is not None)
        assert {file.read_text() for file in folder.glob("*.done")} == {str(worker.pid)}
        worker.terminate()
        said, _ = worker.communicate(timeout=60)
    assert worker.returncode == 0, said
    assert said == "working on jobs; Ctrl+C stops it\n"


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("shop", "write module:name"),
        ("nowhere:app", "no module 'nowhere'"),
        ("shop:nothing", "no FastAPI or Starlette application"),
        ("shop:SHOP", "no FastAPI or Starlette application"),
    ],
)
def test_an_application_that_is_not_there_is_one_clear_line(folder: Path, target: str, says: str) -> None:
    with _working(folder, target) as worker:
        said, _ = worker.communicate(timeout=60)
    assert worker.returncode == 1
    assert says in said
    assert len(said.splitlines()) == 1


@pytest.mark.anyio
async def test_a_concurrency_that_is_none_is_refused_at_the_start(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOPLINE_WORKER_CONCURRENCY", "many")
    async with Database(sqlite_url) as db:
        with pytest.raises(ConfigurationError, match="LOOPLINE_WORKER_CONCURRENCY=many"):
            await JobQueue(db).__aenter__()
