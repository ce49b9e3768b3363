"""What did not change is not looked at again; the answer is the one that a whole check gives. Damage does no harm."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from check_edits import answers_after_edits

from loopline.check import Finding, check, project, runner
from loopline.check.settings import Settings

CASES = Path(__file__).parents[1] / "check_cases" / "labelled"
LONG = 400 if os.environ.get("LOOPLINE_CHAOS") == "long" else 0
FILES = {
    "shop/__init__.py": "",
    "shop/work.py": "import time\ndef slow():\n    time.sleep(1)\n",
    "shop/mail.py": "async def send(): ...\n",
    "shop/routes.py": "from shop.work import slow\nasync def f():\n    slow()\n",
    "shop/tools.py": "def add(a, b):\n    return a + b\n",
    "shop/notify.py": "from shop.mail import send\ndef notify():\n    send()\n",
    "shop/models.py": "class Base:\n    def run(self): ...\n",
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose files are parsed when they are needed, as those of large projects are."""
    monkeypatch.setattr(project, "LAZY_FROM", 1)
    monkeypatch.chdir(tmp_path)
    for name, code in FILES.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(code)
    return tmp_path


def again(folder: Path) -> tuple[list[Finding], bool]:
    """Check with the cache, and tell whether it answered; without it the findings must be the same."""
    called = []
    real = runner._check

    def note(*given: object) -> object:
        called.append(given)
        return real(*given)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "_check", note)
        found = check([folder / "shop"], cache=folder).findings
    assert found == check([folder / "shop"]).findings
    return found, not called


def test_without_a_change_the_last_result_is_the_answer(shop: Path) -> None:
    first, answered = again(shop)
    assert {one.code for one in first} == {"LL101", "LL201"}
    assert not answered
    assert again(shop) == (first, True)
    assert (shop / ".loopline_cache" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("shop/work.py", "import time\ndef slow():\n    pass\n"),
        ("shop/routes.py", "async def f(): ...\n"),
        ("shop/tools.py", "async def add(a, b): ...\n"),
        ("shop/tools.py", "from shop.mail import send as x\ndef f():\n    x()\n"),
        ("shop/tools.py", "def add(a, b:\n"),
        ("shop/new.py", "X = 1\n"),
    ],
)
def test_a_change_that_may_matter_is_looked_at(shop: Path, name: str, code: str) -> None:
    again(shop)
    Path(name).write_text(code)
    _, answered = again(shop)
    assert not answered


def test_a_change_in_a_file_that_played_no_part_is_not(shop: Path) -> None:
    first, _ = again(shop)
    Path("shop/tools.py").write_text(
        "def add(a, b):\n    # sums\n    return b + a\n\n\ndef more():\n    return add(1, 2)\n"
    )
    assert again(shop) == (first, True)
    assert again(shop) == (first, True)


MOVED = {
    "a comment before": ("shop/routes.py", "# The routes.\n\nfrom shop.work import slow\nasync def f():\n    slow()\n"),
    "a comment after": ("shop/work.py", "import time\n\n\ndef slow():\n    time.sleep(1)  # slowly\n"),
    "a docstring's words": ("shop/models.py", '"""What runs."""\nclass Base:\n    def run(self): ...\n'),
    "a line break": ("shop/work.py", "import time\ndef slow(\n):\n    time.sleep(1)\n"),
    "another indent": ("shop/notify.py", "from shop.mail import send\ndef notify():\n  send()\n"),
    "silenced": (
        "shop/routes.py",
        "from shop.work import slow\nasync def f():\n    slow()  # loopline: ignore[LL101]\n",
    ),
}


@pytest.mark.parametrize(("name", "code"), MOVED.values(), ids=MOVED.keys())
def test_where_code_only_moved_the_findings_move_with_it(shop: Path, name: str, code: str) -> None:
    Path("shop/models.py").write_text('"""Models."""\nclass Base:\n    def run(self): ...\n')
    again(shop)
    Path(name).write_text(code)
    assert again(shop)[1]
    Path(name).write_text("# Once more.\n" + code)
    assert again(shop)[1]


