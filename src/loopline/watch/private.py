"""The names that are used though nobody promises them. Where one is missing, what needs it is off, and says so."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = ["FAILURE", "THREAD_CALLS", "UNAWAITED_WARNING", "Private"]

logger = logging.getLogger("loopline.watch")


class Private:
    """One such name, which can be replaced by a function that calls the original.

    Args:
        module: The name of the module in which it is.
        name: It.
        lost: What is off without it.
    """

    def __init__(self, module: str, name: str, lost: str) -> None:
        self._place = module
        self._name = name
        self._lost = lost
        self._original: Any = None
        self._replacement: Any = None

    def replace(self, make: Callable[[Any], Any]) -> bool:
        """Replace it; whether it is there.

        Args:
            make: Given the original, returns what takes its place.
        """
        try:
            self._module: Any = import_module(self._place)
        except ModuleNotFoundError:
            self._module = None
        original = getattr(self._module, self._name, None)
        if not callable(original):
            logger.warning("%s: there is no %s.%s here", self._lost, self._place, self._name)
            return False
        self._original, self._replacement = original, make(original)
        setattr(self._module, self._name, self._replacement)
        return True

    def restore(self) -> None:
        """Put the original back, unless somebody else has replaced it since."""
        if self._replacement is not None and getattr(self._module, self._name, None) is self._replacement:
            setattr(self._module, self._name, self._original)
        self._original = self._replacement = None


UNAWAITED_WARNING = ("warnings", "_warn_unawaited_coroutine", "forgotten awaits are not found")
FAILURE = (
    "starlette._exception_handler",
    "_lookup_exception_handler",
    "forgotten awaits that make a request fail are found without their route",
)
_GIVEN_TO_THREADS = "forgotten awaits given to a `def` endpoint or by a `def` dependency are found without their route"
THREAD_CALLS = (
    ("fastapi.routing", "run_in_threadpool", _GIVEN_TO_THREADS),
    ("fastapi.dependencies.utils", "run_in_threadpool", _GIVEN_TO_THREADS),
)
