"""The names that are used though nobody promises them. Where one is missing, what needs it is off, and says so."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import fastapi.dependencies.utils
import fastapi.routing

__all__ = ["THREAD_CALLS", "UNAWAITED_WARNING", "Private"]

logger = logging.getLogger("loopline.watch")


class Private:
    """One such name, which can be replaced by a function that calls the original.

    Args:
        module: Where it is.
        name: It.
        lost: What is off without it.
    """

    def __init__(self, module: ModuleType, name: str, lost: str) -> None:
        self._module = module
        self._name = name
        self._lost = lost
        self._original: Any = None
        self._replacement: Any = None

    def replace(self, make: Callable[[Any], Any]) -> bool:
        """Replace it; whether it is there.

        Args:
            make: Given the original, returns what takes its place.
        """
        original = getattr(self._module, self._name, None)
        if not callable(original):
            logger.warning("%s: there is no %s.%s here", self._lost, self._module.__name__, self._name)
            return False
        self._original, self._replacement = original, make(original)
        setattr(self._module, self._name, self._replacement)
        return True

    def restore(self) -> None:
        """Put the original back, unless somebody else has replaced it since."""
        if self._replacement is not None and getattr(self._module, self._name, None) is self._replacement:
            setattr(self._module, self._name, self._original)
        self._original = self._replacement = None


UNAWAITED_WARNING = (warnings, "_warn_unawaited_coroutine", "forgotten awaits are not found")
_GIVEN_TO_THREADS = "forgotten awaits given to a `def` endpoint or by a `def` dependency are found without their route"
THREAD_CALLS = (
    (fastapi.routing, "run_in_threadpool", _GIVEN_TO_THREADS),
    (fastapi.dependencies.utils, "run_in_threadpool", _GIVEN_TO_THREADS),
)
