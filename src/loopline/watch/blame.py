"""Who made the loop stand still, and how: judged from what was seen. Only the guilty are named."""

from __future__ import annotations

import dis
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loopline.watch.call import call_at
from loopline.watch.clocks import Reading
from loopline.watch.episode import Episode, Sample, Span
from loopline.watch.finding import Kind
from loopline.watch.frames import Stack, Step, guilty, is_import, own_steps
from loopline.watch.owner import NOBODY, Owner

__all__ = ["Verdict", "judge"]

LITTLE = 0.25  # of a stall: who only waits computes less than that
MOST = 0.5  # of a stall: what took so much of it is its cause
AGREED = 0.8  # of the samples: what so many show is what happened
_RESUME = dis.opmap["RESUME"]
_DEBUGGERS = ("/bdb.py", "/pdb.py", "/pydevd", "/debugpy/")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who is to blame for a stall.

    Attributes:
        kind: What made the loop stand still.
        seconds: For how long.
        owner: For whom the loop worked; nobody if it is not to blame.
        step: The guilty step; None if the code is not to blame, or only the endpoint's as a whole.
        call: What the step calls.
        chain: The application's own steps from the outermost to the guilty one.
        stack: What was seen; empty if the code is not to blame.
        elsewhere: Whether the stack is another thread's, which held the GIL.
    """

    kind: Kind
    seconds: float
    owner: Owner = NOBODY
    step: Step | None = None
    call: str = ""
    chain: Stack = ()
    stack: Stack = ()
    elsewhere: bool = False


def judge(
    episode: Episode, ended: float, threshold: float, collecting: Callable[[float, float], float]
) -> list[Verdict]:
    """Return who is to blame for a stall; nobody, if the process was stopped or debugged.

    Args:
        episode: What was seen.
        ended: When it ended, or now.
        threshold: Seconds that are no stall yet.
        collecting: Tells how many seconds of a time the loop's thread spent on garbage collection.
    """
    samples, seconds = episode.samples, ended - episode.began
    pauses = [sample.pause for sample in samples if sample.pause is not None]
    stopped = sum(pause.seconds for pause in pauses if not pause.wanted and pause.starved < pause.seconds * MOST)
    if seconds - stopped < threshold or any(_is_debugged(sample.stack) for sample in samples):
        return []
    if seconds - _starved(episode.first, episode.last or samples[-1].reading) < threshold:
        return [Verdict("no-cpu", seconds)]
    if seconds - collecting(episode.began, ended) < max(threshold, seconds * LITTLE):
        return [_judge_collection(samples, seconds)]
    spans = episode.spans(ended)
    long = [span for span in spans if span.seconds > threshold or span.seconds > AGREED * seconds]
    if not long:
        return [_judge_many(samples, seconds)]
    return [_acquit(span, _judge_span(span, threshold)) for span in long]


def _starved(first: Reading | None, last: Reading | None) -> float:
    return 0.0 if first is None or last is None else (last - first).waited


def _acquit(span: Span, verdict: Verdict) -> Verdict:
    """Name nobody, if what was seen can't have taken so long: it came when the stall was all but over."""
    request = verdict.owner.request
    if request is None or span.ended - request.began >= span.seconds * MOST:
        return verdict
    return Verdict(verdict.kind, verdict.seconds)


def _judge_span(span: Span, threshold: float) -> Verdict:
    samples, seconds = span.samples, span.seconds
    owner = samples[0].owner
    spent = None if span.before is None or span.after is None else span.after - span.before
    if spent is not None and seconds - spent.waited < threshold:
        return Verdict("no-cpu", seconds)
    held = sum(sample.pause.seconds for sample in samples if sample.pause is not None and sample.pause.wanted)
    if held > seconds * MOST:
        holders = [sample.pause.holder for sample in samples if sample.pause is not None and sample.pause.holder]
        if holders:
            return _blame_elsewhere(holders, seconds)
        seen = max(samples, key=_paused).stack
        if _begins(seen):
            return Verdict("gil", seconds)  # another thread was given the GIL before the watch: this came after
        return _blame("gil", seconds, owner, [seen])
    stacks = [sample.stack for sample in samples]
    if sum(map(is_import, stacks)) > len(stacks) * MOST:
        return _blame("import", seconds, owner, [_importer(stack) for stack in stacks if is_import(stack)])
    if spent is None:
        return _blame_waiting(seconds, owner, stacks)
    if spent.cpu > (seconds - spent.waited) * LITTLE:
        if spent.cpu < threshold * MOST:
            return Verdict("no-cpu", seconds)  # what it computed would not have taken so long elsewhere
        return _blame("cpu", seconds, owner, stacks)
    busy = [sample.busy for sample in samples if sample.busy]
    if len(busy) > len(samples) * MOST and spent.turns > len(samples):
        return _blame_elsewhere(busy, seconds)
    return _blame_waiting(seconds, owner, stacks)


