"""Findings as a JSON list."""

from __future__ import annotations

import json

from loopline.check.finding import Finding
from loopline.check.runner import Report

__all__ = ["render_json"]


def render_json(report: Report) -> str:
    """Return the findings as a JSON list of objects."""
    return json.dumps([_object(one) for one in report.findings], indent=1, ensure_ascii=False)


def _object(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "certainty": finding.certainty,
        "place": finding.place,
        "route": finding.route,
        "message": finding.message,
        "advice": finding.advice,
        "cause": finding.cause,
        "chain": [
            {"path": step.path, "line": step.line, "function": step.function, "text": step.text}
            for step in finding.chain
        ],
    }
