"""The report as a picture: p99 of the light routes by the heavy routes' load, an SVG written by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from benchmarks.service.results import Run

__all__ = ["picture"]

WIDTH, HEIGHT = 760, 400  # pixels
LEFT, RIGHT, TOP, BOTTOM = 90, 130, 70, 80  # pixels around the plot

HEADING = "What light routes wait (p99) while heavy ones are under load"
COLOURS = ("ours", "second", "third")

STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2933 }
.title { font-size: 17px; font-weight: 600 } .small { font-size: 11px; fill: #616e7c } .back { fill: #fff }
.grid { stroke: #e4e7eb } polyline { fill: none; stroke-width: 2.5 }
.ours { stroke: #0f766e } .second { stroke: #b7791f; stroke-dasharray: 7 4 }
.third { stroke: #b3471d; stroke-dasharray: 2 4 }
@media (prefers-color-scheme: dark) {
text { fill: #e4e7eb } .small { fill: #9aa5b1 } .back { fill: #14191f } .grid { stroke: #323f4b }
.ours { stroke: #2dd4bf } .second { stroke: #f2c14e } .third { stroke: #f0855c }
}"""


def picture(run: Run) -> str:
    """Draw the medians, with a logarithmic axis."""
    lines = {service: [run.median(service, level, "p99_ms") for level in run.levels] for service in run.services}
    known = [value for values in lines.values() for value in values if math.isfinite(value)] or [1.0, 10.0]
    low, high = (
        math.floor(math.log10(min(known))),
        math.ceil(math.log10(max(known)) - 0.05),
    )  # a client's timeout is a little more than that
    high = max(high, low + 1)

    def x(place: int) -> float:
        return LEFT + place * (WIDTH - LEFT - RIGHT) / max(len(run.levels) - 1, 1)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(value) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    warning = " QUICK: no figures to rely on." if run.quick else ""
    below = (
        f"Heavy load as a part of capacity; a client gives up after 10 s. Medians of {run.repeats} repeats.{warning}"
    )
    where = run.machine
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">',
        f"<title>{HEADING}</title><style>{STYLE}\n</style>",
        f'<rect class="back" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        _text(24, 34, HEADING, "title"),
    ]
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(_text(LEFT - 8, at + 4, f"{10**power:,} ms", anchor="end"))
    for place, level in enumerate(run.levels):
        parts.append(_text(x(place), HEIGHT - BOTTOM + 20, f"{level:.0%}", anchor="middle"))
    for kind, values in zip(COLOURS, lines.values(), strict=True):
        points = [(x(place), y(value)) for place, value in enumerate(values) if math.isfinite(value)]
        drawn = " ".join(f"{across:.1f},{down:.1f}" for across, down in points)
        parts.append(f'<polyline class="{kind}" points="{drawn}"/>')
    parts += _legend(run)
    parts += [
        _text(24, HEIGHT - 34, below, "small"),
        _text(24, HEIGHT - 16, f"{where['processor']}, {where['cores']} cores, {where['python']}", "small"),
        "</svg>",
    ]
    return "\n".join(parts)


def _legend(run: Run) -> Iterator[str]:
    for place, (kind, service) in enumerate(zip(COLOURS, run.services, strict=True)):
        at, left = TOP + 10 + place * 22, WIDTH - RIGHT + 16
        yield f'<polyline class="{kind}" points="{left},{at} {left + 26},{at}"/>'
        yield _text(left + 32, at + 4, service)


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    described = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{described}>{escape(text)}</text>'
