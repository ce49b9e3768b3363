"""What the benchmark of clusters says of what it has measured."""

from __future__ import annotations

import json

import pytest

from benchmarks.cluster.contenders import BY_HAND, CONTENDERS, OURS
from benchmarks.cluster.measures import FULL, SIZES, Sample
from benchmarks.cluster.picture import picture
from benchmarks.cluster.report import report
from benchmarks.cluster.results import Run

MACHINE = {"processor": "a <fast> one", "cores": "2 usable of 2", "python": "CPython"}


def sample(latency: float) -> Sample:
    keys = ("latency_us", "calls_per_s", "share")
    return {f"{key}_{size}": latency if key == "latency_us" else 0.5 for key in keys for size in SIZES}


@pytest.fixture
def run() -> Run:
    run = Run(MACHINE, repeats=3, quick=False, contenders=tuple(CONTENDERS))
    for repeat, (ours, by_hand) in enumerate([(1000.0, 2000.0), (1800.0, 1500.0), (9000.0, 1000.0)], 1):
        run.samples += [(repeat, OURS, sample(ours)), (repeat, BY_HAND, sample(by_hand))]
    return run


def test_what_the_lane_adds_is_the_ratio_of_the_medians(run: Run) -> None:
    assert run.added(0) == 1800 / 1500
    assert run.as_json()["RayLane / Ray by hand"][10] == 1.2
    assert "NOT reached" in report(run)


def test_what_was_not_measured_is_shown_as_such(run: Run) -> None:
    run.failures.append("Dask: exit code 1")
    assert "Not measured\nDask: exit code 1" in report(run)
    assert json.loads(json.dumps(run.as_json()))["failures"] == ["Dask: exit code 1"]
    assert ">–</text>" in picture(run)


def test_the_picture_escapes_what_it_shows(run: Run) -> None:
    assert "a &lt;fast&gt; one" in picture(run)
    assert "<fast>" not in picture(run)


def test_a_size_is_measured_often_enough_and_not_for_ever() -> None:
    assert [FULL.calls(size) for size in SIZES] == [800, 800, 200, 20, 4]


def test_from_which_size_on_a_contender_is_worth_it_lies_between_the_sizes_that_were_measured(run: Run) -> None:
    def shares(*of: float) -> Sample:
        return {f"share_{size}": share for size, share in zip(SIZES, of, strict=True)}

    run.samples = [
        (1, "ProcessLane", shares(0, 0.9, 1, 1, 1)),
        (1, OURS, shares(0, 0.2, 0.7, 0.9, 1)),
        (1, "Dask", shares(0, 0.1, 0.2, 0.3, 0.4)),
    ]
    assert run.worth_from("ProcessLane") == 1
    assert run.worth_from(OURS) == pytest.approx(10**1.5)
    assert run.worth_from("Dask") is None
    assert run.worth_from(BY_HAND) is None  # it was not measured
    assert "RayLane: 80% from 32 ms on" in picture(run)
    assert "Dask: 80% from none of these on" not in picture(run)
