"""A session, or an object that belongs to one, is given to a background task.

The task runs after the response: the session may be closed by then, or held from the pool until the task ends; an
object's attributes are loaded by a session that is gone.

Bad:

    tasks.add_task(send_receipt, session, order)

Good:

    tasks.add_task(send_receipt, order.id)

The task opens a session of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.model import FunctionInfo
from loopline.check.rules.traps import (
    ASYNC_SESSION,
    finding,
    functions,
    is_instance,
    is_orm_object,
    library_path,
    values_of,
)

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL304"
TITLE = "a session or its object is given to work that outlives the request"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such argument."""
    for function in functions(analysis, "add_task", "create_task"):
        for call in function.calls:
            for argument in _handed_over(analysis, call, function):
                for value in values_of(analysis, argument, function):
                    session = is_instance(analysis, value, ASYNC_SESSION, "sqlalchemy.orm.Session")
                    if session or is_orm_object(analysis, value):
                        what = "a session" if session else "an object of a session"
                        yield finding(
                            analysis,
                            CODE,
                            argument,
                            function,
                            f"{what} is given to work that outlives the request",
                            "Give it ids, and let it open a session of its own.",
                        )
                        break


def _handed_over(analysis: Analysis, call: ast.Call, function: FunctionInfo) -> list[ast.expr]:
    """Return the arguments of a background task, or of the call of a task that an endpoint starts."""
    if not isinstance(call.func, ast.Attribute):
        return []
    given = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
    if call.func.attr == "add_task":
        receiver = values_of(analysis, call.func.value, function)
        tasks = any(is_instance(analysis, one, "starlette.background.BackgroundTasks") for one in receiver)
        return given if tasks else []
    if call.func.attr == "create_task" and call.args and isinstance(call.args[0], ast.Call):
        is_endpoint = any(route.endpoint is function for route in analysis.services.routes)
        if is_endpoint and library_path(analysis, call.func, function) == "asyncio.create_task":
            inner = call.args[0]
            return [*inner.args, *(keyword.value for keyword in inner.keywords)]
    return []
