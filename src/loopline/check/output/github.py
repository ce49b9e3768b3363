"""Findings as annotations of GitHub Actions."""

from __future__ import annotations

from loopline.check.finding import Finding
from loopline.check.runner import Report

__all__ = ["render_github"]


def render_github(report: Report) -> str:
    """Return a workflow command for each finding: an error if it is certain, else a warning."""
    return "".join(_command(one) for one in report.findings)


def _command(finding: Finding) -> str:
    kind = "error" if finding.certain else "warning"
    place = f"file={_property(finding.path)},line={finding.line},col={finding.column},title={finding.code}"
    way = "".join(f"\n{step.path}:{step.line} {step.function}: {step.text}" for step in finding.chain[:-1])
    return f"::{kind} {place}::{_data(f'{finding.message}. {finding.advice}{way}')}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
