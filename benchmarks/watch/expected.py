"""What is to be found: for each case the request that sets it off, and what is true of it."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.watch.markers import Place, guilty_places

__all__ = ["CALM", "CASES", "CYCLE", "PREFIX", "Case", "check"]

PREFIX = "/api/v1"
CALM = f"{PREFIX}/calm"  # where the innocents are
CYCLE = "cycle"  # the case that needs a second request, to let the collector come

_BLOCKING, _CPU, _GIL = (frozenset([kind]) for kind in ("blocking", "cpu", "gil"))
_CALLBACKS, _COLLECTION, _IMPORT = (frozenset([kind]) for kind in ("callbacks", "gc", "import"))
_FORGOTTEN = frozenset(["forgotten-await"])


@dataclass(frozen=True, slots=True)
class Case:
    """One way to block the loop, or to forget to await.

    Attributes:
        name: That of its marker.
        route: Method and template, as they should be reported; None where no route is to blame.
        path: What is requested.
        kinds: Those that are right.
        statuses: Of an answer that no tool has changed.
        body: Of the request.
        after: Seconds after the answer in which the stall may still begin.
    """

    name: str
    route: str | None
    path: str
    kinds: frozenset[str] = _BLOCKING
    statuses: tuple[int, ...] = (200,)
    body: bytes = b""
    after: float = 0.0

    @property
    def method(self) -> str:
        """The request's method."""
        return (self.route or "GET").split()[0]

    @property
    def template(self) -> str | None:
        """The route without its method."""
        return self.route.split()[1] if self.route else None

    @property
    def forgotten(self) -> bool:
        """Whether it is a forgotten await."""
        return self.kinds == _FORGOTTEN

    @property
    def places(self) -> frozenset[Place]:
        """Where it happens: any of them is right."""
        return guilty_places()[self.name]


def _get(name: str, template: str, kinds: frozenset[str] = _BLOCKING, path: str | None = None, **more: object) -> Case:
    return _case(name, "GET", template, kinds, path, **more)


def _case(
    name: str, method: str, template: str, kinds: frozenset[str] = _BLOCKING, path: str | None = None, **more: object
) -> Case:
    return Case(name, f"{method} {PREFIX}{template}", PREFIX + (path or template), kinds, **more)  # type: ignore[arg-type]


_LATER = 0.3  # seconds in which work after the answer has begun and ended

CASES = (
    _get("direct", "/sleeping/direct"),
    _get("two-deep", "/sleeping/two-deep"),
    _get("three-deep", "/sleeping/three-deep"),
    _get("log-handler", "/sleeping/log"),
    _get("path-parameters", "/sleeping/shops/{shop}/items/{item}", path="/sleeping/shops/north/items/7"),
    _case("other-method", "PUT", "/sleeping/shops/{shop}/items/{item}", path="/sleeping/shops/north/items/7"),
    _get("dependency", "/dependencies/async"),
    _get("dependency-teardown", "/dependencies/teardown", after=_LATER),
    _get("nested-dependency", "/dependencies/nested"),
    _get("router-dependency", "/dependencies/limited/"),
    _get("pure-middleware", "/routes/pure-middleware"),
    _get("base-http-middleware", "/routes/base-http-middleware"),
    _get("route-class", "/routes/measured/{number}", path="/routes/measured/7"),
    Case("mounted", "GET /old/reports/{year}", "/old/reports/2026"),
    _case("exception-handler", "POST", "/errors/orders", statuses=(409,)),
    _case("background-task", "POST", "/background/mail", statuses=(202,), after=_LATER),
    _case("task-after-answer", "POST", "/background/refresh", statuses=(202,), after=_LATER),
    _get("gather", "/tasks/gather"),
    _get("task-group", "/tasks/group"),
    _get("create-task", "/tasks/created"),
    _get("stream", "/streams/rows"),
    _case("request-stream", "POST", "/streams/upload", body=b"part"),
    _case("websocket", "WEBSOCKET", "/sockets/rooms/{room}", path="/sockets/rooms/north"),
    _get("urllib", "/waiting/urllib"),
    _get("socket", "/waiting/socket"),
    _case("sqlite", "POST", "/waiting/sqlite"),
    _get("subprocess", "/waiting/subprocess"),
    _get("file", "/waiting/pipe"),
    _get("lock", "/threads/lock"),
    _get("future", "/threads/future"),
    _get("queue", "/threads/queue"),
    _get("join", "/threads/join"),
    _case("validator", "POST", "/models/validated", _CPU, body=b'{"word":"secret"}'),
    _get("serialiser", "/models/serialised", _CPU),
    _get("large-answer", "/models/large", _CPU | _GIL),
    _get("python-loop", "/computing/loop", _CPU),
    _get("deepcopy", "/computing/deepcopy", _CPU),
    _case("pbkdf2", "POST", "/native/password", _CPU),
    _get("zlib", "/native/archive", _CPU),
    _get("regex", "/native/regex", _GIL),
    _get("json", "/native/json", _GIL),
    _get("sort", "/native/sort", _GIL),
    _get("sum", "/native/sum", _GIL),
    _get("factorial", "/native/factorial", _GIL),
    _get("callback-flood", "/callbacks/flood", _CALLBACKS),
    _get("task-flood", "/callbacks/tasks", _CALLBACKS),
    _get("timer", "/callbacks/timer"),
    _get("first-import", "/interpreter/import", _IMPORT),
    _get("collection", "/interpreter/collect", _COLLECTION),
    _get("returned", "/forgotten/returned", _FORGOTTEN, statuses=(200, 500)),
    _get("nested", "/forgotten/nested", _FORGOTTEN, statuses=(200, 500)),
    _get("dropped", "/forgotten/dropped", _FORGOTTEN),
    _get("injected", "/forgotten/injected", _FORGOTTEN),
    _get("stored", "/forgotten/stored", _FORGOTTEN),
    _get("condition", "/forgotten/condition", _FORGOTTEN),
    _get("dropped-in-task", "/forgotten/in-task", _FORGOTTEN),
    _case("dropped-in-background", "POST", "/forgotten/in-background", _FORGOTTEN),
    Case(CYCLE, None, f"{PREFIX}/forgotten/cycle", _FORGOTTEN),
)


def check() -> None:
    """Compare table and source.

    Raises:
        ValueError: If a case has no marker, or a marker no case.
    """
    cases, marked = {case.name for case in CASES}, set(guilty_places())
    if cases != marked:
        raise ValueError(f"without a marker: {sorted(cases - marked)}; without a case: {sorted(marked - cases)}")
