"""Findings are written for people, for programs, for GitHub and as SARIF; the command answers with its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from loopline.check import check
from loopline.check.command import run_check
from loopline.check.output.github import render_github
from loopline.check.output.json_list import render_json
from loopline.check.output.sarif import render_sarif
from loopline.check.output.text import render_text
from loopline.check.runner import Report

CODE = """
import time, threading
from fastapi import FastAPI
app = FastAPI()
lock = threading.Lock()
def slow():
    time.sleep(1)
@app.get("/report")
async def report():
    slow()
    with lock: pass
@app.get("/again")
async def again():
    slow()
"""


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    monkeypatch.chdir(tmp_path)
    Path("shop.py").write_text(CODE)
    return check([Path("shop.py")])


def test_text_shows_the_chain_the_source_and_the_advice_once_for_each_cause(report: Report) -> None:
    text = render_text(report)
    assert "in requests" in text
    assert "LL101 `time.sleep` sleeps (called by `slow`)" in text
    assert "GET /report" in text
    assert "    shop.py:10 report  slow()\n    shop.py:7 slow  time.sleep(1)\n" in text
    assert "→ Instead: await asyncio.sleep(…)." in text
    assert "also from shop.py:14 GET /again" in text
    assert "△ LL101 possible" in text
    assert text.endswith("2 certain, 1 possible, in 1 file.\n")


def test_the_summary_counts_requests_startup_commands_and_tests_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    slow = "import time\nasync def slow():\n    time.sleep(1)\n"
    for name in ("test_shop.py", "cli.py"):
        Path(name).write_text(slow)
    Path("shop.py").write_text(CODE + "@app.on_event('startup')\nasync def begin():\n    slow()\n")
    text = render_text(check([Path()]))
    headings = [line for line in text.splitlines() if line.startswith("──")]
    assert headings == ["── in requests", "── at startup and shutdown", "── on the command line", "── in tests"]
    assert text.endswith(
        "5 certain, 1 possible, in 3 files: "
        "3 in requests, 1 at startup and shutdown, 1 on the command line, 1 in tests.\n"
    )


def test_json_is_a_list_of_findings(report: Report) -> None:
    first = json.loads(render_json(report))[0]
    assert (first["code"], first["path"], first["line"], first["certainty"]) == ("LL101", "shop.py", 10, "certain")
    assert first["chain"][-1] == {"path": "shop.py", "line": 7, "function": "slow", "text": "time.sleep(1)"}
    assert {"message", "advice", "route", "place", "column", "cause"} <= set(first)


def test_github_annotations_are_errors_if_certain_and_escaped(report: Report) -> None:
    lines = render_github(report).splitlines()
    assert lines[0].startswith("::error file=shop.py,line=10,col=5,title=LL101::`time.sleep`")
    assert "%0Ashop.py:10" in lines[0]
    assert any(line.startswith("::warning ") for line in lines)


def test_sarif_names_rules_places_and_code_flows(report: Report) -> None:
    log = json.loads(render_sarif(report))
    run = log["runs"][0]
    assert log["version"] == "2.1.0"
    assert "LL101" in {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    result = run["results"][0]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 10, "startColumn": 5}
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [one["location"]["physicalLocation"]["region"]["startLine"] for one in steps] == [10, 7]


@pytest.mark.usefixtures("report")
def test_exit_codes_say_nothing_found_findings_and_usage(capsys: pytest.CaptureFixture[str]) -> None:
    Path("fine.py").write_text("async def f(): ...\n")
    assert run_check(["fine.py"]) == 0
    assert run_check(["shop.py"]) == 1
    assert run_check(["shop.py", "--ignore", "LL1"]) == 0
    assert run_check(["missing.py"]) == 2
    assert run_check([]) == 2
    assert "there is no missing.py" in capsys.readouterr().err


@pytest.mark.usefixtures("report")
def test_only_certain_findings_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    run_check(["shop.py", "--certain", "--format", "json"])
    assert {one["certainty"] for one in json.loads(capsys.readouterr().out)} == {"certain"}


def test_a_rule_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_check(["--explain", "ll101"]) == 0
    assert "Bad:" in capsys.readouterr().out
    assert run_check(["--explain", "LL999"]) == 2


@pytest.mark.usefixtures("report")
def test_settings_are_read_and_wrong_ones_are_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pyproject.toml").write_text('[tool.loopline.check]\nignore = ["LL101"]\n')
    assert run_check(["shop.py"]) == 0
    Path("pyproject.toml").write_text('[tool.loopline.check]\nexclude = ["shop*"]\n')
    assert run_check(["shop.py"]) == 0
    Path("pyproject.toml").write_text('[tool.loopline.check]\nexlude = ["shop*"]\n')
    assert run_check(["shop.py"]) == 2
    Path("pyproject.toml").write_text('[tool.loopline.check]\nignore = "LL1"\n')
    assert run_check(["shop.py"]) == 2
    assert "is a list of strings" in capsys.readouterr().err


@pytest.mark.usefixtures("report")
def test_the_program_has_the_command_and_it_imports_nothing_heavy() -> None:
    code = """
import sys
import loopline.entry
from loopline.check.command import run_check
assert run_check(["shop.py"]) == 1
heavy = {"fastapi", "starlette", "sqlalchemy", "pydantic", "anyio", "typer", "rich"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "LL101" in done.stdout


@pytest.mark.usefixtures("report")
def test_the_exit_code_says_whether_anything_was_found() -> None:
    start = [sys.executable, "-c", "from loopline.entry import main; main()", "check"]
    assert subprocess.run([*start, "shop.py"], capture_output=True).returncode == 1
    Path("empty.py").write_text("")
    assert subprocess.run([*start, "empty.py"], capture_output=True).returncode == 0
    assert subprocess.run([*start, "nowhere"], capture_output=True).returncode == 2


@pytest.mark.usefixtures("report")
def test_a_reader_that_has_enough_is_no_error() -> None:
    Path("long.py").write_text("import time\n" + "async def f(): time.sleep(1)\n" * 2000)
    command = [sys.executable, "-c", "from loopline.entry import main; main()", "check", "long.py", "--no-cache"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as check:
        assert check.stdout is not None
        assert check.stderr is not None
        check.stdout.close()
        assert check.stderr.read() == b""
    assert check.returncode == 1
