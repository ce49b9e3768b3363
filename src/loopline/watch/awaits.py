"""Coroutines that nobody awaited: which function, where it was called, in which request.

CPython calls ``warnings._warn_unawaited_coroutine`` when such a coroutine dies. How it dies tells where it was made:
in the line that made and dropped it, or at the end of the request that it was passed around in. In a garbage
collection it may die in anybody's request: then nobody's is blamed.
"""

from __future__ import annotations

import gc
import inspect
import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import CodeType, CoroutineType, TracebackType
from typing import Any

from loopline.watch.finding import Place
from loopline.watch.frames import Stack, definition_of, is_own, own_steps, stack_of
from loopline.watch.makers import line_of, maker_of, names
from loopline.watch.private import THREAD_CALLS, UNAWAITED_WARNING, Private
from loopline.watch.request import Request, current_request

__all__ = ["Awaits"]

DEEPEST = 8  # levels of a response that are searched
MOST = 10_000  # parts of a response that are searched
KEPT = 1000  # coroutines that were told of before they died

logger = logging.getLogger("loopline.watch")


class Awaits:
    """Tells of each coroutine that is dropped without having been awaited, from ``start`` to ``stop``.

    Args:
        tell: Called in the thread where it died: its function's name, the place where it was made (or else where its
            function is defined), the own steps that led there, and the request.
        origins: Whether Python notes for every coroutine where it was made. It costs time with every call.

    Attributes:
        suspects: Coroutines that a thread may hold, each with its request, at whose end it should have been awaited.
    """

    def __init__(self, tell: Callable[[str, Place, Stack, Request | None], None], *, origins: bool) -> None:
        self._tell = tell
        self._origins = origins
        self._warning = Private(*UNAWAITED_WARNING)
        self._threads = [Private(*name) for name in THREAD_CALLS]
        self.suspects: deque[tuple[Request, CoroutineType[Any, Any, Any]]] = deque(maxlen=KEPT)
        self._on = False
        self._depth = 0
        self._local = threading.local()
        self._told: set[int] = set()  # ids of coroutines, which live as long as they are in here

    def start(self) -> None:
        """Begin."""
        self._on = self._warning.replace(self._hear_of_death)
        if not self._on:
            return
        for call in self._threads:
            call.replace(self._look_at_thread)
        gc.callbacks.append(self._note_collection)
        if self._origins:
            self._depth = sys.get_coroutine_origin_tracking_depth()
            sys.set_coroutine_origin_tracking_depth(max(1, self._depth))

    def stop(self) -> None:
        """End."""
        if not self._on:
            return
        self._on = False
        self._warning.restore()
        self.suspects.clear()
        for call in self._threads:
            call.restore()
        with suppress(ValueError):  # somebody has emptied the list
            gc.callbacks.remove(self._note_collection)
        if self._origins:
            sys.set_coroutine_origin_tracking_depth(self._depth)

    def search(self, error: BaseException, request: Request) -> None:
        """Look whether a request failed since the framework was given a coroutine to send or to work with.

        It must be told of here: the error's traceback is a cycle, so that it dies in some later garbage collection.
        """
        if self._on:
            self._note(_given_to_framework(error.__traceback__), request)

    def _hear_of_death(self, original: Callable[[Any], None]) -> Callable[[Any], None]:
        def hear(coroutine: Any) -> None:
            try:
                if id(coroutine) in self._told:
                    self._told.discard(id(coroutine))
                elif self._on:
                    collecting = getattr(self._local, "collecting", False)
                    self._judge(coroutine, None if collecting else current_request(), died=not collecting)
            except Exception:
                logger.exception("a forgotten await could not be told of")
            original(coroutine)

        # `warnings` passes over frames of the import machinery: the warning names the same line as without this one.
        hear.__code__ = hear.__code__.replace(co_filename="<importlib._bootstrap of loopline.watch>")
        return hear

    def _look_at_thread(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """See what FastAPI gives to a thread and gets from it, where it lives until the thread has other work."""

        async def run_in_threadpool(*given: Any, **named: Any) -> Any:
            returned: Any = None
            try:
                returned = await original(*given, **named)
            finally:
                # Newer versions give all the endpoint's arguments as one.
                for value in (*named.values(), *(named.get("arguments") or {}).values(), returned):
                    if type(value) is CoroutineType and self._on and (request := current_request()) is not None:
                        self.suspects.append((request, value))
            return returned

        return run_in_threadpool

    def search_suspects(self, request: Request) -> None:
        """Look whether a request that has ended left a coroutine of the suspects."""
        for suspect in [one for one in list(self.suspects) if one[0] == request]:
            with suppress(ValueError):  # too many came meanwhile
                self.suspects.remove(suspect)
            self._note(_coroutines_in([suspect[1]]), request)

    def _note(self, coroutines: Iterable[CoroutineType[Any, Any, Any]], request: Request | None) -> None:
        """Tell of coroutines that still live, but that nobody can await any more."""
        try:
            for coroutine in coroutines:
                if len(self._told) < KEPT and id(coroutine) not in self._told:
                    self._told.add(id(coroutine))
                    self._judge(coroutine, request)
        except Exception:
            logger.exception("a forgotten await could not be looked for")

    def _judge(self, coroutine: Any, request: Request | None, *, died: bool = False) -> None:
        """Find where it was made.

        Args:
            coroutine: What nobody awaited.
            request: The request that it belongs to, if any.
            died: Whether it dies right now, since what runs has dropped it.
        """
        name: str = coroutine.__name__
        code: CodeType = coroutine.cr_code
        place = definition_of(code)
        chain: Stack = ()
        if coroutine.cr_origin:
            place = Place(*coroutine.cr_origin[0])
        elif died and (found := _maker_on(stack_of(sys._getframe(2)), name)) is not None:
            place, chain = found
        elif request is not None and (route := request.route) is not None:
            place = maker_of(route, name) or place
        self._tell(name, place, chain, request)

    def _note_collection(self, phase: str, _: dict[str, Any]) -> None:
        self._local.collecting = phase == "start"


def _maker_on(stack: Stack, name: str) -> tuple[Place, Stack] | None:
    """Return the innermost own line of a stack whose function speaks of the name, and the own steps that lead there."""
    for index, step in enumerate(stack):
        if step.code is not None and is_own(step.place.file) and names(step.code, name):
            line = line_of(step.code, name) or step.place.line
            return Place(step.place.file, line, step.place.function), own_steps(stack[index:])
    return None


def _given_to_framework(traceback: TracebackType | None) -> Iterator[CoroutineType[Any, Any, Any]]:
    while traceback is not None:
        if not is_own(traceback.tb_frame.f_code.co_filename):
            yield from _coroutines_in(list(traceback.tb_frame.f_locals.values()))
        traceback = traceback.tb_next


def _coroutines_in(values: list[Any]) -> Iterator[CoroutineType[Any, Any, Any]]:
    """Find coroutines that were not started, at any depth of what a response may be made of."""
    searched = 0
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for value in values:
            searched += 1
            if searched > MOST:
                return
            if isinstance(value, CoroutineType):
                if inspect.getcoroutinestate(value) == inspect.CORO_CREATED:
                    yield value
            elif isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list | tuple | set | frozenset):
                inner += value
        values = inner
