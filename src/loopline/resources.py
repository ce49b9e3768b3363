"""lifespan(): resources become one FastAPI lifespan, started in order and closed in reverse."""

from __future__ import annotations

import asyncio
import inspect
import logging
import warnings
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Router

from loopline._finish import finish_first
from loopline.errors import ConfigurationError, ResourceError

__all__ = ["Lifespan", "Resource", "lifespan"]

logger = logging.getLogger("loopline.resources")

Resource: TypeAlias = AbstractAsyncContextManager[Any] | Callable[..., AbstractAsyncContextManager[Any]] | Starlette
"""What ``lifespan`` takes: an async context manager, a function that makes one, or a mounted sub-application."""

Lifespan: TypeAlias = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any]]]
"""What FastAPI's ``lifespan=`` takes."""

# How long a close that was cut may take to notice, in seconds. After that it is left behind.
CUT_GRACE = 1.0


def lifespan(
    *resources: Resource, start_timeout: float = 60.0, close_timeout: float = 10.0, **named: Resource
) -> Lifespan:
    """Make one FastAPI lifespan of resources: started in the given order, closed in reverse.

    A resource is an async context manager, or a function that makes one: called with the application if it has a
    required parameter (an existing lifespan function is such a function), else without. A mounted sub-application
    given here gets its own lifespan run. Each resource lives in a task of its own, so that one that hangs or fails
    can't keep the others from closing.

    Args:
        resources: Resources without a name. What a lifespan function yields is added to ``request.state``.
        start_timeout: Seconds that each resource may take to start.
        close_timeout: Seconds that each may take to close. Then it is cut, logged, and the rest still close.
        named: Resources with a name, started after the others. What ``NAME`` yields when it is entered is
            ``app.state.NAME`` and ``request.state.NAME``.

    Returns:
        A function for ``FastAPI(lifespan=...)`` or ``APIRouter(lifespan=...)``.

    Raises:
        ConfigurationError: If something given is no resource, or a timeout is not positive.
        ResourceError: When the application starts or ends: if a resource fails. It is named, and the others are closed.
    """
    for option, value in (("start_timeout", start_timeout), ("close_timeout", close_timeout)):
        if not value > 0:
            raise ConfigurationError(f"{option} must be more than 0 seconds, not {value}")
    entries: list[tuple[str, str | None, Resource]] = [
        *((_label(resource, None), None, resource) for resource in resources),
        *((_label(resource, name), name, resource) for name, resource in named.items()),
    ]

    @asynccontextmanager
    async def run(app: Any) -> AsyncIterator[Mapping[str, Any]]:
        _warn_about_mounted(app, [resource for _, _, resource in entries])
        state: dict[str, Any] = {}
        owners: list[_Owner] = []
        on_app: set[str] = set()
        # Every close has its own deadline; this is only their sum.
        grace = (close_timeout + CUT_GRACE) * (len(entries) + 1)
        try:
            for label, name, resource in entries:
                if name is not None and (name in state or hasattr(app.state, name)):
                    raise ConfigurationError(f"app.state.{name} is taken: give the resource another name")
                owner = _Owner(label)
                owners.append(owner)
                value = await owner.start(resource, app, start_timeout)
                if name is not None:
                    state[name] = value
                    setattr(app.state, name, value)
                    on_app.add(name)
                elif isinstance(value, Mapping) and not _is_manager(resource):
                    state.update(value)
            yield state
        except BaseException:
            await finish_first(_close(owners, close_timeout), grace=grace)
            raise
        else:
            failures = await finish_first(_close(owners, close_timeout), grace=grace)
            if failures:
                raise failures[0] if len(failures) == 1 else ResourceError("; ".join(map(str, failures)))
        finally:
            for name in on_app:
                if hasattr(app.state, name):
                    delattr(app.state, name)

    return run


