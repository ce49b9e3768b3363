"""Findings as SARIF 2.1.0."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from loopline.check.finding import SKIPPED, Finding, Step
from loopline.check.rules import all_rules
from loopline.check.runner import Report

__all__ = ["render_sarif"]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_sarif(report: Report) -> str:
    """Return the findings as a SARIF log; chains are code flows."""
    described = [(SKIPPED, "a file can't be parsed", "It was skipped.")]
    described += [(rule.CODE, rule.TITLE, (rule.__doc__ or rule.TITLE).strip()) for rule in all_rules()]
    rules = [
        {"id": code, "shortDescription": {"text": title}, "fullDescription": {"text": text}}
        for code, title, text in described
    ]
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "loopline check", "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(one) for one in report.findings],
            }
        ],
    }
    return json.dumps(log, indent=1, ensure_ascii=False)


def _result(finding: Finding) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": "error" if finding.certain else "warning",
        "message": {"text": f"{finding.message}. {finding.advice}"},
        "locations": [_location(finding.path, finding.line, finding.column)],
        "properties": {"certainty": finding.certainty, "place": finding.place},
    }
    if len(finding.chain) > 1:
        flow = [{"location": _step(step)} for step in finding.chain]
        result["codeFlows"] = [{"threadFlows": [{"locations": flow}]}]
    return result


def _step(step: Step) -> dict[str, Any]:
    return {**_location(step.path, step.line, 1), "message": {"text": f"{step.function}: {step.text}"}}


def _location(path: str, line: int, column: int) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(PurePath(path).as_posix())},
            "region": {"startLine": max(line, 1), "startColumn": max(column, 1)},
        }
    }
