"""What a FastAPI or Starlette application is made of: routes, dependencies, middleware, handlers, lifespan."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from loopline.check import attributes, hints
from loopline.check.construction import validators
from loopline.check.inference import Inference
from loopline.check.library_types import given
from loopline.check.model import Binding, ClassInfo, FunctionInfo, ModuleInfo, Scope, own_nodes
from loopline.check.values import Class, ContextFunction, Function, Instance, Library, LibraryInstance, Partial, Value

__all__ = ["Dependency", "Part", "Route", "Services"]

METHODS = {"get", "post", "put", "patch", "delete", "head", "options", "trace"}
ROUTERS = ("fastapi.FastAPI", "fastapi.APIRouter", "starlette.applications.Starlette", "starlette.routing.Router")
DECORATORS = {
    "get", "post", "put", "patch", "delete", "head", "options", "trace", "middleware", "exception_handler", "on_event",
    "api_route", "route", "websocket", "websocket_route",
}  # fmt: skip
CALLS = {
    "add_api_route", "add_route", "add_websocket_route", "add_api_websocket_route", "add_middleware", "add_task",
    "add_exception_handler", "add_event_handler", "include_router", "mount", "FastAPI", "Starlette", "APIRouter",
    "Route", "WebSocketRoute", "APIRoute",
}  # fmt: skip
CALL = rf"\b(?:{'|'.join(sorted(CALLS))})\("


@dataclass(eq=False)
class Route:
    """A route of the application: its methods, path, endpoint, and the decorator or call that makes it."""

    methods: tuple[str, ...]
    path: str
    endpoint: FunctionInfo
    node: ast.Call
    scope: Scope
    router: Binding | None = None
    dependencies: list[Dependency] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What it is called in findings: `GET /users/{user_id}`."""
        return f"{'|'.join(self.methods)} {self.path}"


@dataclass(eq=False)
class Dependency:
    """A ``Depends(…)``: the call, where it stands, the function in whose signature, and what it depends on."""

    node: ast.Call
    scope: Scope
    target: Function | Class | Instance | None
    function: FunctionInfo | None

    @property
    def endpoint(self) -> FunctionInfo | None:
        """The project's function that it calls."""
        if isinstance(self.target, Function):
            return self.target.info
        if isinstance(self.target, Instance):
            bound = self.target.info.bindings.get("__call__")
            return bound[-1].info if bound and isinstance(bound[-1].info, FunctionInfo) else None
        return None


@dataclass(eq=False)
class Part:
    """Code that the server runs: ``kind`` is route, dependency, middleware, handler, lifespan, startup or validator.

    Or background: ``asked`` is the function that asks for it then, and where.
    """

    kind: str
    function: FunctionInfo
    title: str
    receiver: Instance | None = None
    asked: tuple[FunctionInfo, ast.Call] | None = None


