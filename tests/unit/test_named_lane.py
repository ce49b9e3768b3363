"""lane(): a name stands for what is configured."""

from __future__ import annotations

from typing import Any

import pytest

from loopline import ConfigurationError, MissingExtra, ProcessLane, RayLane, ThreadLane, lane


def test_a_name_stands_for_its_default_where_nothing_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOOPLINE_LANES", raising=False)
    cpu = lane("cpu", "process:3", max_queue=7)
    assert isinstance(cpu, ProcessLane)
    now = cpu.statistics()
    assert (now.name, now.size, now.max_queue) == ("cpu", 3, 7)


@pytest.mark.parametrize(
    ("spec", "kind", "size"),
    [
        ("thread:4", ThreadLane, 4),
        ("thread", ThreadLane, 10),
        ("process:1", ProcessLane, 1),
        ("process", ProcessLane, 2),
        ("ray:10.0.0.7:6379", RayLane, 64),
        ("ray:auto?max_in_flight=8&num_cpus=0.5&retry=1", RayLane, 8),
        ("ray://head:10001", RayLane, 64),
    ],
)
def test_the_environment_says_what_a_name_stands_for(
    monkeypatch: pytest.MonkeyPatch, spec: str, kind: type, size: int
) -> None:
    monkeypatch.setenv("LOOPLINE_LANES", f"legacy=thread:2, cpu={spec}")
    found = lane("cpu", "thread:1")
    assert type(found) is kind
    assert (found.name, found.statistics().size) == ("cpu", size)


def test_settings_of_the_application_come_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOPLINE_LANES", "cpu=process:2")
    assert isinstance(lane("cpu", lanes="cpu=thread:2"), ThreadLane)
    assert isinstance(lane("cpu", lanes={"cpu": "thread:2"}), ThreadLane)


def test_options_of_the_configuration_come_before_those_of_the_code() -> None:
    found = lane("cpu", lanes="cpu=thread:2?max_queue=3", max_queue=50)
    assert found.statistics().max_queue == 3


@pytest.mark.parametrize(
    ("lanes", "told"),
    [
        ("", r"'cpu' is not configured: write lanes=\"cpu=process:2\".* it is empty"),
        ("legacy=thread:2", "not configured.* it has 'legacy'"),
        ("cpu=warp:2", "there is no kind 'warp'"),
        ("cpu=process:two", "how many must be a whole number, not 'two'"),
        ("cpu=process:0", "size must be at least 1"),
        ("cpu=process:2,cpu=thread:4", "says twice what 'cpu' stands for: process:2 and thread:4"),
        ("cpu", "write NAME=KIND:"),
        ("cpu=", "write NAME=KIND:"),
        ("cpu=ray:", "write where the cluster is"),
        ("cpu=ray://", "write where the cluster is"),
        ("cpu=thread:2?retry=1", "thread has no option 'retry'; it has max_queue, timeout"),
        ("cpu=ray:auto?retry=often", "retry must be a whole number, not 'often'"),
        ("cpu=ray:auto?retry=1&retry=2", "retry is given twice"),
        ("cpu=thread:2?timeout=soon", "timeout must be a number, not 'soon'"),
        ("cpu=thread:2?timeout=0", "timeout must be more than 0"),
    ],
)
def test_what_can_not_be_meant_is_told_when_the_application_is_imported(lanes: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        lane("cpu", lanes=lanes)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"num_cpus": -1}, "num_cpus must be at least 0"),
        ({"num_gpus": -1}, "num_gpus must be at least 0"),
        ({"resources": {"lab": -1}}, "lab must be at least 0"),
        ({"retry": -1}, "retry must be at least 0"),
        ({"max_in_flight": 0}, "max_in_flight"),
        ({"close_timeout": 0}, "close_timeout"),
        ({"connect_timeout": 0}, "connect_timeout"),
        ({"address": ""}, "address must be"),
        ({"context": "module:variable"}, "give context as a list"),
        ({"context": ["variable"]}, "module:variable"),
    ],
)
def test_a_ray_lane_refuses_what_can_not_work(option: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        RayLane(**option)


def test_a_ray_lane_without_ray_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'loopline\[ray\]'"):
        lane("cpu", lanes="cpu=ray:auto")
