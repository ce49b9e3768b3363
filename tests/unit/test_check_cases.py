"""What the check finds in small files, each about one thing. `# error: LL101` marks a line on which that is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loopline.check import Finding, check
from loopline.check import rules as rules_package
from loopline.check.rules import all_rules

CASES = Path(__file__).parents[1] / "check_cases"
MARK = re.compile(r"# error: (LL\d+)")
ASKED = {"b": "LL1", "g": "LL1", "a": "LL2", "ag": "LL2", "t": "LL3", "tg": "LL3"}
MAY_BE_POSSIBLE = {"b_threading_lock", "b_unknown_lib_http", "b_lru_cache", "b_getattr"}


@pytest.fixture(autouse=True)
def _as_an_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the cases from their own folder: below `tests` they would be tests."""
    monkeypatch.chdir(CASES)


def found_in(file: Path) -> list[Finding]:
    findings = check([file]).findings
    return [one for one in findings if one.code.startswith(ASKED[file.name.split("_")[0]])]


@pytest.mark.parametrize("file", sorted(CASES.glob("*.py")), ids=lambda file: file.stem)
def test_exactly_the_marked_lines_are_found(file: Path) -> None:
    marked = {
        (number, code) for number, line in enumerate(file.read_text().splitlines(), 1) for code in MARK.findall(line)
    }
    assert {(one.line, one.code) for one in found_in(file)} == marked


@pytest.mark.parametrize("file", sorted((CASES / "labelled").glob("*.py")), ids=lambda file: file.stem)
def test_a_labelled_case_is_found_or_silent_as_its_label_says(file: Path) -> None:
    found = found_in(file)
    assert bool(found) == (file.name.split("_")[0] in ("b", "a"))
    if found and file.stem not in MAY_BE_POSSIBLE:
        assert any(one.certain for one in found)


def test_each_rule_has_documentation_a_title_a_good_and_a_bad_example_and_a_case() -> None:
    marked = {code for file in CASES.glob("*.py") for code in MARK.findall(file.read_text())}
    rules = all_rules()
    files = sorted(file.stem for file in Path(rules_package.__file__).parent.glob("ll*.py"))
    assert [name.split("_")[0].upper() for name in files] == [rule.CODE for rule in rules]
    for rule in rules:
        assert rule.TITLE
        assert "Bad:" in (rule.__doc__ or "")
        assert "Good:" in (rule.__doc__ or "")
    assert {rule.CODE for rule in rules} == marked
    page = (Path(__file__).parents[2] / "docs" / "check.md").read_text()
    assert set(re.findall(r"^\| (LL[1-9]\d\d) \|", page, re.MULTILINE)) == marked
