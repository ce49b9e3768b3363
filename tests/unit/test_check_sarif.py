"""SARIF output has what the 2.1.0 schema requires, in the forms that it allows: asked of every finding of the cases.

The schema is not copied here; what it says of the parts that are written is asked one by one.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from loopline.check import Finding, Step, check
from loopline.check.output.sarif import render_sarif
from loopline.check.runner import Report

CASES = Path(__file__).parents[1] / "check_cases"
URI = re.compile(r"^[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+$")


def only(value: dict[str, Any], required: set[str], optional: set[str]) -> dict[str, Any]:
    assert required <= set(value) <= required | optional, set(value)
    return value


def texts(value: dict[str, Any]) -> None:
    only(value, {"text"}, set())
    assert isinstance(value["text"], str)
    assert value["text"]


def valid_location(value: dict[str, Any]) -> None:
    place = only(value, {"physicalLocation"}, {"message"})["physicalLocation"]
    if "message" in value:
        texts(value["message"])
    only(place, {"artifactLocation", "region"}, set())
    uri = only(place["artifactLocation"], {"uri"}, set())["uri"]
    assert URI.match(uri)
    assert not re.search(r"%(?![0-9A-F]{2})", uri)
    region = only(place["region"], {"startLine", "startColumn"}, set())
    assert all(type(number) is int and number >= 1 for number in region.values())


def valid_result(value: dict[str, Any], rules: list[str]) -> None:
    only(value, {"ruleId", "level", "message", "locations"}, {"codeFlows", "properties"})
    assert value["ruleId"] in rules
    assert value["level"] in ("none", "note", "warning", "error")
    texts(value["message"])
    assert len(value["locations"]) == 1
    for location in value["locations"]:
        valid_location(location)
    for flow in value.get("codeFlows", []):
        assert only(flow, {"threadFlows"}, set())["threadFlows"]
        for thread in flow["threadFlows"]:
            assert only(thread, {"locations"}, set())["locations"]
            for one in thread["locations"]:
                valid_location(only(one, {"location"}, set())["location"])


def valid(text: str) -> list[dict[str, Any]]:
    log = only(json.loads(text), {"version", "runs"}, {"$schema"})
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    only(run, {"tool", "results"}, {"columnKind"})
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    driver = only(run["tool"], {"driver"}, set())["driver"]
    only(driver, {"name", "rules"}, {"version", "informationUri"})
    names = []
    for rule in driver["rules"]:
        only(rule, {"id", "shortDescription", "fullDescription"}, {"helpUri"})
        texts(rule["shortDescription"])
        texts(rule["fullDescription"])
        names.append(rule["id"])
    assert len(set(names)) == len(names)
    for result in run["results"]:
        valid_result(result, names)
    results: list[dict[str, Any]] = run["results"]
    return results


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
