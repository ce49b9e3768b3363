"""``loopline worker``: web processes enqueue, other processes work."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from waiting import wait_until

from loopline import ConfigurationError, Database, JobQueue

SHOP = """
import asyncio, os, time
from fastapi import FastAPI
from loopline import Database, JobQueue, lifespan

db = Database("sqlite+aiosqlite:///shop.db")
jobs = JobQueue(db, poll=0.05)


@jobs.task
async def note(number: int) -> None:
    with open(f"{number}.done", "w") as file:
        file.write(str(os.getpid()))


@jobs.task
async def block() -> None:
    open("began", "w").close()
    while not os.path.exists("go on"):
        time.sleep(0.01)


def make() -> FastAPI:
    return FastAPI(lifespan=lifespan(db, jobs))


app = make()


async def enqueue(count: int) -> None:
    async with app.router.lifespan_context(app):
        for number in range(count):
            async with db.begin() as session:
                await note.enqueue(session, number)
        await asyncio.sleep(0.2)  # time enough for a worker, if there were one


async def enqueue_block() -> None:
    async with app.router.lifespan_context(app), db.begin() as session:
        await block.enqueue(session)


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


def _enqueue(folder: Path, call: str = "enqueue(3)") -> None:
    subprocess.run(
        [sys.executable, "-c", f"import asyncio, shop; asyncio.run(shop.{call})"],
        cwd=folder,
        env=os.environ | {"LOOPLINE_WORKER": "off"},
        check=True,
        timeout=60,
    )


def _doers(folder: Path) -> list[str]:
    """Return what the jobs have written so far: a file is there before anything is in it."""
    return [text for file in folder.glob("*.done") if (text := file.read_text())]


@pytest.mark.parametrize("target", ["shop:app", "shop:make"])
def test_what_a_web_process_enqueues_a_worker_process_does(folder: Path, target: str) -> None:
    _enqueue(folder)
    assert not list(folder.glob("*.done"))
    with _working(folder, target, "--concurrency", "2") as worker:
        wait_until(lambda: len(_doers(folder)) == 3 or worker.poll() is not None)
        assert _doers(folder) == [str(worker.pid)] * 3
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


def test_the_file_is_young_while_the_loop_turns_and_gone_at_the_end(folder: Path) -> None:
    alive = folder / "alive"

    def touched(since: float) -> bool:
        return alive.exists() and alive.stat().st_mtime > since

    with _working(folder, "shop:app", "--alive-file", "alive") as worker:
        wait_until(lambda: touched(0.0) or worker.poll() is not None)
        first = alive.stat().st_mtime
        wait_until(lambda: touched(first))
        worker.terminate()
        worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert not alive.exists()


def test_the_file_grows_old_while_a_job_holds_the_loop(folder: Path) -> None:
    _enqueue(folder, "enqueue_block()")
    alive = folder / "alive"
    with _working(folder, "shop:app", "--alive-file", str(alive)) as worker:
        wait_until((folder / "began").exists)
        wait_until(lambda: time.time() - alive.stat().st_mtime > 3.0)
        held = alive.stat().st_mtime
        (folder / "go on").touch()
        wait_until(lambda: alive.stat().st_mtime > held)
        assert worker.poll() is None


def test_a_file_that_can_not_be_written_is_one_clear_line(folder: Path) -> None:
    with _working(folder, "shop:app", "--alive-file", "no/such/folder") as worker:
        said, _ = worker.communicate(timeout=60)
    assert worker.returncode == 1
    assert "can't write the file no/such/folder" in said
