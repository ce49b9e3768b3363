"""The report as a picture: an SVG of bars, written by hand."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from html import escape

from benchmarks.check.results import Run

__all__ = ["picture"]

WIDTH, MARGIN, GAP, TOP, NAME = 960, 24, 24, 64, 110  # pixels
PANEL = (WIDTH - 2 * MARGIN - GAP) // 2
ROW, BAR, HEAD = 20, 12, 30  # pixels: a row, its bar, and what is above the rows
OURS = "loopline check"
HEADING = "What static checks find, and what they blame in vain"
TITLES = {
    "b": "Blocks the loop: found",
    "g": "Blocks nothing: blamed in vain",
    "a": "Forgotten awaits: found",
    "ag": "None forgotten: blamed in vain",
}
STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2933 }
.title { font-size: 17px; font-weight: 600 } .panel { font-weight: 600 } .small { font-size: 11px; fill: #616e7c }
.ours { font-weight: 600 } .back { fill: #fff } .bar { fill: #9aa5b1 } .own { fill: #0f766e }
@media (prefers-color-scheme: dark) {
text { fill: #e4e7eb } .small { fill: #9aa5b1 } .back { fill: #14191f } .bar { fill: #7b8794 } .own { fill: #2dd4bf }
}"""


def picture(run: Run) -> str:
    """Draw what a run came to: the cases, and the seconds of a cold run on each service."""
    panels = [
        (
            f"{title}, of {run.labels[label]}",
            {tool: float(len(by[label])) for tool, by in run.reported.items() if label in by},
            float(run.labels[label]),
            "",
        )
        for label, title in TITLES.items()
    ]
    for service in dict.fromkeys(cost.service for cost in run.costs):
        own = [cost for cost in run.costs if cost.service == service]
        seconds = {
            tool: statistics.median(cost.cold for cost in own if cost.tool == tool)
            for tool in dict.fromkeys(cost.tool for cost in own)
        }
        panels.append((f"{service}, {own[0].lines:,} lines: seconds, cold", seconds, max(seconds.values()), " s"))
    body: list[str] = []
    top = TOP
    for start in range(0, len(panels), 2):
        pair = panels[start : start + 2]
        for place, (title, figures, most, unit) in enumerate(pair):
            body += _panel(MARGIN + place * (PANEL + GAP), top, title, figures, most or 1.0, unit)
        top += HEAD + ROW * max(len(figures) for _, figures, _, _ in pair) + GAP
    where = run.machine
    height = top + 30
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
            f"<title>{HEADING}</title><style>{STYLE}\n</style>",
            f'<rect class="back" width="{WIDTH}" height="{height}" rx="8"/>',
            _text(MARGIN, 36, HEADING, "title"),
            *body,
            _text(MARGIN, top + 8, f"{where['processor']}, {where['cores']} cores, {where['python']}", "small"),
            "</svg>",
        ]
    )


def _panel(left: int, top: int, title: str, figures: dict[str, float], most: float, unit: str) -> Iterator[str]:
    yield _text(left, top + 10, title, "panel")
    for place, (tool, value) in enumerate(figures.items()):
        y = top + HEAD + place * ROW
        ours = tool == OURS
        width = value / most * (PANEL - NAME - 60)
        yield _text(left, y, tool, "ours" if ours else "")
        kind = "own" if ours else "bar"
        yield f'<rect class="{kind}" x="{left + NAME}" y="{y - BAR + 2}" width="{max(width, 1):.1f}" height="{BAR}"/>'
        yield _text(left + NAME + width + 6, y, f"{value:.1f}{unit}" if unit else f"{value:.0f}")


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    described = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y}"{described}>{escape(text)}</text>'
