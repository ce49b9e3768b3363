"""Edit functions of a project at random: what the cache answers after an edit must be what a whole check finds."""

from __future__ import annotations

import argparse
import ast
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree, ignore_patterns

from loopline.check import Report, check, runner

__all__ = ["Answer", "answers_after_edits", "edited", "main"]

Function = ast.FunctionDef | ast.AsyncFunctionDef
Edit = Callable[[list[str], ast.stmt, Function, random.Random], None]
Answer = tuple[str, str, Report, Report]  # a file's name, its text, what the cache answered, what a check found


MOST = 3  # files that are edited at the same time


def answers_after_edits(folder: Path, count: int, seed: int) -> Iterator[Answer | None]:
    """Edit files of a project, up to three before all are put back; yield None where the cache had no answer.

    Args:
        folder: The project, a copy that may be written to.
        count: How many edits to make.
        seed: The same seed makes the same edits.
    """
    chance = random.Random(seed)
    files = sorted(folder.rglob("*.py"))
    check([folder], cache=folder)
    originals: dict[Path, str] = {}
    while count:
        file = chance.choice(files)
        before = file.read_text(encoding="utf-8")
        after = edited(before, chance)
        if after is None:
            continue
        count -= 1
        originals.setdefault(file, before)
        file.write_text(after, encoding="utf-8")
        cached = _from_cache(folder)
        yield (file.name, after, cached, check([folder])) if cached is not None else None
        if cached is None or len(originals) == MOST:
            for one, text in originals.items():
                one.write_text(text, encoding="utf-8")
            originals.clear()


def edited(text: str, chance: random.Random) -> str | None:
    """Return a text after a small edit in one of its functions, None where that makes no Python.

    Args:
        text: A file's text.
        chance: What is chosen with.
    """
    try:
        functions = [one for one in ast.walk(ast.parse(text)) if isinstance(one, Function)]
        if not functions:
            return None
        function = chance.choice(functions)
        statement = chance.choice(
            [one for one in ast.walk(function) if isinstance(one, ast.stmt) and one is not function]
        )
        lines = text.split("\n")
        chance.choice(EDITS)(lines, statement, function, chance)
        after = "\n".join(lines)
        ast.parse(after)
    except (SyntaxError, ValueError, RecursionError):
        return None
    return after if after != text else None


def _from_cache(folder: Path) -> Report | None:
    """Check with the cache, and leave it as it is; None if it has no answer."""

    class NoAnswerError(Exception):
        pass

    def refuse(*_: object) -> None:
        raise NoAnswerError

    whole = runner._check
    runner._check = refuse  # type: ignore[assignment]
    try:
        return check([folder], cache=folder)
    except NoAnswerError:
        return None
    finally:
        runner._check = whole


def _put(text: str) -> Edit:
    def put(lines: list[str], at: ast.stmt, _: Function, __: random.Random) -> None:
        lines.insert(at.lineno - 1, " " * at.col_offset + text)

    return put


def _cut(lines: list[str], at: ast.stmt, _: Function, __: random.Random) -> None:
    lines[at.lineno - 1 : at.end_lineno] = [" " * at.col_offset + "pass"]


def _double(lines: list[str], at: ast.stmt, _: Function, __: random.Random) -> None:
    end = at.end_lineno or at.lineno
    lines[end:end] = lines[at.lineno - 1 : end]


def _constant(lines: list[str], _: ast.stmt, function: Function, chance: random.Random) -> None:
    plain = [one for one in ast.walk(function) if isinstance(one, ast.Constant)]
    if plain:
        one = chance.choice(plain)
        match one.value:
            case bool(value):
                _replace(lines, one, repr(not value))
            case int(value):
                _replace(lines, one, repr(value + 1))
            case str(value):
                _replace(lines, one, repr(value + "x"))
            case _:
                pass


def _name(lines: list[str], _: ast.stmt, function: Function, chance: random.Random) -> None:
    names = [one for one in ast.walk(function) if isinstance(one, ast.Name)]
    if names:
        _replace(lines, chance.choice(names), chance.choice(names).id)


def _call(lines: list[str], at: ast.stmt, function: Function, chance: random.Random) -> None:
    names = [one.id for one in ast.walk(function) if isinstance(one, ast.Name)]
    if names:
        lines.insert(at.lineno - 1, " " * at.col_offset + f"{chance.choice(names)}()")


def _grow(importing: str, text: str) -> Edit:
    """Put an import above all else, and other code below a function, or at the end."""

    def grow(lines: list[str], at: ast.stmt, function: Function, _: random.Random) -> None:
        end = len(lines) if function.col_offset or at.lineno % 2 else function.end_lineno or 0
        lines[end:end] = text.split("\n")
        first = next((index for index, line in enumerate(lines) if line.startswith(("import ", "from "))), 0)
        if importing:
            lines.insert(first + ("__future__" in lines[first]), importing)

    return grow


def _replace(lines: list[str], node: ast.expr, text: str) -> None:
    line = lines[node.lineno - 1]
    if node.lineno == node.end_lineno and line.isascii():
        lines[node.lineno - 1] = line[: node.col_offset] + text + line[node.end_col_offset :]


PUT = (
    *("found = 1", "print('here')", "import time; time.sleep(1)", "return None", "# what follows", "", "if 1: pass"),
    *("await tick()", "held = []", "held.append(tick)", "held['a'] = tick", "found = len(str(1))", "self.x = found"),
    *("time.sleep(1)", "open('x').read()", "found = open('x').read(); print(found)", "asyncio.run(tick())"),
)
GROWN = (
    ("", "async def put_in():\n    time.sleep(1)\n    open('x').read()"),
    ("import colorsys", ""),
    ("import time", "async def put_in(): time.sleep(1)"),
    ("import subprocess", "def put_in(a: int = 1) -> int:\n    subprocess.run(['x'])\n    return a"),
    (
        "from urllib.request import urlopen",
        "async def put_in(url):\n    if url:\n        urlopen(url)\n    put_in(url)",
    ),
    ("", "def put_in():\n    return len('x')\n\n\nasync def put_in_too(\n    a,\n):\n    'It.'\n    open(a)"),
    ("import requests", "async def put_in():\n    return [requests.get(one) for one in range(3)]"),
    ("", "class PutIn:\n    async def run(self):\n        open('x')"),
)
EDITS: tuple[Edit, ...] = (
    *map(_put, PUT),
    *(_cut, _double, _constant, _name, _call),
    *(_grow(*one) for one in GROWN),
)


def main() -> None:
    """Edit copies of projects, and say what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("projects", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--count", type=int, default=100, help="edits of each (100)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    wrong = 0
    for project in options.projects:
        with tempfile.TemporaryDirectory() as temporary:
            copy = copytree(project, Path(temporary, "copy"), ignore=ignore_patterns(".*"))
            answered = 0
            for answer in answers_after_edits(copy, options.count, options.seed):
                if answer is not None:
                    name, text, cached, whole = answer
                    answered += 1
                    if cached != whole:
                        wrong += 1
                        print(f"--- {name}: the cache answers otherwise for\n{text}")
        print(f"{project}: {options.count} edits, {answered} answered from the cache")
    sys.exit(f"{wrong} answers differ" if wrong else 0)


if __name__ == "__main__":
    main()
