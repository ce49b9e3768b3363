"""Whether a local variable is used on every way from where it is assigned to the end of its function."""

from __future__ import annotations

import ast

__all__ = ["is_always_used", "is_ever_taken", "is_ever_used"]

LOOKS = {"len", "bool", "id", "type", "isinstance", "print", "repr", "str"}


def is_ever_used(function: ast.AST, name: str) -> bool:
    """Tell whether a function, or one inside it, reads a name at all."""
    return _reads(function, name)


def is_ever_taken(function: ast.AST, name: str) -> bool:
    """Tell whether a function does more with what a name holds than look at the holder: `len(found)`, `if found`."""
    looked: set[int] = set()
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Name(id=called), args=parts) if called in LOOKS:
                looked.update(id(part) for part in parts)
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
                looked.add(id(test.operand if isinstance(test, ast.UnaryOp) else test))
            case _:
                pass
    return any(
        isinstance(one, ast.Name) and one.id == name and not isinstance(one.ctx, ast.Store) and id(one) not in looked
        for one in ast.walk(function)
    )


def is_always_used(function: ast.FunctionDef | ast.AsyncFunctionDef, assignment: ast.stmt, name: str) -> bool:
    """Tell whether every way from an assignment to the end of the function reads the name.

    Exceptions are left aside; a test that was true around the assignment is taken to be true again.

    Args:
        function: The function.
        assignment: The statement that assigns the name.
        name: The variable.
    """
    way = _way(function.body, assignment)
    if way is None:
        return True
    walk = _Walk(name, {ast.dump(one.test) for one, inside in way[1] if isinstance(one, ast.If) and inside})
    for block, index in way[0]:
        if not walk.falls(block[index + 1 :]):
            return not walk.leaks
    return False


Way = tuple[list[tuple[list[ast.stmt], int]], list[tuple[ast.stmt, bool]]]


def _way(block: list[ast.stmt], wanted: ast.stmt) -> Way | None:
    """Return the blocks around a statement, innermost first, and the statements that hold them."""
    for index, statement in enumerate(block):
        if statement is wanted:
            return [(block, index)], []
        for name, inner in _blocks(statement):
            found = _way(inner, wanted)
            if found is not None:
                after: list[tuple[list[ast.stmt], int]] = []
                if isinstance(statement, ast.Try) and name in ("body", "handlers"):
                    after = [((statement.orelse if name == "body" else []) + statement.finalbody, -1)]
                return [*found[0], *after, (block, index)], [*found[1], (statement, name == "body")]
    return None


def _blocks(statement: ast.stmt) -> list[tuple[str, list[ast.stmt]]]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return []
    found = [
        (name, getattr(statement, name)) for name in ("body", "orelse", "finalbody") if getattr(statement, name, None)
    ]
    others = [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]
    found.extend(("handlers", one.body) for one in others)
    return found


class _Walk:
    def __init__(self, name: str, held: set[str]) -> None:
        self._name = name
        self._held = held
        self.leaks = False

    def falls(self, block: list[ast.stmt]) -> bool:
        """Walk a block; tell whether its end is reached with the name unread. A way out unread is a leak."""
        return all(self._statement(statement) for statement in block)

    def _statement(self, node: ast.stmt) -> bool:
        match node:
            case ast.Return():
                self.leaks = self.leaks or not _reads(node, self._name)
                return False
            case ast.Raise():
                return False
            case ast.If(test=test, body=body, orelse=orelse):
                if _reads(test, self._name):
                    return False
                if ast.dump(test) in self._held:
                    return self.falls(body)
                through = [self.falls(body), self.falls(orelse)]
                return any(through)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                return not any(_reads(item, self._name) for item in items) and self.falls(body)
            case ast.Match(subject=subject, cases=cases):
                if _reads(subject, self._name):
                    return False
                through = [self.falls(case.body) for case in cases]
                return any(through) or not any(
                    isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None for case in cases
                )
            case _:
                return not _reads(node, self._name)


def _reads(node: ast.AST, name: str) -> bool:
    return any(
        isinstance(one, ast.Name) and one.id == name and not isinstance(one.ctx, ast.Store) for one in ast.walk(node)
    )