def _blame_waiting(seconds: float, owner: Owner, stacks: Sequence[Stack]) -> Verdict:
    if not any(stacks):
        return Verdict("no-cpu", seconds)  # the loop itself was waiting: nothing woke it in time
    return _blame("blocking", seconds, owner, stacks)


def _blame(kind: Kind, seconds: float, owner: Owner, stacks: Sequence[Stack]) -> Verdict:
    step, chain, stack = _common(stacks)
    return Verdict(kind, seconds, owner, step, "" if step is None else call_at(step), chain, stack)


def _blame_elsewhere(stacks: Sequence[Stack], seconds: float) -> Verdict:
    step, chain, stack = _common(stacks)
    return Verdict("gil", seconds, NOBODY, step, "" if step is None else call_at(step), chain, stack, elsewhere=True)


def _judge_collection(samples: Sequence[Sample], seconds: float) -> Verdict:
    """Garbage is collected whenever something is allocated, by whomever: only who asks for it is to blame."""
    for sample in samples:
        step = guilty(sample.stack)
        if step is not None and (call := call_at(step)).endswith("collect"):
            return Verdict("gc", seconds, sample.owner, step, call, own_steps(sample.stack), sample.stack)
    return Verdict("gc", seconds)


def _judge_many(samples: Sequence[Sample], seconds: float) -> Verdict:
    """Many short steps: a place or a request is to blame only if nearly all are its."""
    step, chain, stack = _common([sample.stack for sample in samples])
    requests = Counter(sample.owner.request for sample in samples if sample.owner.request is not None)
    for request, times in requests.most_common(1):
        if times >= AGREED * len(samples):
            return Verdict("callbacks", seconds, Owner(None, None, request), step, "", chain, stack)
    together = step is not None and len(requests) == 0
    return Verdict("callbacks", seconds, NOBODY, *((step, "", chain, stack) if together else ()))


def _common(stacks: Sequence[Stack]) -> tuple[Step | None, Stack, Stack]:
    """Return the innermost own step that nearly all stacks share, the own steps that lead to it, and one stack with it.

    In one function the lines may differ, as in a loop: then it is the one that was seen most.
    """
    known = [(own_steps(stack), stack) for stack in stacks if guilty(stack) is not None]
    if len(known) <= len(stacks) * MOST:
        return None, (), stacks[0] if stacks else ()
    agreed, depth = known, 0
    while True:
        functions = Counter(_function(own[depth]) for own, _ in agreed if len(own) > depth)
        function, times = functions.most_common(1)[0] if functions else (None, 0)
        if times < AGREED * len(known) and depth:
            break
        agreed = [(own, stack) for own, stack in agreed if len(own) > depth and _function(own[depth]) == function]
        depth += 1
    lines = Counter(own[depth - 1].place.line for own, _ in agreed)
    line = lines.most_common(1)[0][0]
    own, stack = next((own, stack) for own, stack in agreed if own[depth - 1].place.line == line)
    return own[depth - 1], own[:depth], stack


def _function(step: Step) -> tuple[str, str]:
    return step.place.file, step.place.function


def _importer(stack: Stack) -> Stack:
    """Leave out what the imported module does itself."""
    outermost = max(i for i, step in enumerate(stack) if step.place.file.startswith("<frozen importlib"))
    return stack[outermost + 1 :]


def _paused(sample: Sample) -> float:
    return 0.0 if sample.pause is None else sample.pause.seconds


def _begins(stack: Stack) -> bool:
    """Whether a function was seen before its first instruction: where a C call ends, the watch sees the call."""
    if not stack or stack[0].code is None or stack[0].instruction < 0:
        return False
    return stack[0].code.co_code[stack[0].instruction] == _RESUME


def _is_debugged(stack: Stack) -> bool:
    return any(name in step.place.file for step in stack for name in _DEBUGGERS)
