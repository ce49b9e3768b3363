"""The rules, a file each. A rule is a module: its docstring documents it, ``CODE`` is its code, ``check`` finds."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Protocol

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding

__all__ = ["Rule", "all_rules"]


class Rule(Protocol):
    """What a rule's module has."""

    __doc__: str | None
    CODE: str
    TITLE: str

    def check(self, analysis: Analysis) -> Iterable[Finding]:
        """Return what the rule finds in a project."""


def all_rules() -> list[Rule]:
    """Return the rules, ordered by code."""
    names = sorted(file.stem for file in Path(__file__).parent.glob("ll*.py"))
    return [import_module(f"loopline.check.rules.{name}") for name in names]
