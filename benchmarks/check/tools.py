"""The tools that are compared, each as its documentation says to use it for this."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.check.tool import Kind, Report, Tool, executable, from_lines

__all__ = ["tools"]

# How type checkers speak of a coroutine that is used as if it were its result.
_COROUTINE = r"[Cc]oroutine|[Aa]waitable|unused-awaitable|missing an await"
_EVLOOP_LINT = "EVLOOP_LINT"  # the folder of its source: it is in no package index


def tools() -> tuple[Tool, ...]:
    """Return the tools, Loopline first."""
    blocking, awaits = frozenset[Kind]({"blocking"}), frozenset[Kind]({"await"})
    both = blocking | awaits
    return (
        Tool(
            "loopline check",
            "loopline",
            lambda folder: [executable("loopline"), "check", ".", "--format", "json"],
            _loopline,
            both,
            caches=(".loopline_cache",),
        ),
        Tool(
            "hydroid",
            "hydroid-cli",
            lambda folder: [executable("hydroid"), ".", "--cpu", "--python", sys.executable, "--format", "json"],
            _hydroid,
            both,
            caches=(".hydroid_cache",),
            note="--cpu",
        ),
        Tool("evloop-lint", "", _evloop_lint, from_lines(blocking="EVL"), blocking, note="--confidence possible"),
        Tool(
            "ruff",
            "ruff",
            lambda folder: [
                *(executable("ruff"), "check", "--isolated", "--no-cache", "--output-format", "concise"),
                *(
                    "--select",
                    "ASYNC210,ASYNC212,ASYNC220,ASYNC221,ASYNC222,ASYNC230,ASYNC240,ASYNC250,ASYNC251,RUF006",
                ),
                ".",
            ],
            from_lines(blocking="ASYNC2", await_="RUF006"),
            both,
            note="ASYNC2.., RUF006",
        ),
        Tool(
            "flake8-async",
            "flake8-async",
            lambda folder: [executable("flake8-async"), "--enable", "ASYNC2", *map(str, sorted(folder.rglob("*.py")))],
            from_lines(blocking="ASYNC2"),
            blocking,
            note="ASYNC2..",
        ),
        Tool(
            "mypy",
            "mypy",
            lambda folder: [
                *(executable("mypy"), "--strict", "--enable-error-code", "unused-awaitable", "--show-column-numbers"),
                *("--no-error-summary", "--ignore-missing-imports", "--explicit-package-bases", "."),
            ],
            from_lines(await_=_COROUTINE),
            awaits,
            caches=(".mypy_cache",),
            note="--strict, unused-awaitable",
        ),
        Tool(
            "ty",
            "ty",
            lambda folder: [executable("ty"), "check", "--output-format", "concise", "--python", sys.executable, "."],
            from_lines(await_=_COROUTINE),
            awaits,
        ),
        Tool(
            "pyrefly",
            "pyrefly",
            lambda folder: [
                *(executable("pyrefly"), "check", "--output-format", "min-text"),
                *("--python-interpreter-path", sys.executable, "."),
            ],
            _pyrefly,
            awaits,
        ),
        Tool(
            "pyright",
            "pyright",
            _strict_pyright,
            _pyright,
            awaits,
            note="typeCheckingMode strict",
        ),
    )


def _loopline(output: str) -> Iterator[Report]:
    for finding in json.loads(output):
        if finding["code"].startswith(("LL1", "LL2")):
            yield Report(finding["path"], finding["line"], "blocking" if finding["code"].startswith("LL1") else "await")


def _hydroid(output: str) -> Iterator[Report]:
    for found in json.loads(output)["diagnostics"]:
        forgotten = "await" in found["sink"]["category"] or "coroutine" in found["sink"]["category"]
        yield Report(found["location"]["path"], found["location"]["line"], "await" if forgotten else "blocking")


def _pyright(output: str) -> Iterator[Report]:
    for found in json.loads(output)["generalDiagnostics"]:
        if "oroutine" in found["message"] or "waitable" in found["message"]:
            yield Report(found["file"], found["range"]["start"]["line"] + 1, "await")


def _strict_pyright(folder: Path) -> list[str]:
    command = [executable("pyright"), "--pythonpath", sys.executable, "--outputjson", "."]
    Path(folder, "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')  # there is no option for it
    return command


def _pyrefly(output: str) -> Iterator[Report]:
    # Its lines begin with the severity.
    stripped = "\n".join(line.strip().removeprefix("ERROR ").removeprefix("WARN ") for line in output.splitlines())
    return from_lines(await_=_COROUTINE)(stripped)


def _evloop_lint(folder: Path) -> list[str]:
    source = os.environ.get(_EVLOOP_LINT)
    if source is None:
        raise FileNotFoundError(f"evloop-lint is in no package index: name the folder of its source in {_EVLOOP_LINT}")
    start = f"import sys; sys.path.insert(0, {source + '/src'!r}); from evloop_lint.cli import main; sys.exit(main())"
    return [sys.executable, "-c", start, "--no-chain", "--confidence", "possible", "."]
