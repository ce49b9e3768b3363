"""This library's own source, with the reference service in it, is what `loopline check` finds little in."""

from __future__ import annotations

from pathlib import Path

from loopline.check import check

SOURCE = Path(__file__).parents[2] / "src"


def test_the_only_certain_findings_are_the_two_labelled_mistakes_of_the_demo() -> None:
    found = {(Path(one.path).name, one.code, one.route) for one in check([SOURCE]).findings if one.certain}
    assert found == {("mistakes.py", "LL101", "GET /bad"), ("mistakes.py", "LL202", "GET /wrong")}
