"""What the commands for jobs print: tables and bars for people, JSON for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

__all__ = ["print_json", "print_result", "print_table", "print_text", "show_progress"]

WIDEST = 10_000  # characters of a line


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_result(text: str, value: Any, *, as_json: bool) -> None:
    """Print what was done, as a text or as JSON.

    Args:
        text: What people read.
        value: What scripts read.
        as_json: Who reads it.
    """
    if as_json:
        print_json(value)
    else:
        print(text)


def print_text(text: str) -> None:
    """Print text as it is stored, which is no markup."""
    _out().print(text, markup=False, highlight=False)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, header: bool = True) -> None:
    """Print a table, its cells as they are stored."""
    table = Table(*columns, show_header=header, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    _out().print(table)


@contextmanager
def show_progress(what: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on stderr while the block lasts, if that is a terminal; what is printed to stdout stays as it is.

    Args:
        what: What is being done.
        quiet: Whether to show none there either.

    Returns:
        What to call with how many are done, and how many there are.
    """
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield show


def _out() -> Console:
    console = Console(soft_wrap=True)
    # Into a file or a pipe goes all of it: nobody there can widen the window.
    return console if console.is_terminal else Console(soft_wrap=True, width=WIDEST)
