"""How the benchmark of the lanes judges what it has measured."""

from __future__ import annotations

import math
from xml.etree import ElementTree

from benchmarks.lanes.picture import picture
from benchmarks.lanes.report import report
from benchmarks.lanes.results import LIMIT, OURS, Run, Target, targets

MACHINE = {"processor": "a processor", "cores": "2", "python": "Python"}
PEER, EXECUTOR = "pebble", "ProcessPoolExecutor"


def sample(latency: float, speed: float, late: float = 1.0) -> dict[str, float | None]:
    """Return a sample of a contender that is this fast."""
    return {
        "latency_p50_us": latency,
        "calls_per_s": speed,
        "bytes_mb_per_s": speed,
        "numpy_mb_per_s": speed,
        "unloaded_p99_ms": 1.0,
        "loaded_p99_ms": late,
    }


def run_of(*samples: tuple[str, dict[str, float | None]]) -> Run:
    """Return a run on one loop with these samples."""
    run = Run(MACHINE, 1, False, ("uvloop",), (OURS, EXECUTOR, PEER))
    run.samples = [(1, "" if name == LIMIT else "uvloop", name, measured) for name, measured in samples]
    return run


def verdicts(run: Run) -> dict[str, Target]:
    """Return the targets by what they say."""
    return {target.what: target for target in targets(run, "uvloop")}


def test_targets_are_reached_where_the_ratio_is_within_the_bound() -> None:
    """Each target compares our median with the one it names, and includes its bound."""
    run = run_of(
        (OURS, sample(90, 400, 1.5)), (EXECUTOR, sample(270, 100)), (PEER, sample(200, 90)), (LIMIT, sample(30, 1))
    )
    judged = verdicts(run)
    assert [target.reached for target in judged.values()] == [True] * 6
    assert judged["latency p50 / raw limit"].figure == 3
    assert judged["throughput / best peer"].figure == 4


def test_targets_are_missed_where_it_is_not() -> None:
    """What is slower than was aimed at is said to be."""
    run = run_of(
        (OURS, sample(91, 240, 1.6)), (EXECUTOR, sample(270, 100)), (PEER, sample(200, 90)), (LIMIT, sample(30, 1))
    )
    assert not any(target.reached for target in targets(run, "uvloop"))


def test_the_best_peer_is_the_fastest_of_the_medians() -> None:
    """One lucky repeat does not make a peer the best, nor does our own figure count among them."""
    samples = [(OURS, sample(90, 500)), (PEER, sample(1, 150)), (LIMIT, sample(30, 1000))]
    run = run_of(*samples, *((EXECUTOR, sample(1, speed)) for speed in (100, 999, 110)))
    assert verdicts(run)["throughput / best peer"].parts == "500 against 150 calls/s (pebble)"


def test_a_missing_peer_leaves_a_target_unreached() -> None:
    """Without one of the peers nobody knows which is the best."""
    run = run_of((OURS, sample(90, 400)), (EXECUTOR, sample(270, 100)), (LIMIT, sample(30, 1)))
    target = verdicts(run)["throughput / best peer"]
    assert math.isnan(target.figure)
    assert not target.reached


def test_a_pool_that_never_recovers_is_shown_so() -> None:
    """None in a sample is a wait without end, and counts as such in the median."""
    run = run_of((OURS, {"next_ms": 2.0}), *((EXECUTOR, {"next_ms": ms}) for ms in (None, None, 1.0)))
    assert run.median("uvloop", EXECUTOR, "next_ms") == math.inf
    assert "never" in report(run)


def test_the_picture_is_drawn_whatever_is_missing() -> None:
    """It is well-formed XML, and names the contenders even without a figure."""
    drawn = picture(run_of((OURS, sample(90, 400))))
    texts = [element.text for element in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
    assert {OURS, EXECUTOR, PEER, LIMIT} <= set(texts)
    assert "400" in texts
    assert "–" in texts


def test_the_report_says_what_could_not_be_measured() -> None:
    """A failure is not left out."""
    run = run_of()
    run.failures.append("loky uvloop: exit code 1")
    assert "Not measured\nloky uvloop: exit code 1" in report(run)