@pytest.mark.parametrize(
    "code",
    [
        "from unittest import mock\nfrom shop.work import slow\nasync def f():\n    slow()\n",
        "from shop.work import slow\nasync def f():\n    slow\n",
        "from shop.work import slow\nasync def f(a=1):\n    slow()\n",
        "from shop.work import slow\nasync def f():\n    slow()  # a mock\n",
        "from shop.work import slow\nasync def f():\n    slow()\n# shop.shutdown() is __main__\n",
    ],
    ids=["another import", "no call", "another parameter", "a word that tests are told by", "a command's word"],
)
def test_where_more_than_its_place_changed_it_is_looked_at(shop: Path, code: str) -> None:
    again(shop)
    Path("shop/routes.py").write_text(code)
    assert not again(shop)[1]


JOBS = """
import time


class Job:
    def __init__(self, wait):
        self.wait = wait

    def run(self) -> int:
        time.sleep(self.wait)
        print("ran")
        return 1

    async def work(self):
        found = []
        for one in range(3):
            found.append(self.run())
        return found


def plan(steps):
    def step():
        time.sleep(1)
    return steps(step)


async def main():
    job = Job(1)
    await job.work()
    plan(lambda step: step())
"""
ALIKE = {
    "a line that prints": ("        found = []\n", "        found = []\n        print(found, 'at first')\n"),
    "a docstring": ("        found = []\n", '        """Work."""\n        found = []\n'),
    "another text": ('print("ran")', 'print("has run", self)'),
    "a line less": ('        print("ran")\n', ""),
    "one more statement": ("        found = []\n", "        found = []\n        count = 3\n"),
    "a line that only looks like one for the log": ('print("ran")', "self.info('ran')"),
    "a call that blocks, whatever it is given": ("        found = []\n", "        time.sleep(1)\n        found = []\n"),
    "on one line": ("            found.append(self.run())\n", "            found.append( self.run( ) )\n"),
}
OTHERWISE = {
    "what it gives": ("        found = []\n", "        found = []\n        found.append(1)\n"),
    "another loop": ("range(3)", "range(4, 5)"),
    "in a method that others call": ("        return 1\n", "        return 1 + 1\n"),
    "a call that is printed": ('print("ran")', "print(self.work())"),
    "another call that blocks": (
        "        found = []\n",
        "        found = []\n        if found:\n            time.sleep(1)\n",
    ),
    "one less": ("found.append(self.run())", "found.append(self)"),
    "a forgotten await": ("        found = []\n", "        found = []\n        self.work()\n"),
    "what an object holds": ("self.wait = wait", "self.wait = wait or 1"),
    "what a method gives": ("        return 1\n", "        return self\n"),
    "a function inside": ("        time.sleep(1)\n    return", "        time.sleep(2)\n    return"),
    "what a caller decides": ("return steps(step)", "return steps(step) or 1"),
}


@pytest.mark.parametrize(("old", "new"), ALIKE.values(), ids=ALIKE.keys())
def test_where_a_body_does_what_it_did_the_last_result_is_the_answer(shop: Path, old: str, new: str) -> None:
    file = Path("shop/jobs.py")
    file.write_text(JOBS)
    again(shop)
    assert old in JOBS
    file.write_text(JOBS.replace(old, new))
    assert again(shop)[1]


ROUTE = """
import asyncio
import time

import requests
from fastapi import FastAPI

app = FastAPI()


async def later():
    await other()


@app.get("/")
async def index(name: str):
    time.sleep(1)
    return name


async def other():
    time.sleep(2)
    await asyncio.sleep(1)
"""
DIRECT = {
    "one more call": (
        "sleep(1)\n    return",
        "sleep(1)\n    requests.get(name)\n    return",
        ["later", "index", "index"],
    ),
    "one less": ("    time.sleep(1)\n", "    await asyncio.sleep(1)\n", ["later"]),
    "handed over": ("    time.sleep(1)\n", "    await asyncio.to_thread(time.sleep, 1)\n", ["later"]),
    "what it answers": ("return name", "return requests.get(name).text", ["later", "index", "index"]),
    "one inside another": ("return name", "return open(open(name).read())", ["later", "index", "index", "index"]),
    "another loop": ("    time.sleep(1)\n", "    asyncio.run(later)\n", ["later", "index"]),
    "behind another function": (
        "    time.sleep(2)\n",
        "    time.sleep(3)\n    time.sleep(4)\n",
        ["index", "later", "later"],
    ),
    "a silenced one": (
        "sleep(1)\n    return",
        "sleep(1)  # loopline: ignore\n    time.sleep(2)\n    return",
        ["later", "index"],
    ),
}


