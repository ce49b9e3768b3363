"""Large projects are parsed where it matters only: that changes nothing of what is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopline.check import check, project

CASES = Path(__file__).parents[1] / "check_cases"

MAIL = "import httpx\nclient = httpx.AsyncClient()\nasync def send(): ...\nclass Box:\n    async def put(self): ...\n"
FORGETS = {
    "the function itself": "from mail import send\ndef f():\n    send()\n",
    "under another name": "from mail import send as post\ndef f():\n    post()\n",
    "through a module": "import mail\ndef f():\n    mail.send()\n",
    "a method": "from mail import Box\ndef f(box: Box):\n    box.put()\n",
    "a client": "from mail import client\ndef f():\n    client.get('/')\n",
    "a name in a third module": "from third import post\ndef f():\n    post()\n",
    "a function that gives it": "from third import make\ndef f():\n    make()\n",
    "an object of a third module": "from third import box\ndef f():\n    box.put()\n",
    "an attribute of an object": "from third import Holder\ndef f(holder: Holder):\n    holder.inner.put()\n",
}
THIRD = (
    "from mail import Box, send\npost = send\nbox = Box()\ndef make():\n    return send()\n"
    "class Holder:\n    def __init__(self):\n        self.inner = Box()\n"
)


def test_all_cases_as_one_project_have_the_same_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "LAZY_FROM", 10_000)
    whole = check([CASES])
    monkeypatch.setattr(project, "LAZY_FROM", 1)
    lazy = check([CASES])
    assert lazy == whole


@pytest.mark.parametrize("code", FORGETS.values(), ids=FORGETS.keys())
def test_an_await_forgotten_in_a_module_without_the_word_is_found(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "LAZY_FROM", 1)
    for name, text in {"mail": MAIL, "third": THIRD, "forgets": code, "other": "def f():\n    return 1\n"}.items():
        (tmp_path / f"{name}.py").write_text(text)
    assert [(Path(one.path).name, one.code) for one in check([tmp_path]).findings] == [("forgets.py", "LL201")]


def test_a_subclass_and_a_protocol_are_found_in_modules_without_the_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "LAZY_FROM", 1)
    files = {
        "base": "from typing import Protocol\nclass Base:\n    def run(self): ...\n"
        "class Able(Protocol):\n    def work(self): ...\n",
        "below": "import time\nimport base as b\nclass Below(b.Base):\n    def run(self):\n        time.sleep(1)\n",
        "able": "import time\nclass Works:\n    def work(self):\n        time.sleep(1)\n",
        "uses": "from base import Able, Base\nasync def f(one: Base, two: Able):\n    one.run()\n    two.work()\n",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    assert [(one.code, one.line) for one in check([tmp_path]).findings] == [("LL101", 3), ("LL101", 4)]


def test_a_file_that_is_never_needed_is_parsed_to_tell_whether_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "LAZY_FROM", 1)
    (tmp_path / "broken.py").write_text("def (\n")
    (tmp_path / "fine.py").write_text("X = 1\n")
    report = check([tmp_path])
    assert ([one.code for one in report.findings], report.files) == (["LL001"], 1)
