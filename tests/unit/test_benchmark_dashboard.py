"""How the benchmark of the dashboard tells what it has measured."""

from __future__ import annotations

from benchmarks.dashboard.report import report
from benchmarks.dashboard.results import CASES, Run, Sample


def run_of(*rates: tuple[int, str, float]) -> Run:
    samples = [Sample(repeat, case, rate, 5, 10_000) for repeat, case, rate in rates]
    return Run({"cores": "2"}, 3, 5.0, False, samples)


def test_a_ratio_is_to_the_closed_one_of_the_same_repeat() -> None:
    run = run_of((1, "closed", 100.0), (1, "open", 99.0), (2, "closed", 200.0), (2, "open", 190.0), (3, "open", 1.0))
    assert run.ratios("open") == [0.99, 0.95]
    assert run.rate("closed") == 150.0


def test_the_report_says_whether_the_target_is_reached_and_what_is_missing() -> None:
    reached = run_of((1, "closed", 1000.0), (1, "open", 985.0))
    assert "0.985" in report(reached)
    assert "reached" in report(reached)
    missed = run_of((1, "closed", 1000.0), (1, "open", 970.0))
    missed.failures.append("open, repeat 2: it did not start")
    assert "missed" in report(missed)
    assert "Not measured\nopen, repeat 2" in report(missed)
    assert "closed" not in report(run_of()).split("Medians")[0]


def test_one_case_has_a_hundred_thousand_jobs_and_one_has_nobody_who_looks() -> None:
    assert [(case.is_open, case.jobs) for case in CASES] == [(False, 0), (True, 0), (True, 100_000)]