class _Owner:
    """The task in which one resource is entered and left: some may only be left by the task that entered them."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._stop = asyncio.Event()
        self._started = False
        self._task: asyncio.Task[None] | None = None

    async def start(self, resource: Resource, app: Any, timeout: float) -> Any:
        started: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        task = self._task = asyncio.create_task(self._live(resource, app, started), name=f"resource {self.label}")
        await asyncio.wait({task, started}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if started.done():
            task.add_done_callback(self._ended)
            return started.result()
        if task.done():
            if task.cancelled():
                raise ResourceError(f"resource {self.label!r} was cancelled while it started")
            error = task.exception()
            raise ResourceError(f"resource {self.label!r} failed to start: {type(error).__name__}: {error}") from error
        raise ResourceError(f"resource {self.label!r} did not start within {timeout:g} s")

    async def _live(self, resource: Resource, app: Any, started: asyncio.Future[Any]) -> None:
        async with _open(resource, app) as value:
            # Here and not in start(): who is cancelled while it waits there still closes this in good order.
            self._started = True
            started.set_result(value)
            await self._stop.wait()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not self._stop.is_set():
            error = None if task.cancelled() else task.exception()
            logger.error("resource %r ended while the application was running", self.label, exc_info=error)

    async def close(self, timeout: float) -> ResourceError | None:
        task = self._task
        if task is None:
            return None
        ended_before = task.done()
        started = self._started
        self._stop.set()
        if started:
            await asyncio.wait({task}, timeout=timeout)
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=CUT_GRACE)
            if started:
                logger.error("resource %r did not close within %g s: it was cut", self.label, timeout)
            if not task.done():
                logger.error("resource %r does not heed cancellation: it was left behind", self.label)
            return None
        if task.cancelled() or (error := task.exception()) is None:
            return None
        if not ended_before:
            logger.error("resource %r failed to close", self.label, exc_info=error)
        failure = ResourceError(f"resource {self.label!r} failed to close: {type(error).__name__}: {error}")
        failure.__cause__ = error
        return failure


async def _close(owners: Iterable[_Owner], timeout: float) -> list[ResourceError]:
    return [failure for owner in reversed(list(owners)) if (failure := await owner.close(timeout))]


def _is_manager(resource: object) -> bool:
    return hasattr(type(resource), "__aenter__") and hasattr(type(resource), "__aexit__")


def _label(resource: object, name: str | None) -> str:
    """Check that it is a resource and return what messages call it."""
    label = name or getattr(resource, "__qualname__", None) or type(resource).__name__
    if isinstance(resource, Starlette) or _is_manager(resource):
        return label
    if inspect.isasyncgenfunction(resource) or inspect.isgeneratorfunction(resource):
        raise ConfigurationError(f"resource {label!r} is a generator function: decorate it with @asynccontextmanager")
    if inspect.iscoroutinefunction(resource):
        raise ConfigurationError(
            f"resource {label!r} is a coroutine function, which says how to start but not how to close: "
            "make it an @asynccontextmanager with a yield"
        )
    if hasattr(type(resource), "__enter__"):
        raise ConfigurationError(
            f"resource {label!r} is a synchronous context manager: enter it in an @asynccontextmanager"
        )
    if not callable(resource):
        raise ConfigurationError(
            f"resource {label!r} is no resource: give an async context manager or a function that makes one"
        )
    return label


def _open(resource: Resource, app: Any) -> AbstractAsyncContextManager[Any]:
    if isinstance(resource, Starlette):
        return resource.router.lifespan_context(resource)
    if isinstance(resource, AbstractAsyncContextManager):
        if getattr(resource, "gen", None) is not None and not hasattr(resource, "args"):
            raise ConfigurationError(
                "it was made by an @asynccontextmanager function and can be entered only once: "
                "give lifespan(...) the function itself, without calling it"
            )
        return resource
    required = [
        parameter
        for parameter in inspect.signature(resource).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    manager = resource(app) if required else resource()
    if not _is_manager(manager):
        raise ConfigurationError(f"it returned {type(manager).__name__}, which is no async context manager")
    return manager


def _warn_about_mounted(app: Any, given: list[Resource]) -> None:
    for path, mounted in _mounted(getattr(app, "routes", ()), ""):
        context = mounted.router.lifespan_context
        handlers = (getattr(mounted.router, "on_startup", None), getattr(mounted.router, "on_shutdown", None))
        # The default context of FastAPI and Starlette does nothing without handlers. Its class is private: by name.
        idle = type(context).__name__ == "_DefaultLifespan" and not any(handlers)
        if not idle and not any(mounted is resource for resource in given):
            warnings.warn(
                f"the lifespan of the application mounted at {path!r} never runs: "
                "neither FastAPI nor Starlette does that. Give the mounted application to lifespan(...) as well.",
                RuntimeWarning,
                stacklevel=2,
            )


def _mounted(routes: Iterable[BaseRoute], prefix: str) -> Iterable[tuple[str, Starlette]]:
    for route in routes:
        # An included router is one entry of the routes, and keeps its own.
        if isinstance(included := getattr(route, "original_router", None), Router):
            yield from _mounted(included.routes, prefix)
        if isinstance(route, Mount):
            if isinstance(route.app, Starlette):
                yield prefix + route.path, route.app
            yield from _mounted(route.routes, prefix + route.path)
