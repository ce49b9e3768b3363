"""Whether the last result still holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from loopline.check.cache import Kept, digest
from loopline.check.project import ASYNC
from loopline.check.reading import UNREADABLE, parse, read_text
from loopline.check.texts import answers

__all__ = ["contents_of", "digests", "still_holds"]


def contents_of(files: Iterable[str]) -> dict[str, bytes]:
    """Return the contents of files that can be read.

    Args:
        files: Their paths.
    """
    found = {}
    for path in files:
        with suppress(OSError), open(path, "rb") as stream:
            found[path] = stream.read()
    return found


def digests(contents: Mapping[str, bytes]) -> dict[str, str]:
    """Return what stands for each content.

    Args:
        contents: The contents by path.
    """
    return {path: digest(content) for path, content in contents.items()}


def still_holds(last: Kept, now: Mapping[str, str], contents: Mapping[str, bytes]) -> bool:
    """Tell whether a result is the one that these files would give again.

    Args:
        last: The result.
        now: The files' digests.
        contents: Their contents.
    """
    if last.files.keys() != now.keys():
        return False
    changed = [path for path, known in last.files.items() if now[path] != known]
    return not any(path in last.parsed for path in changed) and all(
        _means_nothing(last, path, contents[path]) for path in changed
    )


def _means_nothing(last: Kept, path: str, content: bytes) -> bool:
    try:
        source = read_text(Path(path), content)
        if ASYNC.search(source) or answers(source, last.asked):
            return False
        parse(source)
    except UNREADABLE:
        return False
    return True
