"""What jobs need of SQLAlchemy's sessions: to know when one has committed, and to keep a task from committing its own.

The listeners are on every session of the process. They look one key up.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.orm import Session

from loopline.errors import ConfigurationError

__all__ = ["allow_commit", "call_after_commit", "forbid_commit"]

_AFTER = "loopline.jobs after commit"
_FORBIDDEN = "loopline.jobs commit is forbidden"


def call_after_commit(session: Session, call: Callable[[], None]) -> None:
    """Call something once when the session's transaction has been committed. What was given twice is called once."""
    session.info.setdefault(_AFTER, set()).add(call)


def forbid_commit(session: Session) -> None:
    """Let a commit of the session fail. Savepoints may be released."""
    session.info[_FORBIDDEN] = True


def allow_commit(session: Session) -> None:
    """Let the session commit again."""
    del session.info[_FORBIDDEN]


@event.listens_for(Session, "before_commit")
def _before_commit(session: Session) -> None:
    if _FORBIDDEN in session.info and not session.in_nested_transaction():
        raise ConfigurationError(
            "a transactional task must not commit: its writes and its completion are one transaction, which is "
            "committed when it returns. Use `async with session.begin_nested():` for a part that may fail, "
            "or @jobs.task"
        )


@event.listens_for(Session, "after_commit")
def _after_commit(session: Session) -> None:
    if _AFTER in session.info and not session.in_nested_transaction():
        for call in session.info.pop(_AFTER):
            call()