@pytest.mark.parametrize(("old", "new", "first"), DIRECT.values(), ids=DIRECT.keys())
def test_what_an_async_def_itself_calls_is_told_of_without_a_whole_check(
    shop: Path, old: str, new: str, first: list[str]
) -> None:
    file = Path("shop/site.py")
    file.write_text(ROUTE)
    again(shop)
    assert ROUTE.count(old) == 1
    for head in ("", "# The site.\n"):
        file.write_text(head + ROUTE.replace(old, new))
        found, answered = again(shop)
        assert answered
        here = [one for one in found if one.path.endswith("site.py")]
        assert sorted(one.chain[0].function for one in here) == sorted(first)


SITE = """\
\"\"\"A site.\"\"\"
import time


class Site:
    async def show(self):
        time.sleep(1)


async def index(site: Site):
    await site.show()
    time.sleep(2)
"""
NEW: dict[str, tuple[str, str, list[str]]] = {  # what is put above all else and below, and whose findings there are
    "a function that blocks": ("", "async def fresh(url):\n    if url:\n        open(url)\n", ["fresh"]),
    "one with its import": (
        "import urllib.request",
        "async def fresh(): urllib.request.urlopen('x')\n",
        ["fresh"],
    ),
    "one that waits": ("import asyncio", "async def fresh() -> None:\n    await asyncio.sleep(1)\n", []),
    "one that nobody calls": ("", "def fresh(a: int = 1) -> int:\n    time.sleep(a)\n    return a\n", []),
    "one whose head takes lines": ("", "async def fresh(\n    a,  # one\n):\n    'Do.'\n    open(a)\n", ["fresh"]),
    "two": ("", "def fresh():\n    return 1\nasync def other():\n    time.sleep(1)\n", ["other"]),
    "an import": ("import json", "", []),
}


@pytest.mark.parametrize(("above", "below", "more"), NEW.values(), ids=NEW.keys())
def test_what_is_new_and_known_to_nobody_needs_no_whole_check(
    shop: Path, above: str, below: str, more: list[str]
) -> None:
    file = Path("shop/site.py")
    file.write_text(SITE)
    Path("shop/start.py").write_text(
        "import asyncio\nfrom shop.site import Site, index\nasync def start():\n    await index(Site())\n"
    )
    again(shop)
    for code in (SITE, SITE.replace("sleep(2)", "sleep(2)\n    time.sleep(3)")):
        head, rest = code.split("\n", 1)
        for text in (f"{head}\n{above}\n{rest}\n\n{below}", f"{head}\n{above}\n\n{below}{rest}"):
            file.write_text(text)
            found, answered = again(shop)
            assert answered
            here = [one.chain[-1].function for one in found if one.path.endswith("site.py")]
            others = ["Site.show", *["index"] * (1 + ("sleep(3)" in code))]
            assert sorted(here) == sorted([*others, *more])


KNOWN = {  # what another file has, and what is new
    "one that another file names": ("# later: fresh", "async def fresh(): time.sleep(1)"),
    "one that its own file calls": ("", "async def send(): time.sleep(1)"),
    "one that registers itself": ("", "@app.get('/')\nasync def fresh(): time.sleep(1)"),
    "one that calls the project": ("", "async def fresh(): await index(Site())"),
    "one that changes others": ("", "def fresh(): Site.show = open"),
    "a part of the project": ("", "from shop.work import slow"),
    "a name of the module": ("from shop.site import json", "import json"),
    "all that there is": ("", "from os import *"),
    "what is asynchronous": ("", "import httpx"),
    "a class": ("", "class Fresh:\n    async def show(self): time.sleep(1)"),
}


