"""A baseline keeps quiet of what is known, wherever its lines move; what is new is reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loopline.check.command import run_check

CODE = """import time
async def one():
    time.sleep(1)
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = Path("shop.py")
    file.write_text(CODE)
    return file


def write() -> None:
    assert run_check(["shop.py", "--baseline", "known.json", "--write-baseline"]) == 0


def test_known_findings_are_not_reported_and_counted(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_check([str(shop)]) == 1
    write()
    assert run_check(["shop.py", "--baseline", "known.json"]) == 0
    assert "Nothing new found in 1 file, 1 known from the baseline." in capsys.readouterr().out


def test_a_finding_that_moved_is_still_known(shop: Path) -> None:
    write()
    shop.write_text("'''A shop.'''\n\n\nX = 1\n" + CODE.replace("    time", "\n    time"))
    assert run_check(["shop.py", "--baseline", "known.json"]) == 0


def test_the_same_mistake_once_more_is_new(shop: Path) -> None:
    write()
    shop.write_text(CODE + "    time.sleep(1)\n")
    assert run_check(["shop.py", "--baseline", "known.json"]) == 1
    shop.write_text(CODE + "async def two():\n    time.sleep(1)\n")
    assert run_check(["shop.py", "--baseline", "known.json"]) == 1


def test_it_is_written_without_line_numbers_in_an_order_that_stays(shop: Path) -> None:
    write()
    first = Path("known.json").read_text()
    shop.write_text("\n\n" + CODE)
    write()
    assert Path("known.json").read_text() == first
    assert json.loads(first)["findings"] == [
        {
            "code": "LL101",
            "path": "shop.py",
            "function": "one",
            "text": "time.sleep(1)",
            "cause": "shop.py one: time.sleep(1)",
            "count": 1,
        }
    ]


@pytest.mark.parametrize("content", ["", "[]", '{"version": 0}', '{"version": 1, "findings": [{"code": 1}]}', "\x00"])
def test_what_is_no_baseline_is_refused(shop: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("known.json").write_text(content)
    assert run_check([str(shop), "--baseline", "known.json"]) == 2
    assert "known.json" in capsys.readouterr().err


def test_a_missing_baseline_and_a_missing_name_are_refused(shop: Path) -> None:
    assert run_check([str(shop), "--baseline", "none.json"]) == 2
    assert run_check([str(shop), "--write-baseline"]) == 2
