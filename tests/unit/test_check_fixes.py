"""Fixes mend what they say: the file parses, keeps its other bytes, and the next check finds that gone, nothing new."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from textwrap import dedent

import pytest

from loopline.check import Finding, check
from loopline.check.command import run_check
from loopline.check.fixes.plan import Change, plan

CASES = Path(__file__).parents[1] / "check_cases"
FILES = sorted([*CASES.glob("*.py"), *CASES.glob("labelled/*.py")])


def kinds(findings: list[Finding]) -> Counter[tuple[str, str]]:
    return Counter((one.code, one.message) for one in findings)


# What was told of once, since it makes or ends what the next would, is told of at the next once it is handed over.
UNCOVERS = ("b_base_rolled_back", "b_kept_in_context")
UNCOVERED = pytest.mark.xfail(reason="handed to a thread, it is not seen to have done what the next call needs")


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(file, id=f"{file.parent.name}/{file.stem}", marks=[UNCOVERED] if file.stem in UNCOVERS else [])
        for file in FILES
    ],
)
def test_after_a_fix_its_findings_are_gone_and_none_is_new(case: Path, tmp_path: Path) -> None:
    file = tmp_path / case.name
    shutil.copy(case, file)
    before = check([file]).findings
    changes = plan(before)
    assert len(changes) <= 1
    for change in changes:
        ast.parse(change.after)
        assert change.mends
        change.write()
        after = check([file]).findings
        assert kinds(after) <= kinds(before) - kinds(list(dict.fromkeys(change.mends)))


def mended(tmp_path: Path, code: str, *codes: str) -> str:
    file = tmp_path / "shop.py"
    file.write_bytes(dedent(code).encode())
    for change in plan(check([file]).findings, codes or ["LL"]):
        change.write()
    return file.read_bytes().decode()


def test_an_await_is_put_where_it_is_missing_in_brackets_where_those_are_needed(tmp_path: Path) -> None:
    code = """
    async def load(): return [1]
    async def f():
        load()   # a comment stays
        if load( ): pass
        return load()[0]
    """
    after = mended(tmp_path, code)
    assert "    await load()   # a comment stays\n    if await load( ): pass\n    return (await load())[0]\n" in after


def test_a_coroutine_in_a_response_and_a_stored_one_are_awaited(tmp_path: Path) -> None:
    code = """
    from fastapi import FastAPI
    app = FastAPI()
    async def count(): return 1
    @app.get("/count")
    async def total():
        unused = count()
        return {"count": count()}
    """
    after = mended(tmp_path, code)
    assert "unused = await count()" in after
    assert '{"count": await count()}' in after


def test_sleep_becomes_asyncio_sleep_with_the_import(tmp_path: Path) -> None:
    code = '"""A shop."""\nfrom __future__ import annotations\n\nimport time\n\nasync def f():\n    time.sleep(1)\n'
    expected = code.replace("import time\n", "import asyncio\nimport time\n")
    assert mended(tmp_path, code) == expected.replace("time.sleep", "await asyncio.sleep")


def test_an_endpoint_that_awaits_nothing_becomes_a_def(tmp_path: Path) -> None:
    code = """
    import requests, time
    from fastapi import FastAPI
    app = FastAPI()
    @app.get("/")
    async  def report(url: str):
        time.sleep(1)
        return requests.get(url).json()
    """
    after = mended(tmp_path, code)
    assert "\ndef report(url: str):\n    time.sleep(1)\n    return requests.get(url).json()\n" in after


def test_one_that_awaits_something_makes_the_call_in_a_thread(tmp_path: Path) -> None:
    code = """
    import requests
    import asyncio
    from fastapi import FastAPI
    app = FastAPI()
    @app.get("/")
    async def report(url: str):
        await asyncio.sleep(0)
        return requests.get(
            url,  # where
            timeout=5,
        ).json()
    """
    after = mended(tmp_path, code)
    assert (
        "return (await asyncio.to_thread(requests.get,\n        url,  # where\n        timeout=5,\n    )).json()\n"
        in after
    )


STAYS_ASYNC = {
    "what an endpoint awaits": """
        async def work():
            time.sleep(1) or requests.get("http://shop")
        @app.get("/")
        async def read():
            return await work()
        """,
    "an endpoint that others await": """
        @app.get("/")
        async def work():
            requests.get("http://shop")
        async def tick():
            await work()
        """,
    "a web socket": """
        @app.websocket("/")
        async def work(socket):
            requests.get("http://shop")
        """,
    "what starts a task": """
        running = set()
        async def tick(): ...
        @app.get("/")
        async def work():
            running.add(asyncio.create_task(tick()))
            requests.get("http://shop")
        """,
}


@pytest.mark.parametrize("code", STAYS_ASYNC.values(), ids=STAYS_ASYNC.keys())
def test_only_an_endpoint_that_the_server_alone_calls_becomes_a_def(tmp_path: Path, code: str) -> None:
    fixed = mended(
        tmp_path, "import asyncio, time, requests\nfrom fastapi import FastAPI\napp = FastAPI()\n" + dedent(code)
    )
    assert "async def work(" in fixed
    assert "await asyncio.to_thread(requests.get," in fixed
    assert check([tmp_path / "shop.py"]).findings == []


def test_what_gets_an_await_stays_async(tmp_path: Path) -> None:
    code = """
    import requests
    from fastapi import FastAPI
    app = FastAPI()
    async def save(): ...
    @app.get("/")
    async def report(url: str):
        save()
        return requests.get(url).text
    """
    after = mended(tmp_path, code)
    assert "    await save()\n    return (await asyncio.to_thread(requests.get, url)).text\n" in after


def test_a_task_is_held_until_it_is_done(tmp_path: Path) -> None:
    code = """
    import asyncio

    async def work(): ...

    async def f():
        asyncio.create_task(
            work()
        )
    """
    after = mended(tmp_path, code)
    assert "\nimport asyncio\n\n_running_tasks = set()" in after
    held = "    _running_tasks.add(task)\n    task.add_done_callback(_running_tasks.discard)\n"
    assert f"    task = asyncio.create_task(\n        work()\n    )\n{held}" in after


def test_a_dependency_that_commits_gets_its_scope_in_every_file(tmp_path: Path) -> None:
    (tmp_path / "deps.py").write_text(
        dedent(
            """
            from typing import Annotated
            from fastapi import Depends
            from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
            maker = async_sessionmaker()
            async def session():
                async with maker() as session:
                    yield session
                    await session.commit()
            Session = Annotated[AsyncSession, Depends(session)]
            """
        )
    )
    (tmp_path / "app.py").write_text(
        dedent(
            """
            from fastapi import Depends, FastAPI
            from deps import Session, session
            app = FastAPI()
            @app.get("/")
            async def read(db: Session): ...
            @app.get("/two")
            async def other(db=Depends(session, )): ...
            """
        )
    )
    before = check([tmp_path]).findings
    assert [one.code for one in before] == ["LL301"]
    for change in plan(before, ["LL301"]):
        change.write()
    assert 'Depends(session, scope="function")]' in (tmp_path / "deps.py").read_text()
    assert 'Depends(session, scope="function", )' in (tmp_path / "app.py").read_text()
    assert check([tmp_path]).findings == []


def test_line_ends_encodings_and_a_missing_last_line_end_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "shop.py"
    file.write_bytes(b"# coding: latin-1\r\nimport asyncio, time\r\nasync def f():\r\n\tx = '\xe9'; time.sleep(1)\x0c")
    (change,) = plan(check([file]).findings)
    change.write()
    assert file.read_bytes() == (
        b"# coding: latin-1\r\nimport asyncio, time\r\nasync def f():\r\n\tx = '\xe9'; await asyncio.sleep(1)\x0c"
    )


def test_only_the_codes_that_are_named_are_mended(tmp_path: Path) -> None:
    code = "import time\nasync def g(): ...\nasync def f():\n    g()\n    time.sleep(1)\n"
    assert mended(tmp_path, code, "LL2") == code.replace("    g()", "    await g()")


SHOP = "import time\nasync def g(): ...\nasync def f():\n    g()\n    time.sleep(1)\n"


def test_diff_shows_what_git_applies_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop.py").write_text(SHOP)
    assert run_check(["shop.py", "--diff"]) == 1
    output = capsys.readouterr()
    assert Path("shop.py").read_text() == SHOP
    assert "2 of 2 findings have a fix here." in output.err
    done = subprocess.run(["git", "apply", "--unsafe-paths", "-"], input=output.out, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert run_check(["shop.py"]) == 0


def test_fix_applies_and_reports_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop.py").write_text(SHOP)
    assert run_check(["shop.py", "--fix", "LL201"]) == 1
    output = capsys.readouterr()
    assert "1 findings mended in 1 files." in output.err
    assert "LL201" not in output.out
    assert "LL101" in output.out
    assert run_check(["shop.py", "--fix", "LL101,LL2"]) == 0


PARTS = """
import asyncio, requests
def read():
    return requests.get("http://shop/orders").json()
