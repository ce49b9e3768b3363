"""Tasks that nobody holds: a set of the module holds them until they are done."""

from __future__ import annotations

import ast

from loopline.check.finding import Finding
from loopline.check.fixes.awaiting import around
from loopline.check.fixes.edit import Edit
from loopline.check.fixes.imports import after_imports
from loopline.check.fixes.source import FileSource

__all__ = ["hold"]

HOLDER = "_running_tasks"


def hold(source: FileSource, finding: Finding) -> list[Edit]:
    """Return the edits that keep a task until it is done, or await a `gather`.

    Args:
        source: The file.
        finding: An LL206.
    """
    call = source.call(finding)
    if call is None:
        return []
    if "gather" in finding.message.split("`")[1]:
        return around(source, call, b"await ", b"") if isinstance(source.function(call), ast.AsyncFunctionDef) else []
    statement = source.parents.get(call)
    names = source.names()
    match statement:
        case ast.Expr():
            name = next(one for one in ("task", "started_task", "_started_task") if one not in names)
            begin = source.start(statement)
            edits = [Edit(begin, begin, f"{name} = ".encode())]
        case ast.Assign(targets=[ast.Name(id=name)]):
            edits = []
        case _:
            return []
    indent, top = source.indent(statement), after_imports(source)
    if indent is None or top is None or not _ends_its_line(source, statement):
        return []
    end, line = source.end(statement), source.newline
    kept = f"{HOLDER}.add({name})", f"{name}.add_done_callback({HOLDER}.discard)"
    edits.append(Edit(end, end, b"".join(line + indent + one.encode() for one in kept)))
    if HOLDER not in names:
        edits.append(
            Edit(top, top, line + f"{HOLDER} = set()  # a task that nobody holds may be collected".encode() + line)
        )
    return edits


def _ends_its_line(source: FileSource, statement: ast.stmt) -> bool:
    """Whether nothing follows a statement on its line; a comment would be torn off."""
    end = source.end(statement)
    rest = (
        source.content[end : source.lines[statement.end_lineno or 0]]
        if (statement.end_lineno or 0) < len(source.lines)
        else source.content[end:]
    )
    return not rest.strip()
