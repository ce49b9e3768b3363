"""How the benchmark of the dashboard tells what it has measured."""

from __future__ import annotations

from benchmarks.dashboard.report import report
from benchmarks.dashboard.results import CASES, Idle, Run, Sample

MANY = CASES[1].name


def run_of(*pairs: tuple[str, float, float]) -> Run:
    samples = [Sample(1, case, closed, opened, 10_000) for case, closed, opened in pairs]
    return Run({"cores": "2"}, 1, len(pairs), 2.0, False, samples)


def test_a_ratio_is_that_of_a_pair_and_the_median_of_all_counts() -> None:
    run = run_of((MANY, 100.0, 99.0), (MANY, 200.0, 150.0), (MANY, 50.0, 49.5))
    assert [sample.ratio for sample in run.of(MANY)] == [0.99, 0.75, 0.99]
    assert "0.990" in report(run)
    assert "reached" in report(run)


def test_the_report_says_whether_the_target_is_missed_and_what_was_not_measured() -> None:
    missed = run_of((MANY, 1000.0, 970.0))
    missed.failures.append("no jobs, service 2: it did not start")
    assert "0.970" in report(missed)
    assert "missed" in report(missed)
    assert "Not measured\nno jobs, service 2" in report(missed)
    assert CASES[0].name not in report(missed).split("Not measured")[0]


def test_the_report_says_what_of_a_processor_an_open_dashboard_takes() -> None:
    run = run_of((MANY, 100.0, 99.0))
    run.idle += [Idle(1, MANY, 0.010, 0.015), Idle(2, MANY, 0.010, 0.013), Idle(3, CASES[0].name, 0.0, 0.9)]
    assert report(run).splitlines()[1].split()[-1] == "0.40%"


def test_one_case_has_a_hundred_thousand_jobs() -> None:
    assert [case.jobs for case in CASES] == [0, 100_000]