@pytest.mark.parametrize(("code", "new"), KNOWN.values(), ids=KNOWN.keys())
def test_what_is_new_and_may_be_known_to_somebody_is_looked_at(shop: Path, code: str, new: str) -> None:
    file = Path("shop/site.py")
    file.write_text(SITE.replace("    await site.show()", "    await site.show()\n    await send()"))
    Path("shop/tools.py").write_text(f"{code}\ndef add(a, b): ...\n")
    again(shop)
    file.write_text(f"{file.read_text()}\n\n{new}\n")
    assert not again(shop)[1]


def test_files_that_cannot_be_parsed_stand_in_no_edits_way(shop: Path) -> None:
    Path("shop/newer.py").write_text("async def f(:\n    time.sleep(1)\n")
    Path("shop/later.py").write_text("def f(:\n")
    file = Path("shop/site.py")
    file.write_text(SITE)
    before, _ = again(shop)
    assert [one.code for one in before].count("LL001") == 2
    file.write_text(SITE + "    time.sleep(3)\n")
    after, answered = again(shop)
    assert answered
    assert len(after) == len(before) + 1


CLIENT = """
import httpx
from fastapi import FastAPI
app = FastAPI()
_client = None
@app.get("/")
async def ask():
    global _client
    if _client is None:
        _client = httpx.AsyncClient()
    return await _client.get("http://x")
"""


def test_a_client_that_is_kept_no_more_is_looked_at(shop: Path) -> None:
    file = Path("shop/client.py")
    file.write_text(CLIENT)
    assert "LL306" not in {one.code for one in again(shop)[0]}
    file.write_text(CLIENT.replace("if _client is None", "if True"))
    assert "LL306" in {one.code for one in again(shop)[0]}


def test_a_few_files_may_have_changed_since_the_last_whole_check(shop: Path) -> None:
    files = [Path(f"shop/site{number}.py") for number in range(5)]
    for file in files:
        file.write_text(ROUTE)
    before, _ = again(shop)
    for number, file in enumerate(files, 1):
        file.write_text(ROUTE.replace("    return name\n", "    time.sleep(3)\n    return name\n"))
        found, answered = again(shop)
        assert len(found) == len(before) + number
        assert answered == (number < 5)


GIVEN = """
import requests
class Slow:
    def get(self):
        return requests.get("http://x")
class Quick:
    def get(self): ...
async def ask(source, name):
    print(name)
async def both():
    await ask(Slow(), 1)
    await ask(Quick(), 2)
"""


def test_what_hangs_on_what_a_function_is_given_is_looked_at(shop: Path) -> None:
    file = Path("shop/given.py")
    file.write_text(GIVEN)
    before, _ = again(shop)
    file.write_text(GIVEN.replace("    print(name)\n", "    print(name)\n    source = source\n    source.get()\n"))
    after, answered = again(shop)
    assert not answered
    assert len(after) == len(before) + 1


@pytest.mark.parametrize(("old", "new"), OTHERWISE.values(), ids=OTHERWISE.keys())
def test_where_a_body_may_do_something_else_it_is_looked_at(shop: Path, old: str, new: str) -> None:
    file = Path("shop/jobs.py")
    file.write_text(JOBS)
    again(shop)
    assert old in JOBS
    file.write_text(JOBS.replace(old, new))
    assert not again(shop)[1]


@pytest.mark.parametrize("seed", [1, 2])
def test_after_any_edit_the_answer_is_that_of_a_whole_check(tmp_path: Path, seed: int) -> None:
    shutil.copytree(CASES, tmp_path / "cases")
    answers = list(answers_after_edits(tmp_path / "cases", LONG or 30, seed))
    given = [one for one in answers if one is not None]
    assert given
    for name, text, cached, whole in given:
        assert cached == whole, f"{name}\n{text}"


def test_without_the_texts_of_the_last_result_it_is_looked_at(shop: Path) -> None:
    again(shop)
    (file,) = (shop / ".loopline_cache").glob("check-*.zip")
    for content in (b"", b"PK", file.read_bytes()[:-1] + b"x"):
        file.write_bytes(content)
        Path("shop/routes.py").write_text(FILES["shop/routes.py"] + f"# {len(content)}\n")
        assert not again(shop)[1]


