"""What expressions may be worth, asked for lazily and remembered. An answer that would need itself is unknown."""

from __future__ import annotations

import ast
import builtins

from loopline.check import attributes, decorators, hints, narrowing, parameters, unwrapping
from loopline.check.built import Built
from loopline.check.classes import Classes
from loopline.check.constructions import Constructions
from loopline.check.expressions import answers_of, constant
from loopline.check.import_time import ImportTime
from loopline.check.indexing import bind_target, lambda_info, position
from loopline.check.known import Known
from loopline.check.libraries import Libraries
from loopline.check.lifetimes import Lifetimes
from loopline.check.living import Living
from loopline.check.model import Binding, ClassInfo, FunctionInfo, ModuleInfo, Scope
from loopline.check.project import Project
from loopline.check.reaching import reaching
from loopline.check.registries import Registries
from loopline.check.told import Told
from loopline.check.values import (
    Class,
    Frame,
    Function,
    Generator,
    Instance,
    Library,
    Mapping,
    Module,
    Sequence,
    Tuple,
    Value,
    Values,
    union,
)

__all__ = ["Inference"]

DEEPEST = 120  # nested questions after which the answer is unknown
MOST_FRAMES = 24  # kinds of calls of one function that are told apart
MOST_TOLD = 96  # the same, if nothing but literals tells them apart

BUILTINS: dict[str, Values] = {name: (Library(f"builtins.{name}"),) for name in dir(builtins)}


