"""Which request runs here: a mark in the context, which child tasks inherit, and the route's template."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextvars import Context, ContextVar
from dataclasses import dataclass
from inspect import isfunction
from typing import Any

__all__ = [
    "MARK",
    "KnownRoutes",
    "Request",
    "Route",
    "current_mark",
    "current_request",
    "kept_of",
    "module_of",
    "route_of",
]

# What the route is found from. The rest of a scope is let go with its request: a task may outlive that.
MARK = "loopline.watch"  # in the scope of a request that is being watched
_KEPT = ("type", "method", "path", "root_path", "path_params", "endpoint", "route")
MOST = 10_000  # routes that are known


@dataclass(frozen=True, slots=True)
class Route:
    """What a request asked for, without anything that its client has sent.

    Attributes:
        name: Method and template with all prefixes, such as ``GET /shops/{shop}/items/{item}``.
        endpoint: The function that answers it; None if there is none.
        dependencies: The functions that FastAPI calls for it before.
    """

    name: str
    endpoint: Callable[..., Any] | None
    dependencies: tuple[Callable[..., Any], ...] = ()


class Request:
    """A request that is being answered, or was: what a mark says of it.

    Args:
        mark: What the watch puts into the context of each request: a list of its scope and of when it came, since that
            costs least. Requests are equal if they have the same.
    """

    __slots__ = ("_mark",)

    def __init__(self, mark: list[Any]) -> None:
        self._mark = mark

    def __eq__(self, other: object) -> bool:
        """Whether it is the same request."""
        return isinstance(other, Request) and other._mark is self._mark

    def __hash__(self) -> int:
        """Return a number for it."""
        return id(self._mark)

    @property
    def scope(self) -> Mapping[str, Any]:
        """Its ASGI scope, into which the routers write what they find; what is kept of it once it has ended."""
        scope: Mapping[str, Any] = self._mark[0]
        return scope

    @property
    def began(self) -> float:
        """When it came, by the monotonic clock."""
        began: float = self._mark[1]
        return began

    @property
    def is_over(self) -> bool:
        """Whether it has been answered, though a task may still work for it."""
        return MARK not in self.scope

    @property
    def route(self) -> Route | None:
        """Its route; None as long as the routers have not found one, or if there is none."""
        return route_of(self.scope)


class KnownRoutes:
    """The routes that were asked for so far, each by what one of its requests' scopes said of it.

    Attributes:
        kept: What is kept of the scopes of each route's requests, by the ``id`` of its endpoint.
    """

    def __init__(self) -> None:
        self.kept: dict[int, Mapping[str, Any]] = {}

    def keep(self, scope: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what is kept of the scope of a request that has ended: the same for all requests of a route."""
        endpoint = scope.get("endpoint")
        kept = self.kept.get(id(endpoint))
        if kept is None:
            kept = kept_of(scope)
            if endpoint is not None and len(self.kept) < MOST:
                self.kept[id(endpoint)] = kept  # it holds the endpoint, so that nothing else gets its id
        return kept

    def __iter__(self) -> Iterator[Route]:
        """Go through them."""
        for scope in list(self.kept.values()):
            if (route := route_of(scope)) is not None:
                yield route


current_mark: ContextVar[list[Any] | None] = ContextVar("loopline.watch.current_mark", default=None)


def current_request(context: Context | None = None) -> Request | None:
    """Return the request that is worked for in a context; None if there is none.

    Args:
        context: Which context; without it, the running one.
    """
    mark = current_mark.get() if context is None else context.get(current_mark)
    return None if mark is None else Request(mark)


def module_of(app: object) -> str | None:
    """Return a module of the package that most of an application's endpoints are in; None if it has none.

    Args:
        app: What a lifespan's scope says the application is.
    """
    endpoints = [getattr(route, "endpoint", None) for route in getattr(app, "routes", ())]
    modules = [module for one in endpoints if isinstance(module := getattr(one, "__module__", None), str)]
    tops = Counter(module.partition(".")[0] for module in modules)
    for framework in ("fastapi", "starlette"):  # its documents, and what it has made of a function
        tops.pop(framework, None)
    return max(tops, key=lambda top: tops[top], default=None)


def kept_of(scope: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a route is found from: of the scope of a request that has ended, nothing else is kept."""
    return {key: scope[key] for key in _KEPT if key in scope}


def route_of(scope: Mapping[str, Any]) -> Route | None:
    """Return the route of a scope that the routers have seen; None if they have found none.

    Neither Starlette nor FastAPI tells the whole template: ``route.path`` lacks the prefixes of mounts and of included
    routers. They are what stands before the part of the path that the route matches.
    """
    endpoint, route = scope.get("endpoint"), scope.get("route")
    path: str = scope.get("path") or ""
    given: Mapping[str, Any] = scope.get("path_params") or {}
    if endpoint is None and route is None:
        return None
    found = _own_part(path, route, given)
    if found is None:
        template = _whole(path, scope, given) if route is None else getattr(route, "path_format", "/{path}")
    else:
        start, own = found
        template = _filled_in(path[:start], {name: value for name, value in given.items() if name not in own})
        template += getattr(route, "path_format", "")
    name = f"{scope.get('method') or 'WS'} {template}"
    return Route(name, endpoint if callable(endpoint) else None, _dependencies(getattr(route, "dependant", None)))


def _dependencies(dependant: Any) -> tuple[Callable[..., Any], ...]:
    """Return what FastAPI calls for a route, at any depth. Starlette's routes have nothing of the kind."""
    inner = getattr(dependant, "dependencies", None) or ()
    calls = [(getattr(one, "call", None), *_dependencies(one)) for one in inner]
    return tuple(call for some in calls for call in some if callable(call))


def _own_part(path: str, route: Any, given: Mapping[str, Any]) -> tuple[int, frozenset[str]] | None:
    """Return where the route's own part of the path begins, and the parameters in it; None if that is not known."""
    regex: re.Pattern[str] | None = getattr(route, "path_regex", None)
    convertors = getattr(route, "param_convertors", {})
    start = 0
    while regex is not None and start >= 0:
        found = regex.match(path[start:])
        if found is not None and all(
            name in convertors and convertors[name].convert(value) == given.get(name)
            for name, value in found.groupdict().items()
        ):
            return start, frozenset(found.groupdict())
        start = path.find("/", start + 1)
    return None


def _whole(path: str, scope: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Return the template of a path whose route says nothing of itself; what is not known to be its own is left out."""
    if isfunction(scope.get("endpoint")):
        filled = _filled_in(path, given)
        if all(f"/{{{name}}}" in filled for name in given):
            return filled
    # An application that is mounted: what stands behind its place may be anything that a client asks for.
    return f"{_filled_in(scope.get('root_path') or '', given)}/{{path}}"


def _filled_in(path: str, given: Mapping[str, Any]) -> str:
    for name, value in given.items():
        path = f"{path}/".replace(f"/{value}/", f"/{{{name}}}/")[:-1]
    return path
