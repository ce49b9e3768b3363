"""An application and its dashboard beside it, for ``loopline run`` and the reference service."""

from __future__ import annotations

import os

from starlette.types import ASGIApp, Receive, Scope, Send

from loopline.dashboard.access import TOKEN_VARIABLE, new_token
from loopline.dashboard.dashboard import Dashboard

__all__ = ["PATH", "WithDashboard", "mounted", "prepare"]

PATH = "/loopline"


class WithDashboard:
    """An application whose dashboard answers what is asked for under a path. What is asked of it is not watched.

    Args:
        app: The application.
        panel: The dashboard.
        path: The path, without a slash at its end.
    """

    def __init__(self, app: ASGIApp, panel: Dashboard, path: str) -> None:
        self._app = app
        self._panel = panel
        self._path = path
        self._below = f"{path}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a request to whom it is for."""
        if scope["type"] == "lifespan":
            async with self._panel:
                await self._app(scope, receive, send)
            return
        path, root = scope["path"], scope.get("root_path", "")
        if root:
            path = path.removeprefix(root)
        if path.startswith(self._path) and f"{path}/".startswith(self._below):
            await self._panel({**scope, "root_path": root + self._path}, receive, send)
        else:
            await self._app(scope, receive, send)


def mounted(app: ASGIApp, path: str) -> WithDashboard:
    """Mount a dashboard, with the token that the environment gives; it is taken out of it, where children saw it."""
    panel = Dashboard(token=os.environ.pop(TOKEN_VARIABLE, None))
    return WithDashboard(app, panel, path)


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
