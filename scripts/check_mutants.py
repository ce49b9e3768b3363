"""Check thousands of Python files that were made of others by mistake: none may crash the check, or its fixes."""

from __future__ import annotations

import argparse
import io
import random
import sys
import tempfile
import tokenize
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from loopline.check import check
from loopline.check.fixes.plan import plan
from loopline.check.output.sarif import render_sarif
from loopline.check.output.text import render_text

__all__ = ["crashes", "main", "mutants"]

ROOT = Path(__file__).parents[1]
LARGEST = 9000  # bytes of a file that is changed: so that thousands are done in minutes
WORDS = (
    *("self", "async ", "await ", "yield", "yield from x", "lambda: 0", "lambda *a: a", "*", "**k", "()", "[]", "None"),
    *("def", "class A(A): pass", "x = x", "import x", "from . import y", "from . import *", "@x", "global x", "return"),
    *("Depends", "Depends()", "super()", "getattr(x, 'y')", "with x as x:", "match x:", "f'{x}'", "\x0c", "\\", "\r\n"),
    *("\ufeff", "é", "del x", "x: 'int' = 1", "type X = X", "nonlocal x", "...", "[x async for x in y]", "(x := x)"),
)


def mutants(sources: Sequence[str], count: int, seed: int) -> Iterator[str]:
    """Yield texts that were files: names swapped, words put in, lines moved, cut or doubled.

    Args:
        sources: The files' texts.
        count: How many to make.
        seed: The same seed makes the same texts.
    """
    chance = random.Random(seed)
    for _ in range(count):
        lines = chance.choice(sources).splitlines()
        names = _names("\n".join(lines))
        for _ in range(chance.randint(1, 6)):
            _mutate(lines, names, chance)
        yield "\n".join(lines) + "\n"


def _mutate(lines: list[str], names: list[tuple[int, int, str]], chance: random.Random) -> None:
    at = chance.randrange(len(lines)) if lines else 0
    kind = chance.random()
    if not lines or kind < 0.06:
        lines.insert(at, chance.choice(WORDS))
    elif kind < 0.12:
        other = chance.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    elif kind < 0.17:
        lines[at] = "    " * chance.randint(0, 3) + lines[at].lstrip()
    elif kind < 0.2:
        del lines[at]
    elif names:
        line, column, name = chance.choice(names)
        if line < len(lines) and lines[line][column : column + len(name)] == name:
            put = chance.choice(names)[2] if kind < 0.85 else chance.choice(WORDS)
            lines[line] = lines[line][:column] + put + lines[line][column + len(name) :]


def _names(text: str) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    with suppress(tokenize.TokenError, SyntaxError):
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        found.extend((one.start[0] - 1, one.start[1], one.string) for one in tokens if one.type == tokenize.NAME)
    return found


def crashes(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Check that many mutants; yield the text and the traceback of each that crashed.

    Args:
        count: How many.
        seed: The same seed makes the same mutants.
    """
    files = sorted([*ROOT.glob("tests/check_cases/**/*.py"), *ROOT.glob("src/loopline/**/*.py")])
    sources = [file.read_text(encoding="utf-8") for file in files if file.stat().st_size < LARGEST]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "mutant.py")
        for text in mutants(sources, count, seed):
            file.write_text(text, encoding="utf-8", newline="")
            try:
                report = check([file])
                plan(report.findings)
                render_text(report)
                render_sarif(report)
            except Exception:  # noqa: BLE001 - whatever it is, it is a crash
                yield text, traceback.format_exc()


def main() -> None:
    """Check the mutants; tell of the crashes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many (default: 10,000)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    crashed = 0
    for text, trace in crashes(options.count, options.seed):
        crashed += 1
        print(f"{text}\n{trace}", file=sys.stderr)
    print(f"{options.count} mutants checked, {crashed} crashed the check")
    sys.exit(1 if crashed else 0)


if __name__ == "__main__":
    main()
