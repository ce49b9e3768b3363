"""What an object was built with, where that is in view: `request.descending` after `Request(descending=True)`.

Also what the dependency of a parameter, or of a class, gives, and what a test's fixture returns.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from loopline.check.construction import validators
from loopline.check.hints import metadata
from loopline.check.known import NOTHING, Known
from loopline.check.library_types import given
from loopline.check.mocks import fixture
from loopline.check.model import ClassInfo, FunctionInfo, Scope
from loopline.check.outcomes import known
from loopline.check.stores import is_sure
from loopline.check.values import Class, Frame, Function, Instance, Library

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Built"]

DEEPEST = 4  # names behind names
GIVEN = re.compile(r"\s*(?:[-+|&*]?=)(?!=)")
SELF = re.compile(r"\bself$")


class Built:
    """Questions on attributes; what the project assigns is remembered."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._changed: dict[str, bool] = {}
        self._plain: dict[ClassInfo, tuple[bool, list[str]]] = {}  # whether it is one, and its validators
        self._open: set[tuple[ast.expr, str, Frame | None]] = set()  # what is asked at this moment

    def field(self, node: ast.expr, name: str, scope: Scope, frame: Frame | None, depth: int = 0) -> Known:
        """Return what is known of an attribute of what an expression gives.

        Args:
            node: The expression.
            name: The attribute.
            scope: Where it stands.
            frame: The call in which it is evaluated.
            depth: How many names were followed.
        """
        key = (node, name, frame)
        if depth > DEEPEST or key in self._open:
            return NOTHING
        self._open.add(key)
        try:
            found = self._find(node, name, scope, frame, depth)
        finally:
            self._open.discard(key)
        return NOTHING if found == NOTHING or self._is_changed(name, scope) else found

    def _find(self, node: ast.expr, name: str, scope: Scope, frame: Frame | None, depth: int) -> Known:
        match node:
            case ast.Call(func=function):
                values = self._inference.infer(function, scope, frame)
                if len(values) != 1:
                    return NOTHING
                match values[0]:
                    case Class(info=info):
                        return self._of_class(info, node, name, scope, frame)
                    case Function() as called:
                        return self._of_result(called, name, depth)
            case ast.Name(id=local) if isinstance(scope, FunctionInfo) and local in scope.bindings:
                return self._of_name(node, name, scope, frame, depth)
            case ast.Attribute(value=owner, attr=kept):
                for value in self._inference.infer(owner, scope, frame):
                    return self._of_attribute(value.info, kept, name, depth) if isinstance(value, Instance) else NOTHING
        return NOTHING

    def _of_name(self, node: ast.Name, name: str, scope: FunctionInfo, frame: Frame | None, depth: int) -> Known:
        bound = scope.bindings[node.id]
        if bound[0].kind == "param" and not bound[0].target:
            if not is_sure(scope, node, given=True, runs=lambda _: True):
                return NOTHING
            for told, value in frame.told if frame is not None and frame.info is scope else ():
                if told == f"{node.id}.{name}":
                    return value
            arg = next((one for one in scope.parameters if one.arg == node.id), None)
            default = scope.defaults.get(node.id)
            places = list(metadata(self._inference, arg.annotation, scope)) if arg is not None else []
            places += [(default, scope.parent)] if default is not None else []
            found = [self._of_dependency(place, where, name, depth) for place, where in places]
            if scope.module.is_test and not places and (made := fixture(self._inference, node.id, scope)):
                found.append(self._of_result(Function(made), name, depth))
            return found[0] if len(found) == 1 else NOTHING
        plain = len(bound) == 1 and bound[0].kind == "value" and not bound[0].path and bound[0].scope in (None, scope)
        if plain and isinstance(bound[0].node, ast.expr) and is_sure(scope, node, given=False, runs=lambda _: True):
            return self.field(bound[0].node, name, scope, frame, depth + 1)
        return NOTHING

    def _of_attribute(self, owner: ClassInfo, kept: str, name: str, depth: int) -> Known:
        """What the dependency of a class gives: `events: Events = Depends(Events.of_request)`."""
        for one in self._inference.classes.ancestry(owner):
            bound = one.bindings.get(kept, ()) if isinstance(one, ClassInfo) else ()
            if bound and isinstance(one, ClassInfo):
                node = bound[0].node
                return self._of_dependency(node, one, name, depth) if len(bound) == 1 and node is not None else NOTHING
        return NOTHING

    def _of_dependency(self, node: ast.AST, scope: Scope, name: str, depth: int) -> Known:
        if not isinstance(node, ast.Call) or not any(
            isinstance(one, Library) and one.path.rpartition(".")[2] in ("Depends", "Security")
            for one in self._inference.infer(node.func, scope, None)
        ):
            return NOTHING
        targets = node.args[:1] or given(node, "dependency")
        values = self._inference.infer(targets[0], scope, None) if targets else ()
        return self._of_result(values[0], name, depth) if len(values) == 1 else NOTHING

    def _of_result(self, value: object, name: str, depth: int) -> Known:
        """What a function makes: all that it returns agrees."""
        if not isinstance(value, Function):
            return NOTHING
        info = value.info
        results = [one.value for one in info.yields] if info.is_generator else info.returned
        frame = self._inference.frame(info, (), value.closure, value.receiver)
        found = {
            self.field(one, name, info, frame, depth + 1) if one is not None else NOTHING
            for one in results
            if not (isinstance(one, ast.Constant) and one.value is None)
        }
        return found.pop() if len(found) == 1 else NOTHING

    def _of_class(self, info: ClassInfo, call: ast.Call, name: str, scope: Scope, frame: Frame | None) -> Known:
        ancestry = [one for one in self._inference.classes.ancestry(info) if isinstance(one, ClassInfo)]
        stored = [binding for one in ancestry for binding in one.attributes.get(name, ())]
        init = next((one.bindings["__init__"][-1].info for one in ancestry if "__init__" in one.bindings), None)
        if isinstance(init, FunctionInfo):
            if len(stored) != 1 or stored[0].scope is not init or not isinstance(stored[0].node, ast.Name):
                return NOTHING
            name = stored[0].node.id
            default = init.defaults.get(name)
            positions = [arg.arg for arg in init.positional[1:]]
            where: Scope = init.parent
        else:
            if stored or not self._is_plain(info, name):
                return NOTHING
            bound = next((one.bindings[name] for one in ancestry if name in one.bindings), [])
            if len(bound) != 1 or bound[0].annotation is None:
                return NOTHING
            default = bound[0].node if isinstance(bound[0].node, ast.Constant) else None
            positions, where = [], info
        if any(keyword.arg is None for keyword in call.keywords) or any(isinstance(a, ast.Starred) for a in call.args):
            return NOTHING
        passed = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
        if passed is None and name in positions and positions.index(name) < len(call.args):
            passed = call.args[positions.index(name)]
        if passed is not None:
            return known(self._inference, passed, scope, frame)
        return known(self._inference, default, where, None) if default is not None else NOTHING

    def _is_plain(self, info: ClassInfo, name: str) -> bool:
        """Whether a class takes a field by name, as it is: a model or a data class, without a word on this one."""
        known = self._plain.get(info)
        if known is None:
            models = "pydantic.BaseModel", "pydantic.main.BaseModel"
            is_data = any("dataclass" in ast.unparse(one) for one in info.node.decorator_list)
            is_data = is_data or self._inference.classes.inherits(info, *models)
            checked = validators(self._inference, info) if is_data else []
            known = self._plain[info] = is_data, [ast.unparse(one.info.node) for one in checked]
        return known[0] and not any(f"'{name}'" in text or f".{name} " in text for text in known[1])

    def _is_changed(self, name: str, scope: Scope) -> bool:
        """Whether anything but an object itself assigns to an attribute of this name; a test only does to its own."""
        found = self._changed.get(name)
        if found is None:
            having = self._inference.project.texts.matching(name, name)
            modules = [one for one in having if _assigns(one.source, name)]
            found = self._changed[name] = any(
                not one.is_test or any(_changes(function, name) for function in one.functions) for one in modules
            )
        return found or (isinstance(scope, FunctionInfo) and scope.module.is_test and _assigns(_text(scope), name))


def _changes(info: FunctionInfo, name: str) -> bool:
    """Whether a function of the tests, but no test, assigns to an attribute of this name."""
    return not info.name.startswith("test") and _assigns(_text(info), name)


def _assigns(text: str, name: str) -> bool:
    """Whether something but ``self`` is given an attribute. A pattern for each name would take longer to make."""
    attribute = f".{name}"
    at = text.find(attribute)
    while at >= 0:
        if GIVEN.match(text, at + len(attribute)) and not SELF.search(text[max(0, at - 5) : at]):
            return True
        at = text.find(attribute, at + 1)
    if "setattr(" not in text or (f'"{name}"' not in text and f"'{name}'" not in text):
        return False
    return re.search(rf"setattr\([^)]*[\"']{re.escape(name)}[\"']", text) is not None


def _text(info: FunctionInfo) -> str:
    return info.module.text(info.node.lineno, info.node.end_lineno or info.node.lineno)
