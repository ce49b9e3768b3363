"""lane(): which lane a name stands for is configuration, so that no line of the application changes with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from loopline.errors import ConfigurationError
from loopline.lanes.lane import Lane
from loopline.lanes.process import ProcessLane
from loopline.lanes.thread import ThreadLane

__all__ = ["LANES_VARIABLE", "lane"]

LANES_VARIABLE = "LOOPLINE_LANES"

# What may stand after the "?", for each kind.
_ANY: dict[str, Callable[[str], float]] = {"max_queue": int, "timeout": float}
_OPTIONS: dict[str, dict[str, Callable[[str], float]]] = {
    "thread": _ANY,
    "process": _ANY | {"nice": int, "max_calls_per_worker": int, "max_memory_per_worker": int},
    "ray": _ANY
    | {
        "max_in_flight": int,
        "connect_timeout": float,
        "close_timeout": float,
        "num_cpus": float,
        "num_gpus": float,
        "retry": int,
    },
}


def lane(
    name: str,
    default: str | None = None,
    *,
    lanes: str | Mapping[str, str] | None = None,
    max_queue: int | None = None,
    timeout: float | None = None,
    preload: Sequence[str] = (),
    context: Sequence[str] = (),
) -> Lane:
    """Make the lane that a name stands for: ``cpu = lane("cpu", "process:2")``.

    It is written ``thread:SIZE``, ``process:WORKERS``, ``ray:HOST:PORT``, ``ray:auto`` or ``ray://HOST:PORT``, and may
    end with options of that lane: ``ray://head:10001?num_cpus=2&retry=1``.

    Args:
        name: The name, which messages and statistics call the lane too.
        default: What it stands for where nothing else is configured.
        lanes: What names stand for, as ``"cpu=process:2,legacy=thread:4"`` or as a mapping; None reads the environment
            variable ``LOOPLINE_LANES``.
        max_queue: How many calls may wait, unless the configuration says otherwise; None is the lane's default.
        timeout: Seconds that a call may take, unless the configuration or the call says otherwise.
        preload: Modules that a ProcessLane's workers import before their first call. Other lanes have no use for it.
        context: Context variables that come along with a call, as ``"module:variable"``. In threads all do.

    Returns:
        A lane that has not started: give it to ``lifespan(...)``.

    Raises:
        ConfigurationError: If the configuration can't be read, or the name stands for nothing.
        MissingExtra: If it stands for a Ray cluster and Ray is not installed.
    """
    where = LANES_VARIABLE if lanes is None else "lanes"
    given = os.environ.get(LANES_VARIABLE, "") if lanes is None else lanes
    configured = _read(given, where) if isinstance(given, str) else given
    spec = configured.get(name, default)
    if spec is None:
        there = f"it has {', '.join(map(repr, configured))}" if configured else "it is empty"
        raise ConfigurationError(
            f'lane {name!r} is not configured: write {where}="{name}=process:2", or give lane() a default; {there}'
        )
    kind, _, rest = spec.partition(":")
    if kind not in _OPTIONS:
        raise ConfigurationError(
            f"lane {name!r}: there is no kind {kind!r}: write thread:SIZE, process:WORKERS, ray:HOST:PORT or "
            f"ray://HOST:PORT, not {spec!r}"
        )
    rest, _, query = rest.partition("?")
    options: dict[str, Any] = {
        option: value for option, value in (("max_queue", max_queue), ("timeout", timeout)) if value is not None
    }
    options |= _options(name, kind, query)
    if kind == "ray":
        from loopline.lanes.ray import RayLane

        if not rest.strip("/"):
            raise ConfigurationError(f"lane {name!r}: write where the cluster is: ray:HOST:PORT, ray:auto or ray://…")
        address = f"ray:{rest}" if rest.startswith("//") else rest
        return RayLane(address, name=name, context=context, **options)
    if rest:
        options["size" if kind == "thread" else "workers"] = _number(name, "how many", int, rest)
    if kind == "thread":
        return ThreadLane(name, **options)
    return ProcessLane(name=name, preload=preload, context=context, **options)


def _read(text: str, where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in filter(None, map(str.strip, text.split(","))):
        name, equals, spec = (part.strip() for part in entry.partition("="))
        if not (name and equals and spec):
            raise ConfigurationError(f"{where}: write NAME=KIND:…, as cpu=process:2, not {entry!r}")
        if name in found:
            raise ConfigurationError(f"{where} says twice what {name!r} stands for: {found[name]} and {spec}")
        found[name] = spec
    return found


def _options(name: str, kind: str, query: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for option, text in parse_qsl(query, keep_blank_values=True):
        if option not in _OPTIONS[kind]:
            raise ConfigurationError(
                f"lane {name!r}: {kind} has no option {option!r}; it has {', '.join(_OPTIONS[kind])}"
            )
        if option in found:
            raise ConfigurationError(f"lane {name!r}: {option} is given twice")
        found[option] = _number(name, option, _OPTIONS[kind][option], text)
    return found


def _number(name: str, what: str, convert: Callable[[str], float], text: str) -> float:
    try:
        return convert(text)
    except ValueError:
        kind = "a whole number" if convert is int else "a number"
        raise ConfigurationError(f"lane {name!r}: {what} must be {kind}, not {text!r}") from None
