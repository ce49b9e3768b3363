"""The report as a picture: an SVG of bars, written by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from benchmarks.scale.results import Run

__all__ = ["PANELS", "Panel", "picture"]

WIDTH, PANEL, GAP, MARGIN, TOP = 960, 448, 16, 24, 56  # pixels
NAME, FIGURE = 122, 60  # pixels: the columns of sizes and of figures
BAR, ROW, HEAD = 12, 20, 34  # pixels: the heights of a bar, of a row, and of what is above the rows

HEADING = "How far Loopline goes on one machine, with PostgreSQL on it too"

STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2933 }
.title { font-size: 17px; font-weight: 600 } .panel { font-weight: 600 } .small { font-size: 11px; fill: #616e7c }
.back { fill: #fff } .figure { font-size: 10px } .bar { fill: #0f766e } .bare { fill: #9aa5b1 }
@media (prefers-color-scheme: dark) {
text { fill: #e4e7eb } .small { fill: #9aa5b1 } .back { fill: #14191f } .bar { fill: #2dd4bf } .bare { fill: #7b8794 }
}"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One set of bars.

    Attributes:
        title: What it shows.
        measure: The measure.
        key: The figure.
        unit: Of what a size is a number.
        decimals: How many a figure is written with.
    """

    title: str
    measure: str
    key: str
    unit: str
    decimals: int = 0


PANELS = (
    Panel("Jobs that do nothing, worked off a second", "workers", "jobs_per_s", "process(es)"),
    Panel("Jobs that write a row in a transaction each, a second", "transactional", "jobs_per_s", "process(es)"),
    Panel("The same by one process, out of a long queue", "waiting", "jobs_per_s", "waiting"),
    Panel("One more enqueued beside those that wait, p50 in ms", "waiting", "enqueue_p50_ms", "waiting", 2),
    Panel("fan_out of calls that only give way, 100 at once: calls a second", "fan_out", "items_per_s", "calls"),
    Panel("Without jobs: commits of one row a second", "commits", "commits_per_s", "client(s)"),
)


def picture(run: Run) -> str:
    """Draw the medians."""
    figures = [run.medians(panel.measure, panel.key) for panel in PANELS]
    tall = HEAD + ROW * max(map(len, figures)) + GAP
    foot = TOP + tall * math.ceil(len(PANELS) / 2)
    height = foot + 54
    where = run.machine
    warning = ", QUICK: no figures to rely on" if run.quick else ""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
        f"<title>{HEADING}</title><style>{STYLE}\n</style>",
        f'<rect class="back" width="{WIDTH}" height="{height}" rx="8"/>',
        _text(MARGIN, 34, HEADING, "title"),
    ]
    for place, (panel, values) in enumerate(zip(PANELS, figures, strict=True)):
        parts += _panel(panel, values, MARGIN + place % 2 * (PANEL + GAP), TOP + place // 2 * tall)
    parts += [
        _text(MARGIN, foot + 14, f"Medians of {run.repeats} repeats of one interleaved run{warning}.", "small"),
        _text(MARGIN, foot + 32, f"{where['processor']}, {where['cores']} cores, {where['python']}", "small"),
        "</svg>",
    ]
    return "\n".join(parts)


def _panel(panel: Panel, values: dict[int, float], left: int, top: int) -> Iterator[str]:
    most = max(values.values(), default=1.0) or 1.0
    yield _text(left, top + HEAD - 14, panel.title, "panel")
    for place, (size, value) in enumerate(values.items()):
        y = top + HEAD + place * ROW
        width = value / most * (PANEL - NAME - FIGURE)
        kind = "bare" if panel.measure == "commits" else "bar"
        yield _text(left, y + BAR - 2, f"{size:,} {panel.unit}")
        yield f'<rect class="{kind}" x="{left + NAME}" y="{y}" width="{max(width, 1):.1f}" height="{BAR}"/>'
        yield _text(left + NAME + width + 4, y + BAR - 2, f"{value:,.{panel.decimals}f}", "figure")


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    described = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{described}>{escape(text)}</text>'
