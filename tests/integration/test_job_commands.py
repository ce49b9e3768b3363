"""``loopline jobs`` and ``loopline migrate``, as an operator uses them."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from loopline import ConfigurationError, Database, JobQueue, LooplineError
from loopline.cli import app
from loopline.jobs import migration

Run = Callable[..., Result]
LOOPLINE = str(Path(sys.executable).with_name("loopline"))


@pytest.fixture
def run(sqlite_url: str) -> Run:
    """Run a command on a database with four jobs, of which one was discarded and one waits for its time."""

    async def prepare() -> None:
        async with Database(sqlite_url) as db:
            jobs = JobQueue(db, queues=["default", "slow"])
            await jobs.migrate()

            @jobs.task(name="mail")
            async def mail(to: str) -> None: ...

            async with db.begin() as session:
                await jobs.enqueue_many(session, [mail.job(f"[bold]{number}[/]") for number in range(3)])
                await mail.options(delay=3600, queue="slow").enqueue(session, "ada")
                await session.execute(
                    text("UPDATE loopline_jobs SET state = 'discarded', attempt = 10, finished_at = 0 WHERE id = 2")
                )
                await session.execute(
                    text("INSERT INTO loopline_failures VALUES (2, 10, 0, 'LookupError: no', :traceback)"),
                    {"traceback": "Traceback …\nLookupError: no"},
                )

    asyncio.run(prepare())

    def run(*arguments: str, database_url: str = sqlite_url) -> Result:
        return CliRunner().invoke(app, [*arguments, "--database-url", database_url])

    return run


def test_jobs_are_listed_as_a_table_and_as_json(run: Run) -> None:
    table = run("jobs", "list")
    assert table.exit_code == 0
    assert [line.split()[0] for line in table.stdout.splitlines()] == ["id", "4", "3", "2", "1"]
    assert '{"to": "[bold]2[/]"}' in table.stdout, "what is stored is shown as it is"
    listed = json.loads(run("jobs", "list", "--json", "--state", "scheduled").stdout)
    assert [(job["id"], job["queue"], job["arguments"]) for job in listed] == [(4, "slow", {"to": "ada"})]
    assert run("jobs", "list", "--state", "lost").exit_code == 2


def test_a_job_is_shown_with_its_errors(run: Run) -> None:
    shown = run("jobs", "show", "2")
    assert shown.exit_code == 0
    assert "discarded" in shown.stdout
    assert "Traceback …\nLookupError: no" in shown.stdout
    assert json.loads(run("jobs", "show", "2", "--json").stdout)["failures"][0]["error"] == "LookupError: no"


def test_jobs_are_tried_again_and_cancelled(run: Run) -> None:
    retried = run("jobs", "retry", "2", "404")
    assert retried.exit_code == 1
    assert retried.stdout == "job 2 runs again\njob 404 is not there to try again\n"
    assert run("jobs", "cancel", "1", "4").stdout == "job 1 is cancelled\njob 4 is cancelled\n"
    assert json.loads(run("jobs", "stats", "--json").stdout) == {
        "default": {"paused": False, "jobs": {"available": 2, "cancelled": 1}},
        "slow": {"paused": False, "jobs": {"cancelled": 1}},
    }


def test_all_jobs_in_a_state_are_tried_again(run: Run) -> None:
    assert run("jobs", "retry", "--state", "discarded", "--task", "other").stdout == "0 jobs run again\n"
    assert run("jobs", "retry", "--state", "discarded", "--task", "mail").stdout == "1 jobs run again\n"
    assert json.loads(run("jobs", "retry", "--state", "scheduled", "--queue", "slow", "--json").stdout) == {
        "retried": 1
    }
    for wrong in ([], ["--task", "mail"], ["2", "--state", "discarded"], ["2", "--queue", "slow"]):
        assert run("jobs", "retry", *wrong).exit_code == 2
    assert isinstance(run("jobs", "retry", "--state", "running").exception, ConfigurationError)


def test_what_was_done_is_said_as_json_too(run: Run) -> None:
    retried = run("jobs", "retry", "2", "404", "2", "--json")
    assert retried.exit_code == 1
    assert json.loads(retried.stdout) == {"done": [2], "not_done": [404]}
    assert json.loads(run("jobs", "cancel", "1", "--json").stdout) == {"done": [1], "not_done": []}
    purged = run("jobs", "purge", "--json")
    assert json.loads(purged.stdout) == {"deleted": 1}
    assert purged.stderr == ""


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("arguments", [["purge"], ["retry", "--state", "discarded"], ["retry", "2"]])
def test_somebody_at_a_terminal_sees_how_far_it_is_and_a_script_does_not(
    arguments: list[str], as_json: bool, run: Run, sqlite_url: str
) -> None:
    command = [LOOPLINE, "jobs", *arguments, "--database-url", sqlite_url, *(["--json"] if as_json else [])]
    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as screen, ThreadPoolExecutor(1) as reader:
        reading = reader.submit(_read_to, b"the end", screen)  # a terminal that nobody reads is full soon
        try:
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=theirs, env=os.environ | {"TERM": "xterm"}, timeout=60
            )
        finally:
            os.write(theirs, b"the end")
            os.close(theirs)
        shown = reading.result()
    assert done.returncode == 0
    assert (b"1/1" in shown) is not as_json
    assert (shown == b"the end") is as_json
    assert b"1/1" not in done.stdout


def _read_to(end: bytes, screen: io.FileIO) -> bytes:
    shown = b""
    while not shown.endswith(end):
        shown += screen.read(65536) or b""
    return shown


def test_a_queue_is_paused_and_resumed(run: Run) -> None:
    assert run("jobs", "pause", "slow").stdout == "slow is paused\n"
    assert "slow (paused)" in run("jobs", "stats").stdout
    assert run("jobs", "resume", "slow").stdout == "slow goes on\n"
    assert run("jobs", "resume", "slow").stdout == "slow was not paused\n"


def test_jobs_that_ended_are_purged(run: Run) -> None:
    assert run("jobs", "purge", "--state", "completed").stdout == "0 jobs are deleted\n"
    assert run("jobs", "purge", "--older-than", "1").stdout == "1 jobs are deleted\n"


def test_a_database_without_tables_or_out_of_reach_is_one_clear_line(run: Run, tmp_path: Path) -> None:
    empty = run("jobs", "stats", database_url=f"sqlite+aiosqlite:///{tmp_path}/empty.db")
    assert isinstance(empty.exception, ConfigurationError)
    assert "loopline migrate" in str(empty.exception)
    away = run("jobs", "stats", database_url="postgresql+asyncpg://nobody@127.0.0.1:9/nothing")
    assert isinstance(away.exception, LooplineError)
    assert "can't be reached" in str(away.exception)
    missing = run("jobs", "show", "404")
    assert str(missing.exception) == "there is no job 404"


def test_migrations_are_applied_once_and_printed_as_sql(run: Run, tmp_path: Path) -> None:
    new = f"sqlite+aiosqlite:///{tmp_path}/new.db"
    numbers = range(1, migration.NEWEST + 1)
    assert run("migrate", database_url=new).stdout == f"migrated: {', '.join(map(str, numbers))}\n"
    assert run("migrate", database_url=new).stdout == "the tables are up to date\n"
    printed = run("migrate", "--sql").stdout
    with sqlite3.connect(tmp_path / "by_hand.db") as by_hand:
        by_hand.executescript(printed)
    with sqlite3.connect(tmp_path / "new.db") as migrated:
        schema = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"
        assert by_hand.execute(schema).fetchall() == migrated.execute(schema).fetchall()
        assert by_hand.execute("SELECT version FROM loopline_schema").fetchall() == [(number,) for number in numbers]
    assert run("migrate", "--sql", database_url="postgresql+asyncpg://any/any").stdout.startswith("CREATE TABLE")
