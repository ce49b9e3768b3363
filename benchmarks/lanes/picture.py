"""The report as a picture: an SVG of bars, written by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from benchmarks.lanes.results import LIMIT, OURS, Run

__all__ = ["picture"]

WIDTH, PANEL, GAP, MARGIN, TOP = 960, 448, 16, 24, 50  # pixels
NAME, FIGURE = 138, 48  # pixels: the columns of names and of figures
BAR, ROW, HEAD = 10, 26, 40  # pixels: the heights of a bar, of a row, and of what is above the rows

HEADING = "ProcessLane and other process pools, 2 workers each"
NOTE = "Workers are niced for the ticker; otherwise each pool is as it comes."

STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2933 }
.title { font-size: 17px; font-weight: 600 } .panel { font-weight: 600 } .small { font-size: 11px; fill: #616e7c }
.ours { font-weight: 600 } .back { fill: #fff } .figure { font-size: 10px }
.b0 { fill: #9aa5b1 } .b1 { fill: #cbd2d9 } .o0 { fill: #0f766e } .o1 { fill: #5eb5ac }
@media (prefers-color-scheme: dark) {
text { fill: #e4e7eb } .small { fill: #9aa5b1 } .back { fill: #14191f }
.b0 { fill: #7b8794 } .b1 { fill: #4b5764 } .o0 { fill: #2dd4bf } .o1 { fill: #17857a }
}"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One set of bars.

    Attributes:
        title: What it shows.
        key: The measure.
        decimals: How many it is written with.
        reference: One more row: its name, the contender (None: of all) and the measure.
    """

    title: str
    key: str
    decimals: int = 0
    reference: tuple[str, str | None, str] | None = None


def _speed(title: str, key: str) -> Panel:
    return Panel(title, key, reference=(LIMIT, LIMIT, key))


PANELS = (
    _speed("A no-op call, p50 in µs (less is better)", "latency_p50_us"),
    _speed("Calls a second, 64 in flight (more is better)", "calls_per_s"),
    _speed("10 MB of bytes there and back, MB/s (more is better)", "bytes_mb_per_s"),
    _speed("10 MB NumPy array there and back, MB/s (more is better)", "numpy_mb_per_s"),
    Panel(
        "A 5 ms ticker's p99 lateness under load, ms (less is better)",
        "loaded_p99_ms",
        2,
        ("no load", None, "unloaded_p99_ms"),
    ),
    Panel("Of 10 calls, answered though 1 worker was killed (more is better)", "killed_succeeded"),
)


def picture(run: Run) -> str:
    """Draw the medians."""
    tall = HEAD + ROW * (len(run.contenders) + 1) + GAP
    foot = TOP + tall * math.ceil(len(PANELS) / 2)
    height = foot + 2 * ROW
    where = run.machine
    warning = ", QUICK: no figures to rely on" if run.quick else ""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
        f"<title>{HEADING}</title><style>{STYLE}\n</style>",
        f'<rect class="back" width="{WIDTH}" height="{height}" rx="8"/>',
        _text(MARGIN, 34, HEADING, "title"),
        *_legend(run.loops),
    ]
    for place, panel in enumerate(PANELS):
        parts += _panel(run, panel, MARGIN + place % 2 * (PANEL + GAP), TOP + place // 2 * tall)
    parts += [
        _text(MARGIN, foot + 8, f"Medians of {run.repeats} repeats of one interleaved run{warning}. {NOTE}", "small"),
        _text(MARGIN, foot + 26, f"{where['processor']}, {where['cores']} cores, {where['python']}", "small"),
        "</svg>",
    ]
    return "\n".join(parts)


def _legend(loops: tuple[str, ...]) -> Iterator[str]:
    for place, loop in enumerate(loops):
        left = WIDTH - MARGIN - 90 * (len(loops) - place)
        yield f'<rect class="o{place}" x="{left}" y="25" width="{BAR}" height="{BAR}"/>'
        yield f'<rect class="b{place}" x="{left + BAR + 2}" y="25" width="{BAR}" height="{BAR}"/>'
        yield _text(left + 2 * BAR + 8, 34, loop)


def _panel(run: Run, panel: Panel, left: int, top: int) -> Iterator[str]:
    rows = [(name, name, panel.key) for name in run.contenders]
    wanted: list[tuple[str, str | None, str]] = [*rows, *([panel.reference] if panel.reference else [])]
    figures = [[run.median(loop, name, key) for loop in run.loops] for _, name, key in wanted]
    most = max((value for row in figures for value in row if math.isfinite(value)), default=1.0) or 1.0
    yield _text(left, top + HEAD - 26, panel.title, "panel")
    for place, ((label, name, _), values) in enumerate(zip(wanted, figures, strict=True)):
        y = top + HEAD - 12 + place * ROW
        ours = name == OURS
        yield _text(left, y + BAR + 4, label, "ours" if ours else "")
        for which, value in enumerate(values):
            width = value / most * (PANEL - NAME - FIGURE) if math.isfinite(value) else 0
            at = y + which * (BAR + 1)
            figure = f"{value:,.{panel.decimals}f}" if math.isfinite(value) else "–"
            kind = f"{'o' if ours else 'b'}{which}"
            yield f'<rect class="{kind}" x="{left + NAME}" y="{at}" width="{max(width, 1):.1f}" height="{BAR}"/>'
            yield _text(left + NAME + width + 4, at + BAR - 1, figure, "figure")


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    described = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y}"{described}>{escape(text)}</text>'
