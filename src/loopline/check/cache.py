"""The last results, kept in ``.loopline_cache``: what did not change is not looked at again.

A result is kept with the digest of every file, the names of those that were parsed, and the questions asked of
the texts of the others. It holds for as long as the code of the parsed files is the same, and each of the others is
the same, or answers none of the questions, as before. It is JSON; the texts of the parsed files, with which new ones
are compared, and how their functions come to the loop are in a zip file beside it. What is damaged or was written by
another version counts for nothing.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any

from loopline.check.entries import Entry, packed, unpacked
from loopline.check.finding import Finding, Step

__all__ = ["FOLDER", "Kept", "ResultCache", "digest"]

FOLDER = ".loopline_cache"
MOST = 6  # results that are kept, the newest
ENTRIES = "#entries"  # behind the path of a file
LARGEST = 64 << 20  # bytes of a result, and of its texts


@dataclass(frozen=True, slots=True)
class Kept:
    """A result, and what it was made of.

    ``files`` are digests by path, ``parsed`` the paths that were parsed, ``asked`` the questions to the other texts.
    ``findings`` are all, those that a comment silences, too; ``count`` is how many files were read. ``told_apart`` are
    the functions of each file, by number, of which more depends than what their body does in a usual call.
    """

    files: dict[str, str]
    parsed: frozenset[str]
    asked: dict[str, list[str]]
    findings: list[Finding]
    count: int
    told_apart: dict[str, list[int]]


class ResultCache:
    """The results of one set of paths and settings, in a directory."""

    def __init__(self, folder: Path, what: object) -> None:
        self._folder = folder / FOLDER
        key = blake2b(repr((what, _maker())).encode(), digest_size=12).hexdigest()
        self._file = self._folder / f"check-{key}.json"
        self._texts = self._file.with_suffix(".zip")
        self._read = ""  # stands for the result that was read

    def read(self) -> Kept | None:
        """Return the last result, None if there is none that can be read."""
        try:
            if self._file.stat().st_size > LARGEST:
                return None
            content = self._file.read_bytes()
            self._read = digest(content)
            return _kept(json.loads(content))
        except (OSError, ValueError, TypeError, AttributeError, LookupError, RecursionError):
            return None

    def text(self, path: str) -> str | None:
        """Return the text that a file had when the result that was read was kept, None if there is none."""
        return self._part(path)

    def entries(self, path: str) -> Mapping[int, Entry]:
        """Return how the functions of a file came to the loop then, as far as that is known."""
        try:
            return unpacked(self._part(path + ENTRIES) or "{}")
        except ValueError:
            return {}

    def _part(self, name: str) -> str | None:
        from zipfile import BadZipFile, ZipFile  # only what changed needs it

        try:
            with ZipFile(self._texts) as archive:
                if archive.comment != self._read.encode():
                    return None  # of another result
                if archive.getinfo(name).file_size > LARGEST:
                    return None
                return archive.read(name).decode()
        except (OSError, BadZipFile, KeyError, ValueError, NotImplementedError, EOFError, zlib.error):
            return None

    def write(self, kept: Kept, texts: Iterable[tuple[str, str]], entries: Mapping[str, Mapping[int, Entry]]) -> None:
        """Keep a result, and by path the texts of files and how functions in them come to the loop.

        A directory that can't be written is left alone.
        """
        data = {
            "files": kept.files,
            "parsed": sorted(kept.parsed),
            "asked": kept.asked,
            "findings": [astuple(one) for one in kept.findings],
            "count": kept.count,
            "told_apart": kept.told_apart,
        }
        content = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
        with suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            ignore = self._folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")
            written = self._file.with_suffix(f".{os.getpid()}")
            written.write_bytes(content)
            written.replace(self._file)
            parts = ((path + ENTRIES, packed(one)) for path, one in entries.items() if one)
            self._write_parts(chain(texts, parts), digest(content))
            results = sorted(self._folder.glob("check-*.json"), key=lambda one: one.stat().st_mtime, reverse=True)
            newest = {one.stem for one in results[:MOST]}
            for one in self._folder.glob("check-*"):
                if one.name.partition(".")[0] not in newest:
                    one.unlink(missing_ok=True)

    def _write_parts(self, parts: Iterable[tuple[str, str]], result: str) -> None:
        from zipfile import ZIP_DEFLATED, ZipFile

        written = self._texts.with_suffix(f".zip{os.getpid()}")
        with ZipFile(written, "w", ZIP_DEFLATED, compresslevel=1) as archive:
            archive.comment = result.encode()
            for name, text in parts:
                archive.writestr(name, text.encode(errors="replace"))
        if written.stat().st_size > LARGEST:
            written.unlink()
        else:
            written.replace(self._texts)


def digest(content: bytes) -> str:
    """Return what stands for a file's content."""
    return blake2b(content, digest_size=16).hexdigest()


def _maker() -> tuple[object, ...]:
    """Say which check, on which Python, made a result: its own files count, too."""
    own = Path(__file__).parent
    files = sorted((one.path, one.stat().st_size, one.stat().st_mtime_ns) for one in _scan(own))
    return (sys.version, blake2b(repr(files).encode(), digest_size=12).hexdigest())


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    found = []
    for entry in os.scandir(folder):
        if entry.is_dir():
            found.extend(_scan(Path(entry.path)))
        elif entry.name.endswith((".py", ".toml")):
            found.append(entry)
    return found


def _kept(data: Mapping[str, Any]) -> Kept:
    files, asked = data["files"], data["asked"]
    if not isinstance(files, dict) or not isinstance(asked, dict):
        raise TypeError
    return Kept(
        files,
        frozenset(data["parsed"]),
        {key: list(values) for key, values in asked.items()},
        [_finding(one) for one in data["findings"]],
        int(data["count"]),
        {path: [int(one) for one in numbers] for path, numbers in data["told_apart"].items()},
    )


def _finding(values: list[Any]) -> Finding:
    chain = tuple(Step(*step) for step in values[7])
    mends = tuple((str(path), int(line), int(column)) for path, line, column in values[13])
    more = bool(values[14]), int(values[15]), bool(values[16])
    one = Finding(*[*values[:7], chain, *values[8:13], mends, *more])
    texts = (one.code, one.path, one.message, one.advice, one.cause, one.place, one.route)
    numbers = (one.line, one.column, one.end_line, one.end_column)
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(number, int) for number in numbers):
        raise TypeError
    return one
