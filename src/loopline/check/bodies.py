"""Whether the change of a function's body changes nothing of what the check sees, but for what it calls itself.

What may depend on a body is asked of the old and of the new one, in the project as it is otherwise: it must be the
same. What an `async def` itself calls that blocks is told of anew. Of bodies of which more may be asked than that (with
functions inside, that yield, …), and of functions that are looked at for several calls, only statements that stand
alone may have changed.
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
from loopline.check.direct import CODES, direct_findings
from loopline.check.effects import Effects
from loopline.check.entries import NEW, NOWHERE, Entry
from loopline.check.events import Block, Run
from loopline.check.finding import Finding
from loopline.check.flow import flow, of_results
from loopline.check.handing import handed_over
from loopline.check.independent import changed_apart
from loopline.check.inference import Inference
from loopline.check.libraries import Libraries
from loopline.check.model import ClassInfo, FunctionInfo, ModuleInfo, extent, own_nodes
from loopline.check.once import keeping
from loopline.check.patches import replaced
from loopline.check.project import File, Project, load_files
from loopline.check.reading import parse_module
from loopline.check.rules.ll306_client_per_request import CLIENTS, is_made_once
from loopline.check.saying import said_aside
from loopline.check.services import CALLS
from loopline.check.told import tested
from loopline.check.values import Frame, Instance, Library, Value

__all__ = ["Change", "changes", "told_apart_by_caller"]

MOST = 4  # functions that are asked; with more, a whole check is as fast
MOST_EVENTS = 200
PREDICATES = (all_pending, all_of_project, bool)
INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
ELSEWHERE = (*INNER, ast.Global, ast.Nonlocal, ast.Yield, ast.YieldFrom)
PUTS = ("append", "add", "appendleft")
PUTTING = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Delete)  # statements that may put
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


@dataclass(frozen=True, slots=True)
class Change:
    """What else is found in a function: ``before`` is gone, ``after`` is there instead.

    ``lines``: the first and the last line that it had, if it now awaits something and did not, or the other way round:
    the advice on whatever blocks in it is another then.
    """

    before: list[Finding]
    after: list[Finding]
    lines: tuple[int, int] | None

    def bears_on(self, other: Finding) -> bool:
        """Tell whether another finding in the file says something else now."""
        return other.code in CODES and self.lines is not None and self.lines[0] <= other.line <= self.lines[1]


def changes(
    files: Mapping[str, File],
    contents: MutableMapping[str, bytes],
    path: str,
    texts: tuple[str, str],
    alignment: Alignment,
    asked: Mapping[str, list[str]],
    told_apart: frozenset[int],
    entries: Mapping[int, Entry],
) -> list[Change] | None:
    """Tell what the functions that changed in a file call that blocks, and note where all else that they do is now.

    Args:
        files: The files of the project.
        contents: Their contents; what is needed of them is taken out.
        path: The file.
        texts: Its text as it was, and as it is.
        alignment: Where its code is now.
        asked: What was asked of all texts.
        told_apart: The numbers of its functions for which ``told_apart_by_caller`` holds.
        entries: How its functions come to the loop.

    Returns:
        What they call themselves that blocks, before and after; None if something else may have changed.
    """
    changed = alignment.changed
    if len(changed) > MOST:
        return None
    contents[path] = texts[0].encode()
    project = load_files(files, contents, at_once=False)
    module = next((one for one in project.modules if str(one.path) == path), None)
    if module is None or project.unreadable:
        return None
    new = ModuleInfo(module.name, module.path, module.shown, texts[1], is_package=module.is_package)
    new.load = parse_module
    if len(module.functions) != len(new.functions):
        return None
    lines = {one.lineno for one, _ in changed}
    found: list[Change] = []
    for number, (info, other) in enumerate(zip(module.functions, new.functions, strict=True)):
        if isinstance(info.node, ast.Lambda) or info.node.lineno not in lines:
            continue
        if info.name != other.name:
            return None
        entry, making = entries.get(number), frozenset(asked["making"])
        alike = all(isinstance(one.node, Function) and _is_plain(one.node) for one in (info, other))
        aside = _only_aside(info, other)
        is_one = number not in told_apart and (aside or entry is None or not entry.several)
        if not (alike and is_one) and not changed_apart(info, other, making.union(CALLS, PUTS)):
            return None
        change = _change(project, info, other, alignment, entry, making, aside=aside)
        if change is None:
            return None
        found.append(change)
    return found


def _is_plain(node: Function) -> bool:
    """Whether nobody asks more of a function than what is compared here."""
    for one in (inner for statement in node.body for inner in ast.walk(statement)):
        match one:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in CALLS:
                return False
            case ast.Name(id=name) | ast.Attribute(attr=name) if RULES.search(name):
                return False
            case _ if isinstance(one, ELSEWHERE):
                return False
            case _:
                pass
    return True


def _only_aside(info: FunctionInfo, other: FunctionInfo) -> bool:
    texts = [said_aside(one.node) for one in (info, other) if isinstance(one.node, Function)]
    return len(set(texts)) == 1


def _change(
    project: Project,
    info: FunctionInfo,
    other: FunctionInfo,
    alignment: Alignment,
    entry: Entry | None,
    making: frozenset[str],
    *,
    aside: bool,
) -> Change | None:
    entry = None if aside else entry
    if info.module.is_test and entry is not None:
        return None  # what is found in it hangs on what its fixtures replace
    awaits = info.awaits != other.awaits
    lines = info.node.lineno, info.node.end_lineno or 0
    before = _Outcome.of(project, info, entry, info.module, making, aside=aside)
    _put_in_place(info, other)
    after = _Outcome.of(project, info, entry, other.module, making, aside=aside)
    if before.said != after.said or before.told is None or after.told is None or len(before.nodes) > MOST_EVENTS:
        return None
    if _together(before.nodes) != _together(after.nodes):
        return None
    if not all(alignment.add(old, new) for old, new in zip(before.nodes, after.nodes, strict=True)):
        return None
    return Change(before.told, after.told, lines if awaits else None)


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
    """All that may be asked of a function: what is said, and the nodes that it is said of.

    ``told`` is what is found of its own calls, where it is known how it comes to the loop: nothing is said of them
    then. None if that can't be told apart.
    """

    said: list[object]
    nodes: list[ast.AST]
    told: list[Finding] | None

    @classmethod
    def of(
        cls,
        project: Project,
        info: FunctionInfo,
        entry: Entry | None,
        text: ModuleInfo,
        making: frozenset[str],
        *,
        aside: bool,
    ) -> _Outcome:
        inference = Inference(project, Libraries())
        effects = Effects(inference)
        is_new = entry is NEW or entry is NOWHERE  # then nobody asks for what does not show outside
        said: list[object] = [] if is_new else [*_plainly(info)]
        nodes: list[ast.AST] = []
        blocks: list[Block] = []
        for receiver in _receivers(inference, info):
            frame = inference.frame(info, receiver=receiver)
            if entry is None or entry.asked:
                said.append(_described(inference.returns(frame)))
                said.append(
                    [all(every(inference, one, info, frame, holds) for one in info.returned) for holds in PREDICATES]
                )
            said.append([*_put_and_made(inference, info, frame, making)])
            said.append([effects.kept(info).get(id(one.node)) for one in effects.of(frame) if isinstance(one, Run)])
            own = [one for one in effects.of(frame) if entry is not None and isinstance(one, Block)]
            blocks.extend(one for one in own if one not in blocks)
            for event in effects.of(frame):
                if event not in own:
                    nodes.append(event.node)
                    said.append((event.node.__class__, _event(event)))
            said.append([*_entered_and_called(inference, info, frame)])
            said.append([_described(one[1:]) for one in handed_over(inference, frame)])
            if not is_new:
                said.append(inference.told.asked(info))
                said.append([inference.living.outcome(one, frame) for one in _tests(info)])
        for answers in (False, True):
            for one in forgotten_awaits(inference, info, answers=answers):
                nodes.append(one.node)
                said.append((one.fate, one.name, one.certain, one.detail, one.node.__class__))
        if info.module.is_test:
            said.append(sorted(replaced(info.node)))
        said.append({_described(frame) for frames in inference.frames_by_info.values() for frame in frames})
        if isinstance(info.node, Function) and not aside and not is_new:
            puts = [one for one in ast.walk(info.node) if isinstance(one, ast.stmt) and _puts(one, info)]
            said.append(flow(info.node, {id(one) for one in (*nodes, *puts)}))
            if entry is None or entry.asked:
                said.append(of_results(info.node))
        if entry is None:
            return cls(said, nodes, [])
        apart = not any(_is_inside(one.node, other) for one in blocks for other in nodes)
        told = direct_findings(inference.default_frame(info), entry, blocks, text) if apart else None
        return cls(said, nodes, told)


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
    yield sorted(name for name in info.bindings if name in info.module.bindings)


def _entered_and_called(inference: Inference, info: FunctionInfo, frame: Frame) -> Iterator[object]:
    """What rules ask of a function that others call, or that an endpoint is."""
    for node in own_nodes(info.node):
        if isinstance(node, ast.AsyncWith):
            for item in node.items:
                yield ast.unparse(item.context_expr), _described(inference.infer(item.context_expr, info, frame))
        elif isinstance(node, ast.Call):
            values = inference.infer(node.func, info, frame)
            made = [one.path for one in values if isinstance(one, Library) and one.path in CLIENTS]
            if made:
                yield made, is_made_once(node, info)


def _put_and_made(
    inference: Inference, info: FunctionInfo, frame: Frame, making: frozenset[str]
) -> Iterator[tuple[object, ...]]:
    """What a body puts into objects and what lives outside, and the objects that it makes, of which others ask."""
    for one in own_nodes(info.node):
        match one:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=args) if name in making:
                given = (*args, *(keyword.value for keyword in one.keywords))
                yield ast.dump(one), *(_described(inference.infer(part, info, frame)) for part in given)
            case ast.stmt() if _puts(one, info):
                value = getattr(one, "value", None)
                yield ast.dump(one), _described(inference.infer(value, info, frame)) if value is not None else None
            case ast.Assign(value=value) if any(_called(part) in making for part in ast.walk(value)):
                yield (ast.dump(one),)
            case _:
                pass


def _puts(statement: ast.stmt, info: FunctionInfo) -> bool:
    """Whether a simple statement sets attributes or items, or adds to what is no local list."""
    if not isinstance(statement, PUTTING):
        return False
    return any(
        (isinstance(one, ast.Attribute | ast.Subscript) and not isinstance(one.ctx, ast.Load))
        or (isinstance(one, ast.Call) and _called(one) in PUTS and not _is_local(one.func, info))
        for one in ast.walk(statement)
    )


def _called(node: ast.AST) -> str:
    match node:
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            return name
        case _:
            return ""


def _is_local(called: ast.expr, info: FunctionInfo) -> bool:
    match called:
        case ast.Attribute(value=ast.Name(id=name)):
            return name not in info.module.bindings
        case _:
            return False


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


def _tests(info: FunctionInfo) -> list[ast.expr]:
    return [one.test for one in info.parts if isinstance(one, ast.If | ast.While | ast.IfExp)]


def _is_inside(one: ast.AST, other: ast.AST) -> bool:
    """Whether one node is in the other, or the other in it."""
    (line, column, *end), (other_line, other_column, *other_end) = extent(one), extent(other)
    return (line, column) <= (other_line, other_column) < tuple(end) or (
        (other_line, other_column) <= (line, column) < tuple(other_end)
    )


def _together(nodes: list[ast.AST]) -> list[tuple[bool, ...]]:
    """Say of each two nodes whether they begin and end together, are in one line, or one is in the other."""
    found: list[tuple[bool, ...]] = []
    places = [extent(one) for one in nodes]
    for index, (line, column, *end) in enumerate(places):
        for other_line, other_column, *other_end in places[index + 1 :]:
            begins = (line, column) <= (other_line, other_column), (line, column) >= (other_line, other_column)
            found.append((*begins, end <= other_end, end >= other_end, line == other_line))
    return found
