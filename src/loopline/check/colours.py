"""What runs on the event loop: every `async def`, what it calls at any depth, and callbacks; and where that blocks."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from heapq import heappop, heappush

from loopline.check.effects import Effects
from loopline.check.entries import Entry
from loopline.check.events import Block, Run
from loopline.check.failing import is_expected_to_fail
from loopline.check.filled import Facts, Filled
from loopline.check.finding import Step
from loopline.check.first_calls import first_of_each
from loopline.check.held import Held
from loopline.check.inference import Inference
from loopline.check.model import FunctionInfo, extent
from loopline.check.once import guards
from loopline.check.ordinary import Ordinary
from loopline.check.patches import Patches
from loopline.check.places import place_of
from loopline.check.services import Part, Services
from loopline.check.stops import Stop, around_others
from loopline.check.values import Frame, Function
from loopline.check.weights import DETOURS, NEVER, SOMETIMES, UNSURE, last_choice, weight_of

__all__ = ["Loop"]

ORDER = ("route", "websocket", "dependency", "validator", "middleware", "handler", "background", "lifespan", "startup")
ON_LOOP_THOUGH_SYNC = {"startup", "validator", "middleware"}
SERVED = {"route", "websocket", "dependency", "validator", "middleware", "handler", "background"}
DEEPEST = 60  # steps of a way that are told of


class Loop:
    """The calls that run on the loop, explored from everything that the server, or other tasks, start."""

    def __init__(self, inference: Inference, effects: Effects, services: Services) -> None:
        self._inference = inference
        self._effects = effects
        self._entries: dict[Frame, tuple[str, str]] = {}
        self._parents: dict[Frame, tuple[Frame, ast.AST] | None] = {}
        self._patches = Patches(inference)
        self._held = Held(inference, effects)
        self._ordinary = Ordinary(inference.living, effects)
        self._callers: dict[Frame, list[tuple[Frame, Run]]] = {}
        self._awaiters: dict[Frame, list[tuple[Frame, Run]]] = {}
        self._labels: dict[Frame, tuple[str, str]] = {}
        self._awaited: set[FunctionInfo] = set()  # async functions that the project calls itself
        self._in_known_ways: set[FunctionInfo] = set()  # the same, but for what only tests call
        self._explore(services)
        served = {part.function for part in services.parts if _has_a_thread(part)}
        self._served = served - self._awaited
        self._cost, self._next = self._search()
        self._filled = self._find_filled(services)
        self._of_function: dict[FunctionInfo, tuple[str, str]] = {}
        for part in services.parts:
            self._of_function.setdefault(part.function, (part.kind, part.title))
        for frame, label in self._labels.items():
            self._of_function.setdefault(frame.info, label)

    @cached_property
    def stops(self) -> list[Stop]:
        """Every place on the loop that blocks, the surest way to each."""
        best: dict[tuple[str, int, int], tuple[int, Stop]] = {}
        around: set[ast.AST] = set()
        for frame in self._entries:
            if self._is_made_up(frame):
                continue
            found = [
                one
                for event in self._effects.of(frame)
                if (one := self._stop(frame, event, self._cost, self._next)) is not None
                and (one := self._around_known(frame, event, one)) is not None
            ]
            around.update(around_others([stop.node for _, stop in found]))
            for weight, stop in found:
                line, column, *_ = extent(stop.node)
                key = (frame.info.module.shown, line, column)
                if key not in best or weight < best[key][0]:
                    best[key] = (weight, stop)
        first = first_of_each(best.values())
        return [replace(stop, more_inside=stop.node in around) for stop in first]

    def _is_made_up(self, frame: Frame) -> bool:
        """Whether it is a call of which nothing is known, of a function that the project calls in known ways only."""
        if self._entries[frame] != ("other", "") or frame in self._awaiters or frame in self._callers:
            return False
        return frame.info in self._in_known_ways and frame is self._inference.default_frame(frame.info)

    def entry_of(self, info: FunctionInfo) -> Entry | None:
        """Return how an `async def` first comes to the loop; None if it does not."""
        frames = [one for one in self._entries_of.get(info, ()) if not self._is_made_up(one)]
        if not info.is_async or info.is_generator or not frames:
            return None
        frame = frames[0]
        several = len(frames) > 1 or frame is not self._inference.default_frame(info)
        asked = several or self._inference.is_asked(frame) or frame in self._awaiters or frame in self._callers
        return Entry(*self._labels[frame], info in self._served, asked, several, tuple(self._way_to(frame)))

    @cached_property
    def _entries_of(self) -> dict[FunctionInfo, list[Frame]]:
        found: dict[FunctionInfo, list[Frame]] = {}
        for frame in self._entries:
            found.setdefault(frame.info, []).append(frame)
        return found

    def place_of(self, info: FunctionInfo) -> tuple[str, str]:
        """Return the kind of place that a function is (``request`` …), and the route that runs it, if one does."""
        kind, title = self._of_function.get(info, ("other", ""))
        return place_of(info, kind), title

    def _explore(self, services: Services) -> None:
        queue: deque[Frame] = deque()

        def enter(frame: Frame, kind: str, title: str) -> None:
            if frame not in self._entries:
                self._entries[frame] = (kind, title)
            if frame not in self._parents:
                self._parents[frame] = None
                self._labels[frame] = (kind, title)
                queue.append(frame)

        ordered = sorted(services.parts, key=lambda part: ORDER.index(part.kind))
        for part in ordered:
            if part.function.is_async or part.kind in ON_LOOP_THOUGH_SYNC:
                enter(self._inference.frame(part.function, receiver=part.receiver), part.kind, part.title)
        self._drain(queue)
        for module in self._inference.project.texts.mentioning("async"):
            for function in module.functions:
                if function.is_async:
                    enter(self._inference.default_frame(function), "other", "")
                    self._drain(queue)

    def _drain(self, queue: deque[Frame]) -> None:
        while queue:
            frame = queue.popleft()
            for event in self._effects.of(frame):
                if not isinstance(event, Run):
                    continue
                target, label = event.frame, self._labels[frame]
                if event.spawned and label[0] in ("lifespan", "startup"):
                    label = ("other", "")  # it goes on when the start is over
                if event.later:
                    self._awaiters.setdefault(target, []).append((frame, event))
                    self._awaited.add(target.info)
                    others = target.info is not frame.info  # what calls itself has been called by somebody else
                    if others and (target.info.module.is_test or not frame.info.module.is_test):
                        self._in_known_ways.add(target.info)
                    self._entries.setdefault(target, label)
                else:
                    self._callers.setdefault(target, []).append((frame, event))
                if target not in self._parents:
                    self._parents[target] = (frame, event.node)
                    self._labels[target] = label
                    queue.append(target)

    def _search(self) -> tuple[dict[Frame, int], dict[Frame, Block | Run]]:
        """Find for each call the surest and shortest way down to one that blocks (Dijkstra, from those that block)."""
        self._blocking = self._leading_to_blocks()
        cost: dict[Frame, int] = {}
        following: dict[Frame, Block | Run] = {}
        heap: list[tuple[int, int, Frame]] = []
        for number, frame in enumerate(self._parents):
            for event in self._effects.of(frame):
                if isinstance(event, Block) and not self._is_brief(frame, event):
                    weight = weight_of(event, cost) + last_choice(event) + self._detour(frame, event)
                    if frame not in cost or weight < cost[frame]:
                        cost[frame], following[frame] = weight, event
            if frame in cost:
                heappush(heap, (cost[frame], number, frame))
        count = len(self._parents)
        while heap:
            weight, _, frame = heappop(heap)
            if weight > cost[frame]:
                continue
            for caller, event in self._callers.get(frame, ()):
                longer = weight + weight_of(event, cost) + last_choice(event) + self._detour(caller, event)
                if caller not in cost or longer < cost[caller]:
                    cost[caller], following[caller] = longer, event
                    count += 1
                    heappush(heap, (longer, count, caller))
        return cost, following

    def _leading_to_blocks(self) -> set[Frame]:
        found = {frame for frame in self._parents if any(isinstance(one, Block) for one in self._effects.of(frame))}
        waiting = list(found)
        while waiting:
            for caller, _ in self._callers.get(waiting.pop(), ()):
                if caller not in found:
                    found.add(caller)
                    waiting.append(caller)
        return found

    def _detour(self, frame: Frame, event: Block | Run) -> int:
        """What a place weighs more to which a call comes on some of its ways only."""
        return DETOURS[self._ordinary.detour(frame, event, self._may_block)]

    def _may_block(self, event: Block | Run) -> bool:
        return isinstance(event, Block) or (not event.later and event.frame in self._blocking)

    def _is_brief(self, frame: Frame, block: Block) -> bool:
        """Whether it is a lock that nobody holds for long; what is `async` should take none, however short."""
        return not frame.info.is_async and self._held.is_brief(frame.info, block)

    def _find_filled(self, services: Services) -> Filled:
        """What is known when the calls that the server makes begin: what the lifespan, and their dependencies, ask."""
        callers = {frame: self._served_by(frame) for frame in self._parents}
        lifespans = [one.function for one in services.parts if one.kind == "lifespan"]
        routes = {route.endpoint for route in services.routes}
        roots: dict[Frame, list[Function]] = {}

        def begin(frame: Frame, kind: str) -> None:
            started = [one for one in lifespans if one.module.is_test == frame.info.module.is_test]
            roots[frame] = [Function(one) for one in started] if kind in SERVED and len(started) == 1 else []
            if frame.info in routes:
                roots[frame].extend(services.before(frame.info))

        for part in services.parts:
            if part.asked is None:
                continue
            scope, node = part.asked
            frame, caller = self._inference.frame(part.function), self._inference.default_frame(scope)
            if scope.module.is_test and not frame.info.module.is_test:
                continue
            if caller not in self._parents:  # it runs in a thread
                run = Run(node, frame, certain=True, spawned=True, called=node.args[0])
                callers.setdefault(frame, []).append((caller, run))
                begin(caller, "route")
        for frame, parent in self._parents.items():
            kind = self._labels[frame][0]
            # What the project itself calls, or hands over to be run once the answer is sent, begins as its callers do.
            if parent is None and (kind not in ("other", "background") or not callers[frame]):
                begin(frame, kind)
        return Filled(self._inference, self._effects, callers, roots)

    def _served_by(self, frame: Frame) -> list[tuple[Frame, Run]]:
        """The calls that run a call; tests count only if nothing else runs it."""
        found = [*self._callers.get(frame, ()), *self._awaiters.get(frame, ())]
        return [one for one in found if not one[0].info.module.is_test] or found

    def _around_known(self, frame: Frame, event: Block | Run, stop: tuple[int, Stop]) -> tuple[int, Stop] | None:
        """The surest way to a call that blocks, where some of those on the way ask for what is known already."""
        if not self._asks(frame, event):
            return stop
        known = self._filled.before(frame, event.node)
        if not known.isdisjoint(self._filled.asked(frame, event)):
            return None
        if isinstance(event, Block):
            return stop
        return self._stop(frame, event, *self._search_around(event, known))

    def _asks(self, frame: Frame, event: Block | Run) -> bool:
        """Whether anything on the surest way down asks for what may be known."""
        for _ in range(DEEPEST):
            if self._filled.asked(frame, event):
                return True
            if not isinstance(event, Run):
                break
            frame, event = event.frame, self._next[event.frame]
        return False

    def _search_around(self, run: Run, known: Facts) -> tuple[dict[Frame, int], dict[Frame, Block | Run]]:
        """Find the surest way down from a call, as ``_search`` does for all of them, past what is known."""
        facts = {run.frame: self._filled.inside(known, run)}
        calls: dict[Frame, list[Block | Run]] = {}
        waiting = [run.frame]
        while waiting:
            frame = waiting.pop()
            calls[frame] = [
                event
                for event in self._effects.of(frame)
                if not (event.later if isinstance(event, Run) else self._is_brief(frame, event))
                and self._filled.still(facts[frame], frame, event.node).isdisjoint(self._filled.asked(frame, event))
            ]
            for event in calls[frame]:
                if isinstance(event, Run) and event.frame in self._cost:
                    there = self._filled.inside(self._filled.still(facts[frame], frame, event.node), event)
                    if event.frame in facts:
                        there &= facts[event.frame]
                    if facts.get(event.frame) != there:
                        facts[event.frame] = there
                        waiting.append(event.frame)
        cost: dict[Frame, int] = {}
        following: dict[Frame, Block | Run] = {}
        changed = True
        while changed:
            changed = False
            for frame, events in reversed(calls.items()):
                for event in events:
                    weight = weight_of(event, self._cost) + last_choice(event) + self._detour(frame, event)
                    weight += cost.get(event.frame, NEVER) if isinstance(event, Run) else 0
                    if weight < cost.get(frame, NEVER):
                        cost[frame], following[frame], changed = weight, event, True
        return cost, following

    def _stop(
        self, frame: Frame, event: Block | Run, cost: dict[Frame, int], following: dict[Frame, Block | Run]
    ) -> tuple[int, Stop] | None:
        weight = weight_of(event, self._cost)
        if isinstance(event, Run):
            if event.later or event.frame not in cost:
                return None
            weight += cost[event.frame]
        chain = [*self._way_to(frame), _step(frame, event)]
        current, holder = event, frame
        replaced = _is_other_in_tests(event, self._cost)
        called: list[FunctionInfo] = []
        passed = [event]
        names = set(_names(event.node))
        once = event if event.once else None
        while isinstance(current, Run) and len(chain) < DEEPEST:
            holder = current.frame
            called.append(holder.info)
            current = following[holder]
            passed.append(current)
            once = current if once is None and current.once else once
            names.update(_names(current.node))
            replaced = replaced or _is_other_in_tests(current, self._cost)
            chain.append(_step(holder, current))
        if not isinstance(current, Block):
            return None
        kind, title = self._labels[frame]
        place = place_of(frame.info, kind)
        if place == "tests" and (
            replaced
            or (event is not current and is_expected_to_fail(frame.info, event.node))
            or self._patches.is_skipped(frame.info)
            or self._is_patched(frame.info, event.node, called, names, current)
        ):
            return None
        is_mocked = place == "tests" and current.effect.blocks == "network" and frame.info.module.is_mocked
        sure = weight < UNSURE and not is_mocked
        is_small = current.effect.by_input or not sure
        if place == "tests" and is_small and current.effect.blocks == "cpu" and frame.info.name.startswith("test"):
            return None  # what a test makes up is small
        if (
            kind in ("lifespan", "startup")
            and current.effect.blocks == "lock"
            and id(current.node) in guards(holder.info)
        ):
            return None  # nobody else makes it yet
        served = frame.info in self._served
        stop = Stop(
            frame,
            event.node,
            current,
            sure and weight < SOMETIMES,
            tuple(chain),
            holder.info,
            place,
            title,
            served,
            once=_made_once(once, current),
            sometimes=sure and weight >= SOMETIMES,
            replaceable=any(one.alternatives and not one.certain for one in passed),
        )
        return weight, stop

    def _is_patched(
        self, test: FunctionInfo, node: ast.AST, called: list[FunctionInfo], names: set[str], block: Block
    ) -> bool:
        """Whether a test replaces something on the way, which goes through these names, or what blocks."""
        patched = self._patches.at(test, node)
        last = {name.rpartition(".")[2] for name in patched}
        if any(one.name in last or (one.owner is not None and one.owner.name in last) for one in called):
            return True
        if not last.isdisjoint(names):
            return True
        library, _, name = block.effect.name.rpartition(".")
        short = library.rpartition(".")[2]
        if any(path.endswith((f"{short}.{name}", f".{short}")) for path in patched):
            return True
        top = f"{library.partition('.')[0]}."
        return block.effect.blocks == "network" and any(path.startswith(top) for path in patched)

    def _way_to(self, frame: Frame) -> list[Step]:
        steps: list[Step] = []
        while len(steps) < 30:
            parent = self._parents.get(frame)
            if parent is None:
                break
            frame, node = parent
            steps.insert(0, _step_at(frame.info, node))
        return steps


def _names(node: ast.AST) -> Iterator[str]:
    """The attributes through which a call goes: `client` and `get` of `self.client.get(url)`."""
    target = node.func if isinstance(node, ast.Call) else node
    while isinstance(target, ast.Attribute):
        yield target.attr
        target = target.value


def _has_a_thread(part: Part) -> bool:
    """Whether FastAPI would run a part in a thread if it were a `def`."""
    return part.kind in ("route", "dependency") and not part.title.startswith("WEBSOCKET")


def _is_other_in_tests(event: Block | Run, cost: dict[Frame, int]) -> bool:
    """Whether it is one of several ways of which one does not block: tests are given that."""
    return any(not any(one in cost for one in way) for way in event.alternatives)


def _made_once(event: Block | Run | None, block: Block) -> ast.AST | None:
    """What is done for all by whoever comes first: with arguments, only what is read from the disk is that little."""
    if isinstance(event, Run) and event.frame.info.parameters and block.effect.blocks != "disk":
        return None
    return event.node if event is not None else None


def _step(frame: Frame, event: Block | Run) -> Step:
    return _step_at(frame.info, event.node)


def _step_at(info: FunctionInfo, node: ast.AST) -> Step:
    module = info.module
    line: int = getattr(node, "lineno", 0)
    return Step(module.shown, line, info.qualified, module.line(line))
