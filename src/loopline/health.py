"""Routes that tell whoever starts and stops processes how this one is: alive, and ready for requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from loopline.errors import ConfigurationError, DatabaseBusy

__all__ = ["Check", "health_routes"]

logger = logging.getLogger("loopline.health")

Check: TypeAlias = Callable[[], Awaitable[object]]
"""Returns if all is well, and raises if not."""

FRESH = 1.0  # seconds for which an answer holds, so that who asks often costs no more


def health_routes(*, timeout: float = 2.0, **checks: Check) -> APIRouter:
    """Make the routes ``GET /healthz`` and ``GET /readyz``: ``app.include_router(health_routes(database=db.ping))``.

    ``/healthz`` answers 200 as long as the event loop answers at all: whoever gets none should start the process anew.
    ``/readyz`` asks the checks, all at once, and answers 200, or 503 if one failed: whoever gets that should send no
    requests here for now. Of a check that failed the answer has the name alone; the log says what was wrong. A database
    all of whose connections are in use is well: requests wait for it, or get a 503 of their own.

    Args:
        timeout: Seconds that the checks may take, all together. Keep it below that of who asks.
        checks: By name, functions that raise if something is wrong: ``db.ping``, ``jobs.check_tables``, or your own.

    Returns:
        A router; its routes are not in the API's schema.

    Raises:
        ConfigurationError: If the timeout is not positive.
    """
    if not timeout > 0:
        raise ConfigurationError(f"health_routes(timeout={timeout}): give seconds, more than 0")
    router = APIRouter(include_in_schema=False)
    readiness = _Readiness(checks, timeout)

    @router.get("/healthz")
    async def healthz() -> JSONResponse:
        return _answer(200, {"status": "alive"})

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        failed = await readiness.failed()
        if failed:
            return _answer(503, {"status": "not ready", "failed": failed})
        return _answer(200, {"status": "ready"})

    return router


class _Readiness:
    """Asks the checks, once for all who want to know at about the same time."""

    def __init__(self, checks: Mapping[str, Check], timeout: float) -> None:
        self._checks = checks
        self._timeout = timeout
        self._failed = sorted(checks)
        self._at = -FRESH  # in the loop's time
        self._asking = False
        self._told: list[str] = []

    async def failed(self) -> list[str]:
        """Return the names of the checks that failed."""
        loop = asyncio.get_running_loop()
        if not self._asking and loop.time() - self._at >= FRESH:
            self._asking = True
            try:
                await self._ask()
            finally:
                self._asking, self._at = False, loop.time()
        return self._failed

    async def _ask(self) -> None:
        # Until the answers are there, the last ones hold for others; whoever asks never waits for two rounds.
        wrong = dict.fromkeys(self._checks, f"no answer within {self._timeout:g} s")

        async def ask(name: str, check: Check) -> None:
            try:
                await check()
            except DatabaseBusy:
                del wrong[name]
            except Exception as error:  # noqa: BLE001 - whatever it is, it is not well
                wrong[name] = f"{type(error).__name__}: {error}"
            else:
                del wrong[name]

        asked = [asyncio.create_task(ask(name, check), name=f"health: {name}") for name, check in self._checks.items()]
        try:
            if asked:
                await asyncio.wait(asked, timeout=self._timeout)
        finally:
            for task in asked:
                task.cancel()
        self._failed = sorted(wrong)
        if self._failed != self._told:
            self._told = self._failed
            if wrong:
                logger.warning("not ready: %s", "; ".join(f"{name}: {why}" for name, why in sorted(wrong.items())))
            else:
                logger.info("ready again")


def _answer(status: int, content: Mapping[str, object]) -> JSONResponse:
    return JSONResponse(content, status, headers={"Cache-Control": "no-store"})
