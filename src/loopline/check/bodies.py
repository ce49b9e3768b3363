"""Whether the change of a function's body changes nothing of what the check sees, in it or elsewhere.

Only what it says aside may have changed: a docstring, lines for the log. What may depend on a body is asked of the old
and of the new one all the same, in the project as it is otherwise. Bodies of a kind of which more may be asked than
that are not looked at: with functions inside, that assign attributes, that yield, …
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, fields, is_dataclass

from loopline.check.acceptance import all_of_project, all_pending
from loopline.check.alignment import Alignment, Function
from loopline.check.alternatives import every
from loopline.check.awaits import forgotten_awaits
from loopline.check.effects import Effects
from loopline.check.events import Block
from loopline.check.inference import Inference
from loopline.check.libraries import Libraries
from loopline.check.model import ClassInfo, FunctionInfo, ModuleInfo, extent, own_nodes
from loopline.check.once import keeping
from loopline.check.project import File, Project, load_files
from loopline.check.reading import parse_module
from loopline.check.rules.ll306_client_per_request import CLIENTS
from loopline.check.saying import said_aside
from loopline.check.services import CALLS
from loopline.check.told import tested
from loopline.check.values import Frame, Instance, Library, Value

__all__ = ["change_nothing", "told_apart_by_caller"]

MOST = 4  # functions that are asked; with more, a whole check is as fast
MOST_EVENTS = 200
PREDICATES = (all_pending, all_of_project, bool)
INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
ELSEWHERE = (*INNER, ast.Global, ast.Nonlocal, ast.Yield, ast.YieldFrom)
PUTS = ("append", "add", "appendleft")
# Words of the rules that look at bodies, and of those that look at what others call.
RULES = re.compile(
    r"gather|add_task|create_task|get_event_loop|atexit|PoolExecutor|shutdown|Depends|Security|\bstate\b"
)


def told_apart_by_caller(inference: Inference, info: FunctionInfo) -> bool:
    """Tell whether a function was looked at for a call with arguments that matter, or for an object of another class.

    Args:
        inference: What has looked at it.
        info: The function.
    """
    return any(
        frame.arguments or frame.closure is not None or frame.receiver not in _receivers(inference, info)
        for frame in inference.frames_by_info.get(info, ())
    )


def change_nothing(
    files: Mapping[str, File],
    contents: MutableMapping[str, bytes],
    path: str,
    texts: tuple[str, str],
    alignment: Alignment,
    asked: Mapping[str, list[str]],
    told_apart: frozenset[int],
) -> bool:
    """Tell whether the functions that changed in a file do what they did, and note where it is now.

    Args:
        files: The files of the project.
        contents: Their contents; what is needed of them is taken out.
        path: The file.
        texts: Its text as it was, and as it is.
        alignment: Where its code is now.
        asked: What was asked of all texts.
        told_apart: The numbers of its functions for which ``told_apart_by_caller`` holds.
    """
    changed = alignment.changed
    if len(changed) > MOST:
        return False
    contents[path] = texts[0].encode()
    project = load_files(files, contents, at_once=False)
    module = next((one for one in project.modules if str(one.path) == path), None)
    if module is None or project.unreadable:
        return False
    new = ModuleInfo(module.name, module.path, module.shown, texts[1], is_package=module.is_package)
    new.load = parse_module
    names = frozenset(module.bindings)
    if not all(_is_plain(one, asked, names) for pair in changed for one in pair):
        return False
    if len(module.functions) != len(new.functions):
        return False
    if any(said_aside(before) != said_aside(after) for before, after in changed):
        return False  # more is read of a body than is compared below
    lines = {one.lineno for one, _ in changed}
    for number, (info, other) in enumerate(zip(module.functions, new.functions, strict=True)):
        if isinstance(info.node, ast.Lambda) or info.node.lineno not in lines:
            continue
        if number in told_apart or info.name != other.name or not _is_same(project, info, other, alignment):
            return False
    return True


def _is_plain(node: Function, asked: Mapping[str, list[str]], names: frozenset[str]) -> bool:
    """Whether nobody asks more of a function than what is compared here. ``names`` are those of its module."""
    for one in (inner for statement in node.body for inner in ast.walk(statement)):
        match one:
            case ast.Subscript(ctx=ast.Store(), value=ast.Name(id=name)) if name not in names:
                pass
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=put)) if put in PUTS and name not in names:
                pass
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                return False
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if (
                name in CALLS or name in asked["making"] or name in PUTS
            ):
                return False
            case ast.Name(id=name) | ast.Attribute(attr=name) if RULES.search(name):
                return False
            case _ if isinstance(one, ELSEWHERE):
                return False
            case _:
                pass
    return True


def _is_same(project: Project, info: FunctionInfo, other: FunctionInfo, alignment: Alignment) -> bool:
    before = _Outcome.of(project, info)
    _put_in_place(info, other)
    after = _Outcome.of(project, info)
    if before.said != after.said or len(before.nodes) > MOST_EVENTS:
        return False
    if _together(before.nodes) != _together(after.nodes):
        return False
    return all(alignment.add(old, new) for old, new in zip(before.nodes, after.nodes, strict=True))


def _put_in_place(info: FunctionInfo, other: FunctionInfo) -> None:
    """Give a function the body of another, which stands in no project."""
    for name in list(vars(info)):
        if name not in ("name", "module", "parent"):
            del vars(info)[name]
    info.node, info.bindings = other.node, other.bindings
    info.global_names, info.registered = other.global_names, other.registered
    here, there = info.module.bindings, other.module.bindings
    for name in {name for names in (here, there) for name in names if name.startswith("put ")}:
        put = [one for one in there.get(name, ()) if one.scope is other]
        for one in put:
            one.scope = info
        here[name] = [*(one for one in here.get(name, ()) if one.scope is not info), *put]


@dataclass(slots=True)
class _Outcome:
    """All that may be asked of a function: what is said, and the nodes that it is said of."""

    said: list[object]
    nodes: list[ast.AST]

    @classmethod
    def of(cls, project: Project, info: FunctionInfo) -> _Outcome:
        inference = Inference(project, Libraries())
        effects = Effects(inference)
        said: list[object] = [*_plainly(info)]
        nodes: list[ast.AST] = []
        for receiver in _receivers(inference, info):
            frame = inference.frame(info, receiver=receiver)
            said.append(_described(inference.returns(frame)))
            said.append(
                [all(every(inference, one, info, frame, holds) for one in info.returned) for holds in PREDICATES]
            )
            for event in effects.of(frame):
                nodes.append(event.node)
                said.append((event.node.__class__, _event(event)))
            said.append([*_entered_and_called(inference, info, frame)])
        for answers in (False, True):
            for one in forgotten_awaits(inference, info, answers=answers):
                nodes.append(one.node)
                said.append((one.fate, one.name, one.certain, one.detail, one.node.__class__))
        said.append({_described(frame) for frames in inference.frames_by_info.values() for frame in frames})
        return cls(said, nodes)


def _receivers(inference: Inference, info: FunctionInfo) -> list[Value | None]:
    """What a method is usually bound to, and an object that is of its own class and no other."""
    usual = inference.default_frame(info).receiver
    return [usual, Instance(usual.info, exact=True)] if isinstance(usual, Instance) else [usual]


def _plainly(info: FunctionInfo) -> Iterator[object]:
    """What a body says without anything being inferred."""
    names = {arg.arg for arg in info.parameters}
    yield info.used_names & names
    yield tested(info)
    yield keeping(info)
    yield info.is_stub
    yield info.awaits


def _entered_and_called(inference: Inference, info: FunctionInfo, frame: Frame) -> Iterator[object]:
    """What rules ask of a function that others call, or that an endpoint is."""
    yield inference.told.asked(info)
    for node in own_nodes(info.node):
        if isinstance(node, ast.AsyncWith):
            for item in node.items:
                yield ast.unparse(item.context_expr), _described(inference.infer(item.context_expr, info, frame))
        elif isinstance(node, ast.Call):
            values = inference.infer(node.func, info, frame)
            yield from (one.path for one in values if isinstance(one, Library) and one.path in CLIENTS)


def _event(event: object) -> object:
    if isinstance(event, Block):
        return (event.effect, event.certain)
    assert is_dataclass(event)
    return tuple(_described(getattr(event, one.name)) for one in fields(event) if one.name != "node")


def _described(value: object) -> object:
    """Say what a value, a frame or several are, so that those of another inference can be compared."""
    match value:
        case tuple():
            return tuple(_described(one) for one in value)
        case FunctionInfo(name="<lambda>"):
            return (value.module.shown, extent(value.node))
        case FunctionInfo() | ClassInfo() | ModuleInfo():
            return (value.__class__.__name__, id(value))
        case ast.AST():
            return ast.dump(value)
        case _ if is_dataclass(value):
            parts = (one.name for one in fields(value) if one.name != "known")
            return (value.__class__.__name__, *(_described(getattr(value, name)) for name in parts))
        case _:
            return value


def _together(nodes: list[ast.AST]) -> list[tuple[bool, ...]]:
    """Say of each two nodes whether they begin and end together, are in one line, or one is in the other."""
    found: list[tuple[bool, ...]] = []
    places = [extent(one) for one in nodes]
    for index, (line, column, *end) in enumerate(places):
        for other_line, other_column, *other_end in places[index + 1 :]:
            begins = (line, column) <= (other_line, other_column), (line, column) >= (other_line, other_column)
            found.append((*begins, end <= other_end, end >= other_end, line == other_line))
    return found
