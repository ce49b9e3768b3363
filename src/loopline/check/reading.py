"""Reading and parsing one file."""

from __future__ import annotations

import ast
import tokenize
import warnings
from contextlib import suppress
from pathlib import Path

from loopline.check.indexing import index_module
from loopline.check.model import ModuleInfo
from loopline.check.newer_syntax import in_older_syntax
from loopline.check.nodes import compact

__all__ = ["UNREADABLE", "parse", "parse_module", "read_text"]

UNREADABLE = (SyntaxError, ValueError, OSError, RecursionError, MemoryError, LookupError)


def read_text(file: Path, content: bytes | None = None) -> str:
    """Return a file's text, its lines ended as Python reads them.

    Args:
        file: The file.
        content: What is in it, if that was read already.
    """
    content = file.read_bytes() if content is None else content
    head = content[:400]
    if b"coding" not in head and not head.startswith(b"\xef\xbb\xbf") and b"\r" not in content:
        with suppress(UnicodeDecodeError):
            return content.decode()
    with tokenize.open(file) as stream:  # it knows of encodings, byte order marks and other line ends
        return stream.read()


def parse(source: str) -> ast.Module:
    """Return a text's tree, though its syntax may be a little newer than the Python that runs this.

    Args:
        source: The text.

    Raises:
        SyntaxError: If it is no Python, or too new.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except SyntaxError:
            older = in_older_syntax(source)
            if older == source:
                raise
            with suppress(SyntaxError):
                return ast.parse(older)
            raise


def parse_module(module: ModuleInfo) -> None:
    """Parse a module and fill its names.

    Args:
        module: The module.
    """
    index_module(module, compact(parse(module.source)))
