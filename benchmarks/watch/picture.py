"""The report as a picture: an SVG of bars, written by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

from benchmarks.watch.results import Run
from benchmarks.watch.tools import OURS

__all__ = ["picture"]

WIDTH, PANEL, GAP, MARGIN, TOP = 960, 448, 16, 24, 50  # pixels
NAME, FIGURE = 138, 48  # pixels: the columns of names and of figures
BAR, ROW, HEAD = 10, 26, 40  # pixels: the heights of a bar, of a row, and of what is above the rows

HEADING = "Who finds what blocks the event loop, and what it costs"

STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2933 }
.title { font-size: 17px; font-weight: 600 } .panel { font-weight: 600 } .small { font-size: 11px; fill: #616e7c }
.ours { font-weight: 600 } .back { fill: #fff } .figure { font-size: 10px }
.b0 { fill: #9aa5b1 } .b1 { fill: #cbd2d9 } .o0 { fill: #0f766e } .o1 { fill: #5eb5ac }
@media (prefers-color-scheme: dark) {
text { fill: #e4e7eb } .small { fill: #9aa5b1 } .back { fill: #14191f }
.b0 { fill: #7b8794 } .b1 { fill: #4b5764 } .o0 { fill: #2dd4bf } .o1 { fill: #17857a }
}"""

Measure: TypeAlias = Callable[[Run, str, str], float]


def _percent(aspect: str, *, forgotten: bool = False) -> Measure:
    return lambda run, loop, tool: 100 * run.part(loop, tool, aspect, forgotten=forgotten)


@dataclass(frozen=True, slots=True)
class Panel:
    """One set of bars: its title, what it shows, how many decimals, and where the bars end (None: at the longest)."""

    title: str
    measure: Measure
    decimals: int = 0
    full: float | None = 100.0


PANELS = (
    Panel("Stalls whose line is named, % (more is better)", _percent("line")),
    Panel("Stalls whose route is named, % (more is better)", _percent("route")),
    Panel("Forgotten awaits reported with their route, % (more is better)", _percent("route", forgotten=True)),
    Panel("Cases in which an innocent is blamed, % (less is better)", lambda *at: 100 * Run.blaming(*at), 1),
    Panel("Stalls reported at all, % (more is better)", _percent("detected")),
    Panel("Requests a second, as a part of those without (more is better)", Run.kept, 2, None),
)


def picture(run: Run) -> str:
    """Draw what a run came to."""
    tall = HEAD + ROW * len(run.tools) + GAP
    foot = TOP + tall * math.ceil(len(PANELS) / 2)
    height = foot + 2 * ROW
    where = run.machine
    passes = ", ".join(f"{who} {count}" for who, count in run.repeats.items())
    warning = " QUICK: no figures to rely on." if run.quick else ""
    note = f"Passes: {passes}. Cost: medians of {run.rate_repeats}. –: can't be said, or was not measured.{warning}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
        f"<title>{HEADING}</title><style>{STYLE}\n</style>",
        f'<rect class="back" width="{WIDTH}" height="{height}" rx="8"/>',
        _text(MARGIN, 34, HEADING, "title"),
        *_legend(run.loops),
    ]
    for place, panel in enumerate(PANELS):
        left, top = MARGIN + place % 2 * (PANEL + GAP), TOP + place // 2 * tall
        parts.append(_text(left, top + HEAD - 26, panel.title, "panel"))
        parts += _bars(run, panel, left, top + HEAD - 12)
    parts += [
        _text(MARGIN, foot + 8, note, "small"),
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


def _bars(run: Run, panel: Panel, left: int, top: int) -> Iterator[str]:
    figures = {tool: [panel.measure(run, loop, tool) for loop in run.loops] for tool in run.tools}
    known = [value for values in figures.values() for value in values if math.isfinite(value)]
    most = panel.full or max(known, default=1.0) or 1.0
    for place, (tool, values) in enumerate(figures.items()):
        y = top + place * ROW
        ours = tool == OURS
        yield _text(left, y + BAR + 4, tool, "ours" if ours else "")
        for which, value in enumerate(values):
            measured = math.isfinite(value)
            width = value / most * (PANEL - NAME - FIGURE) if measured else 0.0
            at = y + which * (BAR + 1)
            kind = f"{'o' if ours else 'b'}{which}"
            if measured:
                yield f'<rect class="{kind}" x="{left + NAME}" y="{at}" width="{max(width, 1):.1f}" height="{BAR}"/>'
            figure = f"{value:,.{panel.decimals}f}" if measured else "–"
            yield _text(left + NAME + width + 4, at + BAR - 1, figure, "figure")


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    described = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y}"{described}>{escape(text)}</text>'
