"""The benchmark of the watch: its table agrees with its application, and its judge is neither deaf nor lenient."""

from __future__ import annotations

import json

import pytest

from benchmarks.watch.app import app
from benchmarks.watch.crowd import INNOCENTS
from benchmarks.watch.expected import CALM, CASES, Case, check
from benchmarks.watch.finding import Finding
from benchmarks.watch.guilty.routes import mounted
from benchmarks.watch.judge import judge
from benchmarks.watch.loopline_report import read_report
from benchmarks.watch.markers import HERE
from benchmarks.watch.tools.asyncio_debug import spots_of

BY_NAME = {case.name: case for case in CASES}
DIRECT, DROPPED, CYCLE = BY_NAME["direct"], BY_NAME["dropped"], BY_NAME["cycle"]
CALM_ROUTE = f"GET {CALM}/long/event"


def blocked(case: Case, route: str | None = None) -> Finding:
    """What a perfect tool would report of a case."""
    place = min(case.places, key=lambda place: place.line)
    return Finding("blocking", 0.2, [(place.file, place.line, place.function)], case.route if route is None else route)


def forgotten(case: Case, route: str | None) -> Finding:
    """What a perfect tool would report of a forgotten await."""
    place = max(case.places, key=lambda place: place.line)
    coroutine = min(case.places, key=lambda place: place.line).function
    return Finding("forgotten-await", None, [(place.file, place.line, place.function)], route, coroutine)


def test_every_case_has_a_marker_and_every_marker_a_case() -> None:
    check()


def test_there_are_enough_of_both() -> None:
    assert len([case for case in CASES if not case.forgotten]) >= 28
    assert len(INNOCENTS) >= 16


def test_every_route_of_the_table_is_one_of_the_application() -> None:
    paths = app.openapi()["paths"] | {f"/old{path}": methods for path, methods in mounted.openapi()["paths"].items()}
    for case in CASES:
        if case.route and case.method != "WEBSOCKET":
            assert case.method.lower() in paths[case.template], case.name


def test_what_is_right_is_found_right() -> None:
    verdict = judge(DIRECT, [blocked(DIRECT)], 200)
    assert (verdict.detected, verdict.line, verdict.function, verdict.route, verdict.kind) == (True,) * 5
    assert (verdict.blamed, verdict.astray, verdict.changed, verdict.said) == ([], 0, False, [])


def test_nothing_reported_is_nothing_found() -> None:
    verdict = judge(DIRECT, [], 200)
    assert not any((verdict.detected, verdict.line, verdict.function, verdict.route, verdict.kind))


def test_the_path_is_not_the_template() -> None:
    case = BY_NAME["path-parameters"]
    assert not judge(case, [blocked(case, f"GET {case.path}")], 200).route


def test_a_line_beside_the_right_one_names_the_function_only() -> None:
    file, line, function = blocked(DIRECT).spots[0]
    verdict = judge(DIRECT, [Finding("blocking", 0.2, [(file, line - 1, function)])], 200)
    assert (verdict.line, verdict.function) == (False, True)


def test_who_names_an_innocent_alone_has_found_nothing() -> None:
    verdict = judge(DIRECT, [Finding("blocking", 0.2, route=CALM_ROUTE)], 200)
    assert (verdict.detected, verdict.blamed) == (False, [CALM_ROUTE])


def test_who_names_everybody_has_found_the_guilty_and_blamed_the_others() -> None:
    verdict = judge(DIRECT, [blocked(DIRECT), Finding("blocking", 0.2, route=CALM_ROUTE)], 200)
    assert (verdict.detected, verdict.route, verdict.blamed) == (True, True, [CALM_ROUTE])


def test_an_innocents_source_is_blame_too() -> None:
    spot = (str(HERE / "innocent" / "long.py"), 30, "event")
    assert judge(DIRECT, [Finding("blocking", 0.2, [spot])], 200).blamed


def test_a_machine_without_time_blames_nobody() -> None:
    assert not judge(DIRECT, [Finding("no-cpu", 0.2, route=CALM_ROUTE)], 200).blamed


def test_a_stall_is_no_forgotten_await_and_the_other_way_round() -> None:
    assert judge(DROPPED, [blocked(DIRECT)], 200).astray == 1
    assert judge(DIRECT, [forgotten(DROPPED, DROPPED.route)], 200).astray == 1


def test_another_coroutine_is_not_the_one_that_was_forgotten() -> None:
    assert not judge(DROPPED, [forgotten(BY_NAME["stored"], DROPPED.route)], 200).detected


@pytest.mark.parametrize(("route", "right"), [(None, True), ("GET /api/v1/forgotten/dropped", False)])
def test_what_dies_in_a_collection_is_of_no_route(route: str | None, right: bool) -> None:
    assert judge(CYCLE, [forgotten(CYCLE, route)], 200).route is right


def test_another_status_is_a_changed_answer() -> None:
    assert judge(DIRECT, [], 500).changed


def test_a_line_of_our_report_is_read() -> None:
    said = {
        "kind": "blocking",
        "seconds": 0.2,
        "file": "/app/a.py",
        "line": 3,
        "function": "f",
        "route": "GET /a",
        "at": "2026-01-01T00:00:00+00:00",
    }
    (finding,) = read_report([json.dumps(said)])
    assert (finding.spots, finding.route, finding.kind) == ([("/app/a.py", 3, "f")], "GET /a", "blocking")


def test_the_places_of_a_task_are_those_that_asyncio_shows() -> None:
    shown = "<Task finished name='x' coro=<store() done, defined at /app/a.py:25> result=None created at /app/b.py:7>"
    assert spots_of(shown) == [("/app/a.py", 25, "store"), ("/app/b.py", 7, "")]