def test_a_file_that_is_gone_is_looked_at(shop: Path) -> None:
    again(shop)
    Path("shop/tools.py").unlink()
    assert not again(shop)[1]


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe", b"null", b'{"files": 1}'])
def test_a_damaged_result_counts_for_nothing(shop: Path, content: bytes) -> None:
    first, _ = again(shop)
    (file,) = (shop / ".loopline_cache").glob("check-*.json")
    whole = json.loads(file.read_bytes())
    file.write_bytes(content)
    assert again(shop) == (first, False)
    whole["findings"][0] = [1] * len(whole["findings"][0])
    file.write_text(json.dumps(whole))
    assert again(shop) == (first, False)


def test_other_settings_have_a_result_of_their_own(shop: Path) -> None:
    again(shop)
    assert [one.code for one in check([shop / "shop"], Settings(ignore=("LL1",)), cache=shop).findings] == ["LL201"]


def test_only_so_many_results_are_kept(shop: Path) -> None:
    for number in range(9):
        check([shop / "shop"], Settings(ignore=(f"LL3{number}",)), cache=shop)
    assert len(list((shop / ".loopline_cache").glob("check-*.json"))) == 6
    assert len(list((shop / ".loopline_cache").glob("check-*.zip"))) == 6


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_cannot_be_written_is_left_alone(shop: Path) -> None:
    shop.chmod(0o500)
    try:
        assert again(shop)[0]
    finally:
        shop.chmod(0o700)


FLOW = """
import asyncio
import functools
from pathlib import Path
@functools.cache
def settings():
    return Path("x").read_text()
async def used():
    return settings()
async def index(wanted):
    await asyncio.to_thread(settings)
    return await used()
"""


@pytest.mark.parametrize(
    "line",
    [
        "if wanted: await asyncio.to_thread(settings)",
        "if wanted: return await used()\n    await asyncio.to_thread(settings)",
        "wanted and await asyncio.to_thread(settings)",
        "asyncio.to_thread(settings)",
        "settings()",
        "pass",
    ],
)
def test_what_another_function_counts_on_is_looked_at_when_it_changes(shop: Path, line: str) -> None:
    Path("shop/flow.py").write_text(FLOW)
    before, _ = again(shop)
    Path("shop/flow.py").write_text(FLOW.replace("await asyncio.to_thread(settings)", line))
    after, _ = again(shop)
    assert {one.line for one in before if one.path.endswith("flow.py")} < {
        one.line for one in after if one.path.endswith("flow.py")
    }


TESTED = """
import shop.jobs
from unittest.mock import patch

import pytest


async def test_work(monkeypatch):
    monkeypatch.setattr(shop.jobs, "later", 1)
    with patch("shop.jobs.work"):
        assert shop.jobs.work() == 1
    with pytest.raises(ValueError):
        print(1)
    shop.jobs.work()
"""
IN_TESTS = {
    "what is asserted": ("== 1", "== 2", False),  # what follows runs only then
    "what is printed": ("print(1)", "print('it')", True),
    "a local value": ("    with pytest", "    found = 3\n    with pytest", True),
    "what is set": ('"later", 1', '"later", 2', True),
    "what is replaced by a call": ('"later", 1', '"work", 1', False),
    "what is replaced": ('"shop.jobs.work"', '"shop.jobs.later"', False),
    "while it is replaced": (
        '    with patch("shop.jobs.work"):\n        ',
        '    if patch("shop.jobs.work"):\n        ',
        False,
    ),
    "what must fail": ("        print(1)\n    shop", "        print(1)\n        shop", False),
    "one more call": ("print(1)", "shop.jobs.work()", False),
}


@pytest.mark.parametrize(("old", "new", "known"), IN_TESTS.values(), ids=IN_TESTS.keys())
def test_an_edit_of_a_test_needs_a_whole_check_where_more_than_a_value_changes(
    shop: Path, old: str, new: str, *, known: bool
) -> None:
    Path("shop/jobs.py").write_text("import time\ndef work():\n    time.sleep(1)\ndef later(): ...\n")
    file = Path("shop/test_jobs.py")
    file.write_text(TESTED)
    again(shop)
    assert old in TESTED
    file.write_text(TESTED.replace(old, new))
    assert again(shop)[1] is known
