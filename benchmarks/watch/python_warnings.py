"""What Python says of forgotten awaits, whichever other tool watches."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from benchmarks.watch.finding import Finding, Tell, spots_in

__all__ = ["hearing_warnings"]

_FORGOTTEN = re.compile(r"coroutine '([^']+)' was never awaited")


@contextmanager
def hearing_warnings(tell: Tell) -> Iterator[None]:
    """Tell of the warnings that are shown, instead of showing them.

    Args:
        tell: Takes them.
    """

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = str(message)
        if found := _FORGOTTEN.search(text):
            spots = [(filename, lineno, ""), *spots_in(text)]
            tell(Finding("forgotten-await", spots=spots, function=found[1], text=f"{filename}:{lineno}: {text}"))

    with warnings.catch_warnings():
        warnings.simplefilter("default", RuntimeWarning)
        warnings.showwarning = show
        yield
