"""Syntax that is newer than the Python that runs the check, written so that it reads it: in the same places.

Aliases (`type Key = str`) and type parameters (`def first[T](…)`, `class Box[T]:`) are Python 3.12's (PEP 695), and
`except KeyError, ValueError:` is 3.14's (PEP 758). Of what they mean the check loses the type parameters alone.
"""

from __future__ import annotations

import re

__all__ = ["in_older_syntax"]

LONGEST = 2000  # characters of type parameters

_ALIAS = re.compile(r"(?m)^([ \t]*)type([ \t]+)([A-Za-z_]\w*)(?:[ \t]?(?=[ \t]*=)|(?=[ \t]*\[))")
_GENERIC = re.compile(r"(?m)^[ \t]*(?:class|def|async[ \t]+def)[ \t]+\w+[ \t]*(?=\[)")
_ALIASED = re.compile(r"(?m)^[ \t]*\([ \t]+\w+\)[ \t]*(?=\[)")
_EXCEPT = re.compile(r"(?m)^([ \t]*except\*?)[ \t]([ \t]*[\w.]+(?:[ \t]*,[ \t]*[\w.]+)+)[ \t]*:")


def in_older_syntax(source: str) -> str:
    """Return a text that Python 3.11 parses, where its newer syntax kept it from that; else something like it.

    Each node stands in the same place as before, but for what follows an `except A, B:` in its line.

    Args:
        source: The text of a file that can't be parsed.
    """
    source = _ALIAS.sub(r"\1(   \2\3)", _EXCEPT.sub(r"\1(\2):", source))
    text = list(source)
    for found in sorted((*_GENERIC.finditer(source), *_ALIASED.finditer(source)), key=re.Match.end, reverse=True):
        begin = found.end()
        end = _closing(source, begin)
        if end is not None:
            # An alias's name has been given a bracket, for which this makes room.
            text[begin:end] = _blank(source[begin:end])[found[0].count(")") :]
    return "".join(text)


def _closing(source: str, begin: int) -> int | None:
    """Return the place after the bracket that closes one; None if that is far."""
    depth = 0
    for place in range(begin, min(len(source), begin + LONGEST)):
        depth += {"[": 1, "(": 1, "{": 1, "]": -1, ")": -1, "}": -1}.get(source[place], 0)
        if not depth:
            return place + 1
    return None


def _blank(text: str) -> str:
    """Return as many lines of the same lengths with nothing in them, as one line: each goes on in the next."""
    *lines, last = text.split("\n")
    return "".join(f"{' ' * (len(line) - 1)}\\\n" if line else "\n" for line in lines) + " " * len(last)