class Inference:
    """Answers for one project. ``scope`` is where an expression stands, ``frame`` the call in which it is evaluated."""

    def __init__(self, project: Project, libraries: Libraries) -> None:
        self.project = project
        self.libraries = libraries
        self.classes = Classes(self)
        self.registries = Registries(self)
        self.constructions = Constructions(self)
        self._known: dict[ast.AST | Binding, Values] = {}  # outside functions; each frame has its own
        self._frames: dict[object, Frame] = {}
        self._lambdas: dict[int, FunctionInfo] = {}
        self._returns: dict[Frame, Values] = {}
        self._yields: dict[Frame, Values] = {}
        self._imports: dict[tuple[str, ModuleInfo], Values] = {}
        self.open_parameters: dict[FunctionInfo, set[str]] = {}
        self.told = Told(self)
        self.built = Built(self)
        self.living = Living(self)
        self.lifetimes = Lifetimes(self)
        self.import_time = ImportTime(self)
        self.frames_by_info: dict[FunctionInfo, list[Frame]] = {}
        self._depth = 0
        self._kinds = answers_of(self)

    # Frames

    def frame(
        self,
        info: FunctionInfo,
        arguments: tuple[tuple[str, Values], ...] = (),
        closure: Frame | None = None,
        receiver: Value | None = None,
        told: tuple[tuple[str, Known], ...] = (),
    ) -> Frame:
        """Return the frame of a call; equal calls have one frame, and too many kinds of calls share one."""
        if closure is None and isinstance(info.parent, FunctionInfo):
            closure = self.default_frame(info.parent)
        if receiver is None and info.owner is not None:
            receiver = parameters.usual_receiver(info)
        depth = 1 if closure is None else closure.depth + 1
        for _, values in arguments:
            for value in values:
                depth = max(depth, 1 + _depth(value))
        if depth > 6:
            arguments = ()
        key = (info, arguments, closure, receiver, told)
        known = self._frames.get(key)
        if known is None:
            frames = self.frames_by_info.setdefault(info, [])
            count = len(frames) + 1
            if count > (MOST_FRAMES if arguments else MOST_TOLD) and told:
                return self.frame(info, arguments, closure, receiver)
            if count > MOST_FRAMES and (arguments or receiver != parameters.usual_receiver(info)):
                return self.frame(info, (), closure if count < 2 * MOST_FRAMES else None, None)
            known = self._frames[key] = Frame(info, arguments, closure, receiver, min(depth, 7), told)
            frames.append(known)
        return known

    def default_frame(self, info: FunctionInfo) -> Frame:
        """Return the frame of a function of which nothing but its definition is known."""
        return self.frame(info)

    # Questions

    def infer(self, node: ast.expr, scope: Scope, frame: Frame | None) -> Values:
        """Return what an expression may be worth.

        Args:
            node: The expression.
            scope: The module, class or function in which it stands.
            frame: The call in which it is evaluated, None outside functions.

        Returns:
            The alternatives; nothing if it is unknown.
        """
        answers = self._known if frame is None else frame.known
        known = answers.get(node)
        if known is not None:
            return known
        kind = self._kinds.get(node.__class__)
        if kind is None or self._depth > DEEPEST:
            return ()
        if kind is constant:
            return constant(node)
        answers[node] = ()
        self._depth += 1
        try:
            found: Values = kind(node, scope, frame)
        finally:
            self._depth -= 1
        answers[node] = found
        return found

    def returns(self, frame: Frame) -> Values:
        """Return what a function gives (for an async one: after await), by its annotation or else by its body."""
        known = self._returns.get(frame)
        if known is None:
            self._returns[frame] = ()
            known = self._returns[frame] = self._find_returns(frame)
        return known

    def is_asked(self, frame: Frame) -> bool:
        """Tell whether it was asked what a function gives."""
        return frame in self._returns

    def yields(self, frame: Frame) -> Values:
        """Return what a generator function yields."""
        known = self._yields.get(frame)
        if known is not None:
            return known
        self._yields[frame] = ()
        info = frame.info
        found: list[Values] = []
        for node in info.yields:
            if isinstance(node, ast.YieldFrom):
                found.append(self.elements(self.infer(node.value, info, frame)))
            elif node.value is not None:
                found.append(self.infer(node.value, info, frame))
        known = union(found)
        if not known and not isinstance(info.node, ast.Lambda) and info.node.returns is not None:
            known = self.elements(hints.resolve(self, info.node.returns, info.parent, frame))
        self._yields[frame] = known
        return known

    def lookup(self, name: str, scope: Scope, frame: Frame | None, use: ast.AST | None) -> Values:
        """Return what a name may be worth.

        Args:
            name: The name.
            scope: Where it is used.
            frame: The call in which it is used.
            use: The node that uses it, for what is assigned before and after; None: any time.
        """
        current: Scope | None = scope
        while current is not None:
            if not (isinstance(current, ClassInfo) and current is not scope):
                found = current.bindings.get(name)
                if found:
                    if isinstance(current, FunctionInfo):
                        frame = frame if frame is not None and frame.info is current else self.default_frame(current)
                    seen = reaching(found, use if current is scope else None)
                    if len(seen) == 1:
                        values = self.bound(seen[0], current, frame)
                    else:
                        values = union(self.bound(one, current, frame) for one in seen)
                    return self._filled(values, name, current) if values else values
                if isinstance(current, FunctionInfo):
                    frame = frame.closure if frame is not None and frame.info is current else None
            current = current.parent
        module = scope.module
        for star in module.stars:
            values = self.imported(f"{star}.{name}", module)
            if values and not isinstance(values[0], Library):
                return values
            if values and isinstance(values[0], Library) and self._has(values[0].path):
                return values
        return BUILTINS.get(name, ())

    def bound(self, binding: Binding, scope: Scope, frame: Frame | None) -> Values:
        """Return what a binding gives its name.

        Args:
            binding: The binding.
            scope: The scope that has it.
            frame: The call of that scope.
        """
        answers = self._known if frame is None else frame.known
        known = answers.get(binding)
        if known is None:
            answers[binding] = ()
            known = answers[binding] = self._bound(binding, scope, frame)
        return known

    def imported(self, path: str, importer: ModuleInfo) -> Values:
        """Return what a dotted name is for a module that imports it."""
        key = (path, importer)
        known = self._imports.get(key)
        if known is None:
            self._imports[key] = ()
            known = self._imports[key] = self._find_import(path, importer)
        return known

    def elements(self, values: Values) -> Values:
        """Return what iterating values gives."""
        return unwrapping.elements(self, values)

    def entered(self, values: Values) -> Values:
        """Return what ``with`` or ``async with`` gives for values."""
        return unwrapping.entered(self, values)

    def awaited(self, values: Values) -> Values:
        """Return what awaiting values gives."""
        return unwrapping.awaited(self, values)

    def function_of(self, node: ast.Lambda, scope: Scope) -> FunctionInfo:
        """Return the function that a lambda is."""
        known = self._lambdas.get(id(node))
        if known is None:
            known = self._lambdas[id(node)] = lambda_info(node, scope)
        return known

    def register(self, generators: list[ast.comprehension], node: ast.expr, scope: Scope) -> None:
        """Bind the variables of a comprehension in its scope; doing it again changes nothing."""
        home = scope if isinstance(scope, FunctionInfo) else scope.module
        marker = f"comprehension {id(node)}"
        if marker in home.bindings:
            return
        home.bindings[marker] = [Binding("opaque", (0, 0), (0, 0))]
        end = (node.end_lineno or 0, node.end_col_offset or 0)
        for generator in generators:
            item = Binding("item", position(node), end, generator.iter, is_async=bool(generator.is_async))
            item.inner = (position(node), end)
            item.scope = scope
            bind_target(generator.target, home, item)

    # Names

    def _bound(self, binding: Binding, scope: Scope, frame: Frame | None) -> Values:
        home = scope
        if (
            binding.scope is not None and binding.scope is not scope
        ):  # assigned elsewhere: `global`, `self.x`, `state.x`
            scope = binding.scope
            if not isinstance(scope, FunctionInfo):
                frame = None
            elif frame is None or frame.info is not scope:
                receiver = frame.receiver if frame is not None and scope.owner is home else None
                frame = self.frame(scope, receiver=receiver)
        node = binding.node
        match binding.kind:
            case "def":
                assert isinstance(binding.info, FunctionInfo)
                return decorators.decorated(self, binding.info, frame)
            case "class":
                assert isinstance(binding.info, ClassInfo)
                return (Class(binding.info),)
            case "import" | "from":
                return self.imported(binding.target, scope.module)
            case "param":
                assert isinstance(scope, FunctionInfo)
                assert isinstance(node, ast.arg)
                return parameters.parameter(
                    self, node, scope, frame or self.default_frame(scope), rest=bool(binding.target)
                )
        if binding.annotation is not None:
            typed = hints.resolve(self, binding.annotation, scope, frame)
            if typed or node is None:
                return typed
        if not isinstance(node, ast.expr):
            return ()
        if binding.kind == "matched":
            return narrowing.instances(self, node, scope, frame)
        values = self.infer(node, scope, frame)
        match binding.kind:
            case "item":
                values = self.elements(values)
            case "enter":
                values = self.entered(values)
        for index in binding.path:
            values = union(
                value.parts[index]
                if isinstance(value, Tuple) and index < len(value.parts)
                else self.elements((value,))
                if isinstance(value, Sequence | Generator)
                else ()
                for value in values
            )
        return values

    def _filled(self, values: Values, name: str, scope: Scope) -> Values:
        """Add what is put into a list or dict later: `HANDLERS["a"] = slow`, `handlers.append(slow)`."""
        for value in values:
            if value.__class__ is Mapping or value.__class__ is Sequence:
                break
        else:
            return values
        put = scope.module.bindings.get(f"put {name}")
        if not put:
            return values
        if isinstance(scope, FunctionInfo):
            put = [one for one in put if one.scope is scope]
        added = union(self.registries.put(one) for one in put)
        return tuple(
            type(value)(union((value.elements, added))) if isinstance(value, Mapping | Sequence) else value
            for value in values
        )

    def _find_import(self, path: str, importer: ModuleInfo) -> Values:
        prefix = path
        rest: list[str] = []
        while prefix:
            module = self.project.module(prefix, importer)
            if module is not None:
                return self._inside(module, rest)
            prefix, _, last = prefix.rpartition(".")
            rest.insert(0, last)
        return (Library(self.libraries.canonical(path)),)

    def _inside(self, module: ModuleInfo, rest: list[str]) -> Values:
        if not rest:
            return (Module(module),)
        values: Values = (Module(module),)
        for name in rest:
            values = union(attributes.get(self, value, name) for value in values)
        return values

    def _has(self, path: str) -> bool:
        return self.libraries.function(path) is not None or self.libraries.cls(path) is not None

    def _find_returns(self, frame: Frame) -> Values:
        info = frame.info
        node = info.node
        annotated: Values = ()
        if not isinstance(node, ast.Lambda) and node.returns is not None:
            annotated = hints.resolve(self, node.returns, info, frame)
            if annotated and not any(self.classes.is_open(value) for value in annotated):
                return annotated
        if info.is_stub:
            return annotated
        inferred = union(self.infer(value, info, frame) for value in info.returned)
        if annotated:
            closer = tuple(value for value in inferred if isinstance(value, Instance))
            return closer if closer and len(closer) == len(inferred) == len(info.returned) else annotated
        return inferred


def _depth(value: Value) -> int:
    closure = value.closure if isinstance(value, Function) else value.frame if isinstance(value, Generator) else None
    return closure.depth if closure is not None else 0
