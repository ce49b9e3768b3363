"""The recipe for Alembic in docs/jobs.md, word for word, in the environments that Alembic makes itself."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect, make_url

from loopline import Database, JobQueue
from loopline.database.url import sync_url

SECTION = (Path(__file__).parents[2] / "docs" / "jobs.md").read_text().split("\n## With Alembic\n")[1].split("\n## ")[0]
IN_THE_REVISION, IN_ENV = re.findall(r"^```python\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
SHOP = """
from sqlalchemy import MetaData, Table, Column, Integer

metadata = MetaData()
Table("orders", metadata, Column("id", Integer, primary_key=True))
"""


class Project:
    """An application's folder with an Alembic environment, as ``alembic init`` leaves it."""

    def __init__(self, folder: Path, url: str, template: str) -> None:
        for_ini = url.replace("%", "%%")
        self._folder = folder
        self._env = folder / "migrations" / "env.py"
        (folder / "shop.py").write_text(SHOP)
        self.alembic("init", "--template", template, "migrations")
        ini = folder / "alembic.ini"
        ini.write_text(re.sub(r"^sqlalchemy.url = .*$", f"sqlalchemy.url = {for_ini}", ini.read_text(), flags=re.M))
        self._edit_env("target_metadata = None", "from shop import metadata as target_metadata")

    def alembic(self, *arguments: str, code: int = 0) -> str:
        """Run the command and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "alembic", *arguments],
            cwd=self._folder,
            env=os.environ | {"PYTHONPATH": str(self._folder)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def add_jobs(self) -> None:
        """Make the revision of the recipe."""
        self.alembic("revision", "--message", "jobs")
        [revision] = (self._folder / "migrations" / "versions").glob("*_jobs.py")
        head = revision.read_text().split("def upgrade()")[0]
        revision.write_text(head + IN_THE_REVISION)

    def leave_jobs_out(self) -> None:
        """Make the change of the recipe in env.py."""
        self._edit_env("\ndef run_migrations_offline", f"\n{IN_ENV}\n\ndef run_migrations_offline")
        self._edit_env("target_metadata=target_metadata", "target_metadata=target_metadata, include_name=include_name")

    def _edit_env(self, old: str, new: str) -> None:
        text = self._env.read_text()
        assert old in text
        self._env.write_text(text.replace(old, new))


@pytest.fixture(params=["generic", "async"])
def project(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Project:
    """A project whose environment uses the blocking driver or the asynchronous one."""
    url = make_url(database_url) if request.param == "async" else sync_url(make_url(database_url))
    return Project(tmp_path, url.render_as_string(hide_password=False), request.param)


async def _run_a_job(database_url: str) -> None:
    ran = asyncio.Event()
    async with Database(database_url) as db:
        jobs = JobQueue(db)

        @jobs.task
        async def note() -> None:
            ran.set()

        assert await jobs.migrate() == []
        async with jobs:
            async with db.begin() as session:
                await note.enqueue(session)
            async with asyncio.timeout(30):
                await ran.wait()


async def _tables(database_url: str) -> set[str]:
    async with Database(database_url) as db, db.begin() as session:
        return set(await (await session.connection()).run_sync(lambda sync: inspect(sync).get_table_names()))


def test_the_tables_come_with_the_application_s_migrations_and_stay(project: Project, database_url: str) -> None:
    project.alembic("revision", "--autogenerate", "--message", "shop")
    project.add_jobs()
    project.alembic("upgrade", "head")
    asyncio.run(_run_a_job(database_url))
    assert "'remove_table'" in project.alembic("check", code=255), "what the change in env.py is for"
    project.leave_jobs_out()
    assert "No new upgrade operations" in project.alembic("check")
    before = asyncio.run(_tables(database_url))
    assert {"orders", "loopline_jobs", "loopline_schema"} < before
    project.alembic("downgrade", "base")
    assert asyncio.run(_tables(database_url)) == before - {"orders"}
    project.alembic("upgrade", "head")
    asyncio.run(_run_a_job(database_url))
