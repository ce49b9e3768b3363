"""`get_event_loop` in a coroutine: `get_running_loop`."""

from __future__ import annotations

import ast

from loopline.check.finding import Finding
from loopline.check.fixes.edit import Edit
from loopline.check.fixes.source import FileSource

__all__ = ["running_loop"]


def running_loop(source: FileSource, finding: Finding) -> list[Edit]:
    """Return the edits that ask for the running loop.

    Args:
        source: The file.
        finding: An LL308.
    """
    call = source.call(finding)
    if call is None or not isinstance(call.func, ast.Attribute) or call.func.attr != "get_event_loop":
        return []
    end = source.end(call.func)
    return [Edit(end - len("get_event_loop"), end, b"get_running_loop")]
