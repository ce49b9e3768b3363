"""The recipe for Alembic in docs/jobs.md, word for word, in the environments that Alembic makes itself."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url

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
        self.alembic(f"init --template {template} migrations")
        ini = folder / "alembic.ini"
        ini.write_text(re.sub(r"^sqlalchemy.url = .*$", f"sqlalchemy.url = {for_ini}", ini.read_text(), flags=re.M))
        self._edit_env("target_metadata = None", "from shop import metadata as target_metadata")

    def alembic(self, *commands: str, code: int = 0) -> str:
        """Run commands in one process, which takes a while to start, and return what they print."""
        run = "import sys; from alembic.config import main; [main(each.split()) for each in sys.argv[1:]]"
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", run, *commands],
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def make_revisions(self) -> None:
        """Make one of the application's own, and that of the recipe."""
        self.alembic("revision --autogenerate --message shop", "revision --message jobs")
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


async def _run_a_job(database_url: str) -> int:
    """Open a JobQueue without making its tables, and run a job; how many have been run in this database."""
    async with Database(database_url) as db:
        jobs = JobQueue(db)

        @jobs.task
        async def note() -> None: ...

        await jobs.check_tables()
        async with jobs:
            async with db.begin() as session:
                job = await note.enqueue(session)
            async with asyncio.timeout(30):
                while (found := await jobs.operations.get(job)) is None or found.state != "completed":
                    await asyncio.sleep(0.01)
        return (await jobs.operations.counts())["default"]["completed"]


@pytest.mark.parametrize(
    ("template", "kind"),
    [("generic", "sqlite_url"), ("generic", "postgres_url"), ("async", "postgres_url")],
)
def test_the_tables_come_with_the_application_s_migrations_and_stay(
    template: str, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = make_url(request.getfixturevalue(kind))
    for_alembic = url if template == "async" else sync_url(url)
    project = Project(tmp_path, for_alembic.render_as_string(hide_password=False), template)
    project.make_revisions()
    dropped = project.alembic("upgrade head", "check", code=255)
    assert "loopline_jobs" in dropped, "what the change in env.py is for"
    assert asyncio.run(_run_a_job(str(url))) == 1
    project.leave_jobs_out()
    assert "No new upgrade operations" in project.alembic("check", "downgrade base", "upgrade head")
    assert asyncio.run(_run_a_job(str(url))) == 2
