"""Certain is what happens whenever the line runs; what a called function does on some of its ways is only possible."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from loopline.check import Finding, check

ALWAYS = {
    "a line": "time.sleep(1)",
    "behind an error": "if not wanted: raise ValueError\ntime.sleep(1)",
    "in a loop": "for one in wanted:\n    time.sleep(1)",
    "in a try": "try:\n    time.sleep(1)\nexcept OSError:\n    pass",
    "in a with": "with wanted:\n    time.sleep(1)",
    "one way or the other": "if wanted:\n    time.sleep(1)\nelse:\n    requests.get('http://x')",
    "both of two ways": "if wanted:\n    return requests.get('http://x')\ntime.sleep(1)",
    "in each case": "match wanted:\n    case 1: time.sleep(1)\n    case _: requests.get('http://x')",
    "a condition itself": "if requests.get('http://x'):\n    return 1",
    "a condition that is known": "if __name__ != 'x':\n    pass\nflag = True\nif flag:\n    time.sleep(1)",
    "a function below": "below(wanted)",
}
SOMETIMES = {
    "behind an if": "if wanted:\n    time.sleep(1)",
    "in an else": "if wanted:\n    pass\nelse:\n    time.sleep(1)",
    "behind a return": "if not wanted:\n    return None\ntime.sleep(1)",
    "behind a return in an else": "if wanted:\n    pass\nelse:\n    return None\ntime.sleep(1)",
    "behind a return in a loop": "for one in wanted:\n    if one: return None\n    time.sleep(1)",
    "behind a return deeper inside": "for one in wanted:\n    if one:\n        return None\ntime.sleep(1)",
    "behind a break": "while 1:\n    if wanted():\n        break\n    time.sleep(1)",
    "when something fails": "try:\n    wanted()\nexcept OSError:\n    time.sleep(1)",
    "in one case": "match wanted:\n    case 1: time.sleep(1)",
    "in a part of an expression": "return requests.get('http://x') if wanted else None",
    "behind an and": "return wanted and requests.get('http://x')",
    "behind an or": "return wanted or requests.get('http://x')",
    "a function below": "if wanted:\n    below(wanted)",
}


def found(folder: Path, body: str) -> Finding:
    code = "import time, requests\ndef below(x):\n    time.sleep(1)\ndef work(wanted):\n" + indent(body, "    ")
    (folder / "a.py").write_text(code + "\nasync def handler(wanted):\n    if wanted:\n        work(wanted)\n")
    (one,) = check([folder / "a.py"]).findings
    return one


@pytest.mark.parametrize("body", ALWAYS.values(), ids=ALWAYS.keys())
def test_what_a_called_function_always_does_is_certain(tmp_path: Path, body: str) -> None:
    one = found(tmp_path, body)
    assert (one.certain, one.sometimes) == (True, False)


@pytest.mark.parametrize("body", SOMETIMES.values(), ids=SOMETIMES.keys())
def test_what_it_does_on_some_of_its_ways_is_possible(tmp_path: Path, body: str) -> None:
    one = found(tmp_path, body)
    assert (one.certain, one.sometimes) == (False, True)
    assert "(in some cases called by `" in one.message


def test_of_several_ways_the_surest_is_shown(tmp_path: Path) -> None:
    one = found(tmp_path, "if wanted:\n    time.sleep(1)\nbelow(wanted)")
    assert one.certain
    assert [step.function for step in one.chain] == ["handler", "work", "below"]


def test_of_two_that_exclude_each_other_what_comes_first_is_shown(tmp_path: Path) -> None:
    one = found(tmp_path, "if below(wanted):\n    return None\ntime.sleep(1)")
    assert one.certain
    assert [step.function for step in one.chain] == ["handler", "work", "below"]


def test_one_of_several_that_may_be_called_is_said_to_be_one(tmp_path: Path) -> None:
    code = """
        import redis, requests
        class Cache:
            def get(self, key): raise NotImplementedError
        class InRedis(Cache):
            def __init__(self): self.client = redis.Redis()
            def get(self, key): return self.client.get(key)
        class ByHttp(Cache):
            def get(self, key): return requests.get(key).text
        async def handler(cache: Cache):
            cache.get("x")
    """
    (tmp_path / "a.py").write_text(dedent(code))
    (one,) = check([tmp_path / "a.py"]).findings
    assert one.certain
    assert "`, or by what takes its place)" in one.message


def test_in_a_lifespan_and_in_tests_it_is_told_of_all_the_same(tmp_path: Path) -> None:
    code = """
        import time
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        def prepare(wanted):
            if wanted:
                time.sleep(1)
        @asynccontextmanager
        async def lifespan(app):
            prepare(app)
            yield
        app = FastAPI(lifespan=lifespan)
    """
    (tmp_path / "app.py").write_text(dedent(code))
    (tmp_path / "test_app.py").write_text("from app import prepare\nasync def test_it(x):\n    prepare(x)\n")
    assert [(one.place, one.certain) for one in check([tmp_path]).findings] == [("startup", False), ("tests", False)]


def test_a_commit_just_after_a_call_that_has_committed_is_possible(tmp_path: Path) -> None:
    code = """
        from sqlalchemy.orm import Session
        def save(session: Session, name):
            row = find(session, name)
            if row is None:
                return
            store(row, session=session)
        def find(session: Session, name): return session.get(name, 1)
        def store(row, session: Session):
            session.add(row)
            session.commit()
        async def again(session: Session):
            save(session, "x")
            session.commit()
        async def twice(session: Session):
            session.add(1)
            session.commit()
            session.commit()
        async def with_something_new(session: Session):
            save(session, "x")
            session.add(2)
            session.commit()
        async def only_read(session: Session):
            find(session, "x")
            session.commit()
        async def in_a_loop(session: Session):
            for one in range(2):
                save(session, "x")
                session.commit()
                session.add(one)
        async def with_a_row_that_changed(session: Session, row):
            save(session, "x")
            row.name = "y"
            session.commit()
        def touch(session: Session, row):
            session.commit()
            row.name = "z"
        async def with_a_row_that_a_call_changed(session: Session, row):
            touch(session, row)
            session.commit()
        async def perhaps(session: Session, other: bool):
            session.add(3)
            if other:
                save(session, "x")
            session.commit()
    """
    (tmp_path / "a.py").write_text(dedent(code))
    commits = [one for one in check([tmp_path / "a.py"]).findings if len(one.chain) == 1 and "commit" in one.message]
    told = sorted((one.line, one.chain[0].function, one.certain) for one in commits)
    assert [(function, certain) for _, function, certain in told] == [
        ("again", False),
        ("twice", True),
        ("twice", False),
        ("with_something_new", True),
        ("only_read", True),
        ("in_a_loop", True),
        ("with_a_row_that_changed", True),
        ("with_a_row_that_a_call_changed", True),
        ("perhaps", True),
    ]
