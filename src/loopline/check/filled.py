"""What is known when a call comes to a place, since something that is sure to run before has asked for it.

A cached function, a property that is kept, `if _client is None: _client = connect()`: who asks first waits. That may be
an earlier line of the function, what it calls there or hands to a thread, an earlier line in each of its callers, the
dependencies of its route, or the lifespan.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loopline.check.attributes import decorator_names
from loopline.check.contexts import is_nothing
from loopline.check.decorators import is_cached
from loopline.check.effects import Effects
from loopline.check.events import Block, Run
from loopline.check.handing import handed_over
from loopline.check.import_time import chosen, literals
from loopline.check.indexing import position
from loopline.check.library_types import given
from loopline.check.model import ClassInfo, FunctionInfo
from loopline.check.once import Kept
from loopline.check.order import is_before, is_passed
from loopline.check.set_back import SetBack
from loopline.check.spellings import spellings
from loopline.check.values import Frame, Function

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Callers", "Fact", "Facts", "Filled"]

FARTHEST = 4  # callers of callers
CONTEXT = "context"  # by what a variable of the context is known: the task, not the process, keeps it


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is known: what a function gives with some arguments, or what is kept in a place.

    ``of`` is by what the function at hand knows the object that keeps it: `self`, `self.store`; empty for what the
    process keeps, None if it holds in this function only.
    """

    of: str | None
    what: object
    by: object = ""


Facts = frozenset[Fact]
Callers = Mapping[Frame, list[tuple[Frame, Run]]]
NONE: Facts = frozenset()


