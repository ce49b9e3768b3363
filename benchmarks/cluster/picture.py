"""The report as a picture: an SVG of bars, written by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from benchmarks.cluster.contenders import OURS
from benchmarks.cluster.measures import IN_FLIGHT, SIZES
from benchmarks.cluster.report import said_of
from benchmarks.cluster.results import WORTH, Run

__all__ = ["picture"]

WIDTH, PANEL, GAP, MARGIN, TOP = 960, 448, 16, 24, 50  # pixels
NAME, FIGURE = 118, 56  # pixels: the columns of names and of figures
BAR, ROW, HEAD = 12, 20, 40  # pixels: the heights of a bar, of a row, and of what is above the rows

HEADING = "The same call in two processes, on a Ray cluster and on Dask"

STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2933 }
.title { font-size: 17px; font-weight: 600 } .panel { font-weight: 600 } .small { font-size: 11px; fill: #616e7c }
.ours { font-weight: 600 } .back { fill: #fff } .figure { font-size: 10px }
.bar { fill: #9aa5b1 } .own { fill: #0f766e }
.grid { stroke: #cbd2d9 } .worth { stroke: #9aa5b1; stroke-dasharray: 4 4 }
@media (prefers-color-scheme: dark) {
text { fill: #e4e7eb } .small { fill: #9aa5b1 } .back { fill: #14191f } .bar { fill: #7b8794 } .own { fill: #2dd4bf }
.grid { stroke: #323f4b }
}"""

# Title, key, what its unit is divided by, decimals.
PANELS: list[tuple[str, str, float, int]] = [
    ("A call that does nothing, p50 in ms (less is better)", "latency_us_0", 1000, 2),
    (f"Calls that do nothing a second, {IN_FLIGHT} in flight (more is better)", "calls_per_s_0", 1, 0),
]
CHART_TITLE = f"From which size on: how much of two processors tasks get, {IN_FLIGHT} in flight (more is better)"
CHART, AXIS, LEGEND, LINE = 220, 40, 330, 24  # pixels: the chart's height, what is left and right of it, a line of text
LOOKS = ("#b45309", "#0f766e", "#2563eb", "#5eaaa3", "#9333ea", "#616e7c")


def picture(run: Run) -> str:
    """Draw the medians."""
    tall = HEAD + ROW * len(run.contenders) + GAP
    chart = TOP + tall
    foot = chart + HEAD + CHART + 2 * ROW + GAP
    height = foot + 2 * ROW
    warning = ", QUICK: no figures to rely on" if run.quick else ""
    where = run.machine
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
        f"<title>{HEADING}</title><style>{STYLE}\n</style>",
        f'<rect class="back" width="{WIDTH}" height="{height}" rx="8"/>',
        _text(MARGIN, 34, HEADING, "title"),
    ]
    for place, panel in enumerate(PANELS):
        parts += _panel(run, *panel, left=MARGIN + place * (PANEL + GAP), top=TOP)
    parts += [
        *_chart(run, chart),
        _text(MARGIN, foot + 8, f"Medians of {run.repeats} repeats of one interleaved run{warning}.", "small"),
        _text(MARGIN, foot + 26, f"{where['processor']}, {where['cores']} cores, {where['python']}", "small"),
        "</svg>",
    ]
    return "\n".join(parts)


def _panel(run: Run, title: str, key: str, unit: float, decimals: int, *, left: int, top: int) -> Iterator[str]:
    medians = {name: run.median(name, key) / unit for name in run.contenders}
    whole = max((value for value in medians.values() if math.isfinite(value)), default=1.0) or 1.0
    yield _text(left, top + HEAD - 22, title, "panel")
    for place, (name, value) in enumerate(medians.items()):
        y = top + HEAD - 12 + place * ROW
        is_ours = name == OURS
        width = value / whole * (PANEL - NAME - FIGURE) if math.isfinite(value) else 0
        figure = f"{value:,.{decimals}f}" if math.isfinite(value) else "–"
        kind = "own" if is_ours else "bar"
        yield _text(left, y + BAR - 2, name, "ours" if is_ours else "")
        yield f'<rect class="{kind}" x="{left + NAME}" y="{y}" width="{max(width, 1):.1f}" height="{BAR}"/>'
        yield _text(left + NAME + width + 4, y + BAR - 2, figure, "figure")


def _chart(run: Run, top: int) -> Iterator[str]:
    """Draw each contender's share over the size of a task, on a logarithmic scale."""
    sizes = [size for size in SIZES if size]
    left, right, upper = MARGIN + AXIS, WIDTH - MARGIN - LEGEND, top + HEAD - 8
    step = (right - left) / (len(sizes) - 1)
    yield _text(MARGIN, top + HEAD - 22, CHART_TITLE, "panel")
    for share in (0, 0.5, WORTH, 1):
        y = upper + CHART * (1 - share)
        yield f'<line class="{"worth" if share == WORTH else "grid"}" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>'
        yield _text(MARGIN, y + 4, f"{share:.0%}", "small")
    for place, size in enumerate(sizes):
        yield _text(left + place * step - 14, upper + CHART + 18, f"{size:,} ms", "small")
    for look, (place, name) in zip(LOOKS, enumerate(run.contenders), strict=False):
        shares = [run.median(name, f"share_{size}") for size in sizes]
        known = [(left + at * step, upper + CHART * (1 - one)) for at, one in enumerate(shares) if math.isfinite(one)]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in known)
        width = 3 if name == OURS else 1.5
        yield f'<polyline fill="none" stroke="{look}" stroke-width="{width}" points="{points}"/>'
        y = upper + 12 + place * LINE
        yield f'<rect fill="{look}" x="{right + 24}" y="{y - 9}" width="14" height="{2 * width}"/>'
        worth = run.worth_from(name)
        said = f"from {said_of(worth)} on" if worth else f"at {said_of(worth)}"
        yield _text(right + 44, y, f"{name}: {WORTH:.0%} {said}", "ours" if name == OURS else "")


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    described = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y}"{described}>{escape(text)}</text>'