class Shop:
    @property
    def orders(self):
        read()
        return Orders()
    def find(self, what):
        read()
        return what
    async def one(self, found: bool):
        await asyncio.sleep(0)
        return {call}
class Orders:
    def get(self, number):
        read()
        return number
class Below(Shop):
    async def two(self):
        await asyncio.sleep(0)
        return super().find(read())
"""


@pytest.mark.parametrize(
    ("call", "after"),
    [
        ("self.orders.get(1)", "await asyncio.to_thread(lambda: self.orders.get(1))"),
        ("self.find(self.orders)", "await asyncio.to_thread(lambda: self.find(self.orders))"),
        ("self.find(read())", "await asyncio.to_thread(lambda: self.find(read()))"),
        ("self.find(self.find(read()))", "await asyncio.to_thread(lambda: self.find(self.find(read())))"),
        ("self.orders.get(1).real", "(await asyncio.to_thread(lambda: self.orders.get(1))).real"),
        ("self.find(1)", "await asyncio.to_thread(self.find, 1)"),
        ("self.find(read() or await self.one(found))", None),
    ],
)
def test_a_call_whose_parts_block_as_well_goes_to_the_thread_with_them(
    tmp_path: Path, call: str, after: str | None
) -> None:
    code = PARTS.replace("{call}", call)
    fixed = mended(tmp_path, code)
    compile(fixed, "shop.py", "exec")
    left = check([tmp_path / "shop.py"]).findings
    if after is not None:
        assert f"        return {after}\n" in fixed
        assert [one.chain[0].function for one in left] == ["Below.two"]
    assert "super().find(await asyncio.to_thread(read))" in fixed  # in a lambda, `super()` knows no object


def test_a_fix_is_not_said_to_mend_what_stays_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(PARTS.replace("{call}", "self.find(read() or await self.one(found))"))
    before = check([tmp_path]).findings
    changes = plan(before)
    for change in changes:
        change.write()
    after = check([tmp_path]).findings
    assert kinds(after) == kinds(before) - kinds([one for change in changes for one in change.mends])


def test_edits_that_cut_into_each_other_are_not_both_made(tmp_path: Path) -> None:
    changes: list[Change] = plan([])
    assert changes == []
    code = "import time\nasync def f():\n    time.sleep(time.sleep(1) or 2)\n"
    ast.parse(mended(tmp_path, code))
