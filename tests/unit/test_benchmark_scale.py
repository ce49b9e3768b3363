"""How the benchmark of scale tells what it has measured."""

from __future__ import annotations

from xml.etree import ElementTree

from benchmarks.scale.picture import picture
from benchmarks.scale.plan import FULL, QUICK, cases
from benchmarks.scale.report import report
from benchmarks.scale.results import Run, Sample

MACHINE = {"processor": "a processor", "cores": "2", "python": "Python"}


def run_of(*samples: Sample) -> Run:
    return Run(MACHINE, "PostgreSQL", 3, False, list(samples))


def test_a_figure_is_the_median_of_its_repeats_by_size() -> None:
    run = run_of(*(Sample(n, "workers", 2, {"jobs_per_s": rate}) for n, rate in enumerate((100.0, 900.0, 200.0))))
    run.samples.append(Sample(1, "workers", 1, {"jobs_per_s": 50.0}))
    assert run.medians("workers", "jobs_per_s") == {1: 50.0, 2: 200.0}


def test_the_picture_is_drawn_whatever_is_missing() -> None:
    drawn = picture(run_of(Sample(1, "workers", 2, {"jobs_per_s": 1234.0})))
    texts = [element.text for element in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
    assert {"2 process(es)", "1,234"} <= set(texts)
    ElementTree.fromstring(picture(Run(MACHINE, "PostgreSQL", 3, True)))


def test_the_report_says_what_could_not_be_measured() -> None:
    run = run_of()
    run.failures.append("workers 6, repeat 1: a worker did not start")
    assert "Not measured\nworkers 6, repeat 1" in report(run)


def test_a_whole_run_goes_as_far_as_it_says() -> None:
    sizes = {
        measure: max(case.size for case in cases(FULL) if case.measure == measure)
        for measure in ("workers", "waiting", "fan_out")
    }
    assert sizes == {"workers": 6, "waiting": 2_000_000, "fan_out": 100_000}
    assert {case.measure for case in cases(QUICK)} == {case.measure for case in cases(FULL)}
