"""One pass over all cases, under one tool: who is found, and who is blamed."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import httptools

from benchmarks.service.client import Pool
from benchmarks.watch.crowd import crowd
from benchmarks.watch.expected import CALM, CASES, CYCLE, Case
from benchmarks.watch.finding import Finding
from benchmarks.watch.http import LOST, TIMEOUT, converse, request
from benchmarks.watch.judge import STARVED, Verdict, is_hit, judge
from benchmarks.watch.processes import Served, serving
from benchmarks.watch.tools import THRESHOLD

__all__ = ["Detection", "detect"]

MARGIN = 1.3  # a stall that is to be reported lasts at least so many times the threshold
QUIET = 1.0  # seconds with innocents only
PATIENCE = 0.25  # seconds after a stall in which a tool may report it
COMPANIONS = 0.03  # seconds after a report in which others of the same stall may follow
GLANCE = 0.01  # seconds between two looks at the reports


@dataclass(frozen=True, slots=True)
class Detection:
    """What a pass came to.

    Attributes:
        repeat: Which repeat, from 1.
        loop: uvloop or asyncio.
        tool: Its name.
        verdicts: One for each case.
        false_alarms: What was reported while only innocents were there.
        innocents: Their requests: answered, and those that were not, by route and status.
        seconds: How long it took, the start of the server included.
    """

    repeat: int
    loop: str
    tool: str
    verdicts: list[Verdict]
    false_alarms: list[str]
    innocents: dict[str, int]
    seconds: float

    @property
    def too_short(self) -> list[str]:
        """The cases that did not block for long enough, so that nobody could be expected to report them."""
        before_the_answer = {case.name for case in CASES if not (case.forgotten or case.after)}
        return [
            verdict.case
            for verdict in self.verdicts
            if verdict.case in before_the_answer
            and not (verdict.changed or verdict.detected)  # blockbuster ends what it detects
            and verdict.took < THRESHOLD * MARGIN
        ]


def detect(repeat: int, loop: str, tool: str, variables: Mapping[str, str]) -> Detection:
    """Set each case off once, in an order of this repeat's, while innocents are in flight.

    Args:
        repeat: Which one.
        loop: uvloop or asyncio.
        tool: Its name.
        variables: For the server.

    Raises:
        RuntimeError: If the server does not run.
    """
    began = time.monotonic()
    with serving(tool, loop, "benchmarks.watch.app", f"{CALM}/short/ping", variables, by_command=True) as served:
        verdicts, false_alarms, innocents = asyncio.run(_pass(served, f"{repeat} {loop}"))
    return Detection(repeat, loop, tool, verdicts, false_alarms, dict(innocents), time.monotonic() - began)


async def _pass(served: Served, seed: str) -> tuple[list[Verdict], list[str], Counter[str]]:
    cases = list(CASES)
    random.Random(seed).shuffle(cases)
    async with crowd(served.port, seed) as innocents:
        served.new_findings()  # of the start
        await asyncio.sleep(QUIET)
        false_alarms = [finding.text for finding in served.new_findings() if finding.kind != STARVED]
        verdicts = [await _set_off(served, case) for case in cases]
    return verdicts, false_alarms, innocents


async def _set_off(served: Served, case: Case) -> Verdict:
    served.new_findings()  # what comes so late that it can't be told which stall it is of
    began = time.monotonic()
    if case.method == "WEBSOCKET":
        status = await converse(served.port, case.path)
    else:
        status = await _ask(served.port, case.method, case.path, case.body)
    took = time.monotonic() - began
    if case.name == CYCLE:
        await _ask(served.port, "GET", f"{CALM}/short/collect")
    return judge(case, await _reports(served, case), status, took)


async def _ask(port: int, method: str, path: str, body: bytes = b"") -> int:
    pool = Pool(port)
    try:
        async with asyncio.timeout(TIMEOUT):
            return (await pool.request(request(method, path, body)))[0]
    except (OSError, httptools.HttpParserError):  # TimeoutError is an OSError
        return LOST
    finally:
        pool.close()


async def _reports(served: Served, case: Case) -> list[Finding]:
    findings: list[Finding] = []
    give_up = time.monotonic() + case.after + PATIENCE
    while (now := time.monotonic()) < give_up:
        new = served.new_findings()
        findings += new
        if any(is_hit(case, finding) for finding in new):
            give_up = min(give_up, now + COMPANIONS)
        await asyncio.sleep(GLANCE)
    return findings + served.new_findings()
