"""An application and its dashboard beside it, for ``loopline run`` and the reference service."""

from __future__ import annotations

import os

from loopline.dashboard.access import TOKEN_VARIABLE, new_token
from loopline.dashboard.dashboard import Dashboard
from loopline.watch.middleware import Watch

__all__ = ["PATH", "mount", "prepare"]

PATH = "/loopline"


def mount(watch: Watch, path: str) -> None:
    """Mount a dashboard, with the token that the environment gives; it is taken out of it, where children saw it.

    Args:
        watch: Watches the application beside which it is.
        path: Where, without a slash at the end.
    """
    watch.answer_beside(path, Dashboard(token=os.environ.pop(TOKEN_VARIABLE, None)))


def prepare(where: str, path: str) -> str:
    """Make a token for the processes that will mount the dashboard, unless the environment gives one.

    Args:
        where: The server's address, such as ``http://localhost:8000``.
        path: Where the dashboard will be mounted.

    Returns:
        The address that opens it. What follows the # is not sent, so that no log has it.
    """
    if os.environ.get(TOKEN_VARIABLE):
        new_token()  # it is checked
        return f"{where}{path}/#token=…  (the token of {TOKEN_VARIABLE})"
    os.environ[TOKEN_VARIABLE] = token = new_token()
    return f"{where}{path}/#token={token}"