class Services:
    """The applications of a project. Found once, when it is made."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self.routes: list[Route] = []
        self.parts: list[Part] = []
        self.includes: list[tuple[Binding | None, Binding | None, str, Scope, ast.Call]] = []
        self.mounted: list[tuple[ast.Call, Scope]] = []
        self.dependencies: dict[FunctionInfo, list[Dependency]] = {}
        texts = inference.project.texts
        decorating = {module for name in DECORATORS for module in texts.decorating(name)}
        calling = set(texts.matching(CALL, *CALLS))
        for module in inference.project.modules:
            for function in module.functions if module in decorating else ():
                if function.node.decorator_list if not isinstance(function.node, ast.Lambda) else ():
                    self._decorated(function)
            if module in calling:
                self._calls(module)
        self._prefix_routes()
        self._depend()

    def depends(self, function: FunctionInfo) -> list[Dependency]:
        """Return the dependencies in a function's signature."""
        known = self.dependencies.get(function)
        if known is None:
            known = self.dependencies[function] = []
            for arg in function.parameters:
                places = hints.metadata(self._inference, arg.annotation, function)
                default = function.defaults.get(arg.arg)
                if default is not None:
                    places.append((default, function.parent))
                for node, scope in places:
                    known.extend(self.dependency(node, scope, function, arg))
        return known

    def before(self, endpoint: FunctionInfo) -> list[Function]:
        """Return the functions that FastAPI calls before an endpoint: its dependencies, those of its class, and theirs.

        Args:
            endpoint: The endpoint.
        """
        found: dict[FunctionInfo, Function] = {}
        waiting = list(self.depends(endpoint))
        for owner in self._inference.classes.ancestry(endpoint.owner) if endpoint.owner is not None else ():
            if isinstance(owner, ClassInfo):
                values = [bound[-1].node for bound in owner.bindings.values()]
                waiting.extend(
                    one
                    for value in values
                    if isinstance(value, ast.expr)
                    for one in self.dependency(value, owner, None)
                )
        while waiting:
            target = waiting.pop().target
            if isinstance(target, Function) and target.info not in found:
                found[target.info] = target
                waiting.extend(self.depends(target.info))
        return list(found.values())

    def all_dependencies(self) -> Iterator[list[Dependency]]:
        """Yield the dependencies of every route, and of what they depend on."""
        for route in self.routes:
            yield route.dependencies
        yield from list(self.dependencies.values())

    def dependency(
        self, node: ast.expr, scope: Scope, function: FunctionInfo | None, arg: ast.arg | None = None
    ) -> list[Dependency]:
        """Return the dependency that an expression is, as a list of one or none."""
        if not isinstance(node, ast.Call) or not any(
            isinstance(value, Library) and value.path.rpartition(".")[2] in ("Depends", "Security")
            for value in self._inference.infer(node.func, scope, None)
        ):
            return []
        targets = node.args[:1] or given(node, "dependency")
        if targets:
            values = self._inference.infer(targets[0], scope, None)
        elif arg is not None and arg.annotation is not None and function is not None:
            typed = hints.resolve(self._inference, arg.annotation, function, None)
            values = tuple(Class(one.info) for one in typed if isinstance(one, Instance))
        else:
            values = ()
        target = next((_function(value) for value in values if _function(value) is not None), None)
        return [Dependency(node, scope, target, function)]

    def _decorated(self, function: FunctionInfo) -> None:
        assert not isinstance(function.node, ast.Lambda)
        for node in function.node.decorator_list:
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            name = node.func.attr
            kinds = {"middleware": "middleware", "exception_handler": "handler", "on_event": "startup"}
            if (
                name not in METHODS
                and name not in kinds
                and name not in ("api_route", "route", "websocket", "websocket_route")
            ):
                continue
            if not self._is_router(node.func.value, function.parent, node):
                continue
            if name in kinds:
                self.parts.append(Part(kinds[name], function, f"{kinds[name]} {function.name}"))
            else:
                self._route(name, node, function, function.parent, self.binding(node.func.value, function.parent))

    def _route(self, name: str, node: ast.Call, function: FunctionInfo, scope: Scope, router: Binding | None) -> None:
        first = next(iter([*node.args[:1], *given(node, "path")]), None)
        path = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
        methods: tuple[str, ...] = (name.upper(),)
        if "websocket" in name.lower():
            methods = ("WEBSOCKET",)
        elif name not in METHODS:
            listed = next(iter(given(node, "methods")), None)
            if isinstance(listed, ast.List | ast.Tuple | ast.Set):
                methods = tuple(str(one.value).upper() for one in listed.elts if isinstance(one, ast.Constant))
            else:
                methods = ("GET",)
        self.routes.append(Route(methods, path, function, node, scope, router))

    def _is_router(self, node: ast.expr, scope: Scope, call: ast.Call) -> bool:
        values = self._inference.infer(node, scope, None)
        for value in values:
            if isinstance(value, LibraryInstance) and value.path in ROUTERS:
                return True
            if isinstance(value, Instance) and self._inference.classes.inherits(value.info, *ROUTERS):
                return True
        first = call.args[0] if call.args else None
        known = any(not isinstance(value, Instance | LibraryInstance) for value in values) or not values
        path = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else "-"
        return known and path[:1] in ("", "/")

    def binding(self, node: ast.expr, scope: Scope) -> Binding | None:
        """Return where the thing that an expression names is defined; imports are followed."""
        current: Scope | None = scope
        match node:
            case ast.Name(id=name):
                while current is not None:
                    if name in current.bindings:
                        return self._origin(current.bindings[name][-1], current.module)
                    current = current.parent
            case ast.Attribute(value=value, attr=name):
                for one in self._inference.infer(value, scope, None):
                    info = getattr(one, "info", None)
                    bindings = getattr(info, "bindings", {})
                    if info is not None and name in bindings:
                        return self._origin(bindings[name][-1], info.module)
            case _:
                pass
        return None

    def _origin(self, binding: Binding, module: ModuleInfo, depth: int = 0) -> Binding:
        if binding.kind == "from" and depth < 8:
            base, _, name = binding.target.rpartition(".")
            found = self._inference.project.module(base, module)
            if found is not None and name in found.bindings:
                return self._origin(found.bindings[name][-1], found, depth + 1)
        return binding

    def _calls(self, module: ModuleInfo) -> None:
        top = [node for node in own_nodes(module.tree) if isinstance(node, ast.Call)]
        pairs: list[tuple[Scope, list[ast.Call]]] = [(module, top), *((one, one.calls) for one in module.functions)]
        for scope, calls in pairs:
            for node in calls:
                target = node.func
                name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
                if name in CALLS:
                    self._call(name, node, scope)

    def _call(self, name: str, node: ast.Call, scope: Scope) -> None:
        infer = self._inference.infer
        receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
        match name:
            case "add_middleware":
                for value in infer(node.args[0], scope, None) if node.args else ():
                    if isinstance(value, Class):
                        self._middleware(value.info)
            case "FastAPI" | "Starlette" | "APIRouter":
                for one in given(node, "lifespan"):
                    for value in infer(one, scope, None):
                        function = value.function if isinstance(value, ContextFunction) else value
                        if isinstance(function, Function):
                            self.parts.append(Part("lifespan", function.info, "lifespan"))
                for key in ("on_startup", "on_shutdown"):
                    for one in given(node, key):
                        for value in self._inference.elements(infer(one, scope, None)):
                            if isinstance(value, Function):
                                self.parts.append(Part("startup", value.info, f"startup {value.info.name}"))
                for one in given(node, "dependencies"):
                    for part in one.elts if isinstance(one, ast.List | ast.Tuple) else ():
                        for dependency in self.dependency(part, scope, None):
                            self._dependency_part(dependency, "every route")
            case "add_event_handler" if len(node.args) > 1:
                for value in infer(node.args[1], scope, None):
                    if isinstance(value, Function):
                        self.parts.append(Part("startup", value.info, f"startup {value.info.name}"))
            case "add_exception_handler" if len(node.args) > 1:
                for value in infer(node.args[1], scope, None):
                    if isinstance(value, Function):
                        self.parts.append(Part("handler", value.info, f"handler {value.info.name}"))
            case "include_router" if receiver is not None:
                first = next(iter([*node.args[:1], *given(node, "router")]), None)
                prefix = next((one.value for one in given(node, "prefix") if isinstance(one, ast.Constant)), "")
                inner = self.binding(first, scope) if first is not None else None
                self.includes.append((self.binding(receiver, scope), inner, str(prefix), scope, node))
            case "mount" if receiver is not None and len(node.args) > 1:
                self.mounted.append((node, scope))
            case "add_task" if node.args:
                for value in infer(node.args[0], scope, None):
                    if isinstance(value, Function) and value.info.is_async and self._is_background(receiver, scope):
                        asked = (scope, node) if isinstance(scope, FunctionInfo) else None
                        title = f"background task {value.info.name}"
                        self.parts.append(Part("background", value.info, title, asked=asked))
            case _ if name.startswith("add_") or name.endswith("Route"):
                endpoint = next(iter([*node.args[1:2], *given(node, "endpoint")]), None)
                for value in infer(endpoint, scope, None) if endpoint is not None else ():
                    if isinstance(value, Function):
                        router = self.binding(receiver, scope) if receiver is not None else None
                        self._route(name, node, value.info, scope, router)
            case _:
                pass

    def _is_background(self, node: ast.expr | None, scope: Scope) -> bool:
        return node is not None and any(
            isinstance(value, LibraryInstance) and value.path.endswith("BackgroundTasks")
            for value in self._inference.infer(node, scope, None)
        )

    def _middleware(self, info: ClassInfo) -> None:
        instance = Instance(info)
        for name in ("dispatch", "__call__"):
            for value in attributes.get(self._inference, instance, name):
                if isinstance(value, Function):
                    self.parts.append(Part("middleware", value.info, f"middleware {info.name}", instance))

    def _prefix_routes(self) -> None:
        created: dict[Binding, str] = {}

        def prefix(binding: Binding | None, depth: int = 0) -> str:
            if binding is None or depth > 6:
                return ""
            if binding in created:
                return created[binding]
            own = ""
            if isinstance(binding.node, ast.Call):
                own = next(
                    (str(one.value) for one in given(binding.node, "prefix") if isinstance(one, ast.Constant)), ""
                )
            for outer, inner, given_prefix, _, _ in self.includes:
                if inner is binding and outer is not binding:
                    own = prefix(outer, depth + 1) + given_prefix + own
                    break
            created[binding] = own
            return own

        for route in self.routes:
            route.path = prefix(route.router) + route.path or "/"
            self.parts.append(Part("route", route.endpoint, route.title))

    def _depend(self) -> None:
        seen: set[FunctionInfo] = set()
        for route in self.routes:
            for one in given(route.node, "dependencies"):
                for part in one.elts if isinstance(one, ast.List | ast.Tuple) else ():
                    for dependency in self.dependency(part, route.scope, None):
                        route.dependencies.append(dependency)
                        self._dependency_part(dependency, route.title)
            self._bodies(route)
            waiting = [route.endpoint]
            while waiting:
                function = waiting.pop()
                if function in seen:
                    continue
                seen.add(function)
                for dependency in self.depends(function):
                    if function is route.endpoint:
                        route.dependencies.append(dependency)
                    self._dependency_part(dependency, route.title)
                    if dependency.endpoint is not None:
                        waiting.append(dependency.endpoint)

    def _dependency_part(self, dependency: Dependency, title: str) -> None:
        function = dependency.endpoint
        if function is not None:
            receiver = dependency.target if isinstance(dependency.target, Instance) else None
            self.parts.append(Part("dependency", function, title, receiver))

    def _bodies(self, route: Route) -> None:
        """Validators of a body run on the loop, whatever the endpoint is."""
        for arg in route.endpoint.parameters:
            if arg.annotation is None:
                continue
            for value in hints.resolve(self._inference, arg.annotation, route.endpoint, None):
                if isinstance(value, Instance):
                    for function in validators(self._inference, value.info):
                        self.parts.append(Part("validator", function.info, route.title, Instance(value.info)))


def _function(value: Value) -> Function | Class | Instance | None:
    match value:
        case Function() | Class() | Instance():
            return value
        case Partial(function=function):
            return _function(function)
        case ContextFunction(function=function):
            return function
        case _:
            return None
