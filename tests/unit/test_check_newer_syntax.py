"""Files whose syntax is newer than the Python that runs the check are read all the same."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from loopline.check import check
from loopline.check.newer_syntax import in_older_syntax

SOURCES = {
    "aliases": """
        type Key = str
        type Pair[A, B: (int, str)] = tuple[A, B]
        if Key:
            type  Inner[*Ts] = Pair[Key, int]
        """,
    "a generic function": """
        def first[T](items: list[T], *, key: str = "a") -> T:
            return items[0]
        """,
    "an async generic method": """
        class A:
            async def get[**P, *Ts](self, name: str) -> str:
                return name
        """,
    "a generic class": """
        class Box[T: (int, str) = int](dict[str, T]):
            size: int = len("[")
        """,
    "type parameters on several lines": """
        class Wide[
            T,
            S: dict[str, int],
        ](list[T]):
            size = 1
        """,
    "exceptions without brackets": """
        try:
            run()
        except KeyError, errors.Late:
            run()
        except  A , B  :
            run()
        """,
    "a group of exceptions": """
        try:
            run()
        except* KeyError, ValueError:
            run()
        """,
    "names that are words elsewhere": """
        type = 3
        type [type] = type
        match = type
        def f(type): return type [0]
        type X = 1
        """,
}


def names(tree: ast.AST) -> list[tuple[str, int, int]]:
    """Return the names that a tree reads or gives, each with its place."""
    return [(one.id, one.lineno, one.col_offset) for one in ast.walk(tree) if isinstance(one, ast.Name)]


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_newer_syntax_is_read_and_each_name_stands_where_it_stood(source: str) -> None:
    source = dedent(source)
    older = in_older_syntax(source)
    lines = source.splitlines()
    found = names(ast.parse(older, feature_version=(3, 11)))
    assert found
    assert [lines[line - 1][column : column + len(name)] for name, line, column in found] == [
        name for name, *_ in found
    ]
    assert len(older.splitlines()) == len(lines)


def test_what_blocks_in_such_a_file_is_found_with_its_line(tmp_path: Path) -> None:
    tmp_path.joinpath("shop.py").write_text(
        dedent("""\
            import time
            from fastapi import FastAPI
            type Key = str
            app = FastAPI()
            class Store[
                T,
            ]:
                def find[K: Key](self, key: K) -> K:
                    time.sleep(1)
                    return key
            store = Store()
            @app.get("/")
            async def read() -> str:
                try:
                    return store.find("a")
                except KeyError, ValueError:
                    return ""
            """)
    )
    (one,) = check([tmp_path]).findings
    assert (one.code, one.line, [step.line for step in one.chain]) == ("LL101", 15, [15, 9])


def test_a_template_is_told_from_newer_syntax(tmp_path: Path) -> None:
    sources = {"a": "x = 1\n{% if old %}\n", "b": "class {{ name }}: ...\n", "c": "def f(:\n"}
    sources["d"] = "def f(\n    # {% for one in params %}\n    a,\n):\n    pass\n) -> int: ...\n"
    for name, source in sources.items():
        tmp_path.joinpath(f"{name}.py").write_text(source)
    advice = [one.advice for one in sorted(check([tmp_path]).findings, key=lambda one: one.path)]
    assert ["exclude" in one for one in advice] == [True, True, False, True]
    assert "Python that the project runs on" in advice[2]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        pytest.param("type Key = str\ndef f(:\n", 2, id="no Python at all"),
        pytest.param("x = 1\nclass Box[T:\n    pass\n", 2, id="a bracket that is never closed"),
        pytest.param("class Box[\n\n    T,\n]:\n    def f(:\n", 5, id="what is not understood"),
    ],
)
def test_what_can_not_be_read_even_so_is_told_with_its_own_line(source: str, line: int, tmp_path: Path) -> None:
    tmp_path.joinpath("shop.py").write_text(source)
    (one,) = check([tmp_path]).findings
    assert one.code == "LL001"
    assert 1 <= one.line <= line