class Filled:
    """Questions on calls; answers are remembered."""

    def __init__(
        self, inference: Inference, effects: Effects, callers: Callers, roots: Mapping[Frame, Iterable[Function]]
    ) -> None:
        """Take what is asked.

        Args:
            inference: Answers for expressions.
            effects: What calls do.
            callers: The calls that run a call, and where.
            roots: The calls that the server, or nobody, makes, and what is sure to have run before.
        """
        self._inference = inference
        self._effects = effects
        self._callers = callers
        self._roots = roots
        self._done: dict[tuple[Frame, bool], Facts] = {}
        self._begun: dict[tuple[Frame, int], Facts] = {}
        self._asked: dict[Frame, list[tuple[Block | Run, Kept | None, Facts]]] = {}
        self._threads: dict[Frame, list[tuple[ast.expr, Frame, str | None]]] = {}
        self._put: dict[FunctionInfo, list[tuple[ast.expr, Fact]]] = {}
        self._set_back = SetBack(effects)

    def before(self, frame: Frame, node: ast.AST) -> Facts:
        """Return what is known when a call comes to a place.

        Args:
            frame: The call.
            node: The place.
        """
        return self.still(self._at_start(frame, 0), frame, node) | self._facts(frame, until=node, is_strict=False)

    def still(self, facts: Facts, frame: Frame, until: ast.AST | None) -> Facts:
        """Return what of some facts still holds when a call comes to a place, or is over: a task may set back its own.

        Args:
            facts: What was known before.
            frame: The call.
            until: The place.
        """
        if not any(_is_of_task(one) for one in facts):
            return facts
        gone = self._set_back.before(frame, until)
        return frozenset(one for one in facts if not _is_of_task(one) or _name_of(one) not in gone)

    def asked(self, frame: Frame, event: Block | Run) -> Facts:
        """Return what is asked for at a place: if one of it is known, nothing runs there.

        Args:
            frame: The call in which it stands.
            event: What happens there.
        """
        found: list[Fact | None] = []
        info = event.frame.info if isinstance(event, Run) else None
        if info is not None and "cached_property" in decorator_names(info):
            found.append(Fact(_receiver(_called(event.node)), info))
        elif info is not None and is_cached(info):
            found.append(self._of_function(info, literals(event.node)))
            found.append(Fact(None, info, ast.unparse(event.node)))
        kept = self._effects.kept(frame.info).get(id(event.node))
        found.extend(self._of_place(frame, one) for one in _all_of(kept))
        if isinstance(event, Block) and event.effect.imports and isinstance(event.node, ast.Call):
            parts = [one for which in event.effect.imports for one in given(event.node, which)]
            found.extend(
                Fact("", "import", names)
                for one in parts
                if (names := spellings(self._inference, one, frame.info, frame)) is not None
            )
        return frozenset(one for one in found if one is not None)

    def inside(self, facts: Facts, run: Run) -> Facts:
        """Return what of a caller's facts holds in what it calls, in the words of that.

        Args:
            facts: What is known where it is called.
            run: The call.
        """
        return self._renamed(facts, _receiver(run.called or _called(run.node)), _self(run.frame.info))

    def _after(self, facts: Facts, run: Run) -> Facts:
        return self._renamed(facts, _self(run.frame.info), _receiver(run.called or _called(run.node)))

    @staticmethod
    def _renamed(facts: Facts, old: str, new: str) -> Facts:
        found = [one for one in facts if one.of == ""]
        if old and new:
            named = ((one, one.of) for one in facts if one.of and f"{one.of}.".startswith(f"{old}."))
            found.extend(replace(one, of=new + of[len(old) :]) for one, of in named)
        return frozenset(found)

    def _at_start(self, frame: Frame, distance: int) -> Facts:
        """What is known when a call begins: what all who make it know there."""
        if distance > FARTHEST:
            return NONE
        known = self._begun.get((frame, distance))
        if known is None:
            self._begun[frame, distance] = NONE
            found: Facts | None = self._by_all(self._roots[frame]) if frame in self._roots else None
            for caller, run in self._callers.get(frame, ()):
                if found is not None and not found:
                    break
                if caller is not frame:
                    start = self.still(self._at_start(caller, distance + 1), caller, run.node)
                    there = start | self._facts(caller, until=run.node, is_strict=True)
                    way = self.inside(there, run)
                    found = way if found is None else found & way
            known = self._begun[frame, distance] = found or NONE
        return known

    def _by_all(self, functions: Iterable[Function]) -> Facts:
        """What is known when dependencies, or a lifespan, have run as far as their `yield`."""
        found: set[Fact] = set()
        for one in functions:
            if is_cached(one.info):
                fact = self._of_function(one.info, None if one.info.parameters else "")
                found.update([fact] if fact is not None else ())
                continue
            frame = self._inference.frame(one.info, receiver=one.receiver)
            first = min(one.info.yields, key=position, default=None)
            facts = self._facts(frame, until=first, is_strict=True)
            found.update(fact for fact in facts if fact.of == "" and not _is_of_task(fact))
        return frozenset(found)

    def _whole(self, frame: Frame, *, is_strict: bool) -> Facts:
        """What is known when a call is over: surely, or if it took the way that asks for the most."""
        known = self._done.get((frame, is_strict))
        if known is None:
            self._done[frame, is_strict] = NONE
            known = self._done[frame, is_strict] = self._facts(frame, until=None, is_strict=is_strict)
        return known

    def _facts(self, frame: Frame, until: ast.AST | None, *, is_strict: bool) -> Facts:
        """What a call has asked for when it is over, or has come so far."""
        info = frame.info
        found: set[Fact] = set()
        here = self._effects.kept(info).get(id(until))  # inside of what fills a place that is not filled yet

        def has_passed(node: ast.AST, kept: Kept | None = None) -> bool:
            if until is not None:
                return is_before(info, node, until)
            return not is_strict or is_passed(info, node, lambda test: self._is_decided(test, frame, kept))

        for event, kept, asked in self._asking(frame):
            if has_passed(event.node, kept):
                inside = set(_all_of(kept)) & set(_all_of(here))
                found |= asked - {self._of_place(frame, one) for one in inside}
                if isinstance(event, Run) and kept is None:
                    found |= self._after(self._whole(event.frame, is_strict=is_strict), event)
        found.update(fact for node, fact in self._puts(info) if has_passed(node))
        if frame not in self._threads:
            self._threads[frame] = list(handed_over(self._inference, frame))
        for node, inner, literal in self._threads[frame]:
            if has_passed(node):
                fact = self._of_function(inner.info, literal) if is_cached(inner.info) else None
                facts = {fact} if fact is not None else self._handed(node, inner, is_strict=is_strict)
                found.update(one for one in facts if not _is_of_task(one))  # a thread has a copy of the context
        return self.still(frozenset(found), frame, until)

    def _puts(self, info: FunctionInfo) -> list[tuple[ast.expr, Fact]]:
        """What a method puts, whatever was there, into attributes for which others ask before they fill them."""
        known = self._put.get(info)
        if known is None:
            own = {kept.place for kept in self._effects.kept(info).values()}  # its lines are behind that question
            known = self._put[info] = [
                (step.value, Fact(_self(info), target.attr, ()))
                for step in info.steps
                if isinstance(step, ast.Assign) and info.owner is not None and not is_nothing(step.value)
                for target in step.targets
                if isinstance(target, ast.Attribute) and ast.unparse(target.value) == _self(info)
                if ast.unparse(target) not in own and self._is_asked_for(info.owner, target.attr)
                if not _is_forgotten(info.owner, info, target.attr)
            ]
        return known

    def _is_asked_for(self, owner: ClassInfo, name: str) -> bool:
        methods = (one for one in owner.module.functions if one.owner is owner)
        return any(kept.place == f"self.{name}" for one in methods for kept in self._effects.kept(one).values())

    def _asking(self, frame: Frame) -> list[tuple[Block | Run, Kept | None, Facts]]:
        """What happens in a call that asks for something, or runs what may, with what is asked."""
        known = self._asked.get(frame)
        if known is None:
            known = self._asked[frame] = []
            for event in self._effects.of(frame):
                if isinstance(event, Run) and event.spawned:
                    continue
                asked = self.asked(frame, event)
                if asked or isinstance(event, Run):
                    known.append((event, self._effects.kept(frame.info).get(id(event.node)), asked))
        return known

    def _handed(self, node: ast.expr, inner: Frame, *, is_strict: bool) -> Facts:
        """What is known when a thread has run a function: a lambda uses the names of the function that it is in."""
        facts = self._whole(inner, is_strict=is_strict)
        if isinstance(inner.info.node, ast.Lambda):
            return facts
        return self._renamed(facts, _self(inner.info), _receiver(node))

    def _is_decided(self, test: ast.expr, frame: Frame, kept: Kept | None) -> bool:
        if kept is not None and kept.asks(test):
            return True
        return self._inference.living.outcome(test, frame) is not None

    def _of_function(self, info: FunctionInfo, literal: str | None) -> Fact | None:
        if literal is None or info.owner is not None or self._inference.import_time.is_cleared(info):
            return None
        return Fact("", info, literal)

    def _of_place(self, frame: Frame, kept: Kept) -> Fact | None:
        by = chosen(frame.told, kept)
        if by is None:
            return None
        if kept.in_context:
            return Fact("", (frame.info.module, kept.place), CONTEXT)
        if not kept.in_object:
            if self._inference.import_time.is_emptied(frame.info, kept.place):
                return None
            return Fact("", (frame.info.module, kept.place), by)
        owner, name = frame.info.owner, kept.place.partition(".")[2]
        if owner is None or _is_forgotten(owner, frame.info, name):
            return None
        return Fact(_self(frame.info), name, by)


def _is_forgotten(owner: ClassInfo, info: FunctionInfo, name: str) -> bool:
    """Whether another method sets an attribute back: `self._client = None`."""
    return any(
        isinstance(one.scope, FunctionInfo)
        and one.scope is not info
        and one.scope.name != "__init__"
        and (one.node is None or (isinstance(one.node, ast.Constant) and not one.node.value))
        for one in owner.attributes.get(name, ())
    )


def _all_of(kept: Kept | None) -> list[Kept]:
    return [one for one in (kept, kept.around if kept is not None else None) if one is not None]


def _is_of_task(fact: Fact) -> bool:
    return fact.by == CONTEXT


def _name_of(fact: Fact) -> str:
    assert isinstance(fact.what, tuple)
    return str(fact.what[1])


def _self(info: FunctionInfo) -> str:
    return info.positional[0].arg if info.owner is not None and info.positional else ""


def _called(node: ast.AST) -> ast.AST:
    return node.func if isinstance(node, ast.Call) else node


def _receiver(node: ast.AST) -> str:
    """By what the object is known whose method or property something is."""
    return ast.unparse(node.value) if isinstance(node, ast.Attribute) else ""
