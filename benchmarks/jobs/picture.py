"""The report as a picture: an SVG of bars, written by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from benchmarks.jobs.registry import CONTENDERS, Entry, missing
from benchmarks.jobs.results import Run
from benchmarks.jobs.targets import SHORT

__all__ = ["picture"]

WIDTH, PANEL, GAP, MARGIN, TOP = 960, 448, 16, 24, 56  # pixels
NAME, FIGURE = 178, 56  # pixels: the columns of names and of figures
BAR, ROW, HEAD = 12, 20, 34  # pixels: the heights of a bar, of a row, and of what is above the rows

HEADING = "Loopline's jobs and other durable job queues"

STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2933 }
.title { font-size: 17px; font-weight: 600 } .panel { font-weight: 600 } .small { font-size: 11px; fill: #616e7c }
.ours { font-weight: 600 } .back { fill: #fff } .figure { font-size: 10px }
.theirs-bar { fill: #9aa5b1 } .weak-bar { fill: #d5dae0 } .ours-bar { fill: #0f766e }
@media (prefers-color-scheme: dark) {
text { fill: #e4e7eb } .small { fill: #9aa5b1 } .back { fill: #14191f }
.theirs-bar { fill: #7b8794 } .weak-bar { fill: #4b5764 } .ours-bar { fill: #2dd4bf }
}"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One set of bars.

    Attributes:
        title: What it shows.
        measure: The measure.
        variant: Its variant.
        key: The figure.
        decimals: How many it is written with.
    """

    title: str
    measure: str
    variant: str
    key: str
    decimals: int = 0


PANELS = (
    Panel("Worked off by 1 process, jobs/s (more is better)", "drain", "1", "jobs_per_s"),
    Panel("Worked off by 3 processes, jobs/s (more is better)", "drain", "3", "jobs_per_s"),
    Panel("One enqueue, p50 in ms (less is better)", "enqueue", "", "enqueue_p50_ms", 2),
    Panel(
        "Commit to start in another process, p50 in ms (less is better)",
        "latency",
        "another process",
        "start_p50_ms",
        2,
    ),
)


def picture(run: Run) -> str:
    """Draw the medians."""
    entries = [entry for entry in CONTENDERS if not missing(entry)]
    tall = HEAD + ROW * len(entries) + GAP
    foot = TOP + tall * math.ceil(len(PANELS) / 2)
    height = foot + 54
    where = run.machine
    warning = ", QUICK: no figures to rely on" if run.quick else ""
    note = "A store that loses what it has answered is pale (Redis, appendfsync everysec)."
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
        f"<title>{HEADING}</title><style>{STYLE}\n</style>",
        f'<rect class="back" width="{WIDTH}" height="{height}" rx="8"/>',
        _text(MARGIN, 34, HEADING, "title"),
    ]
    for place, panel in enumerate(PANELS):
        parts += _panel(run, panel, entries, MARGIN + place % 2 * (PANEL + GAP), TOP + place // 2 * tall)
    parts += [
        _text(MARGIN, foot + 14, f"Medians of {run.repeats} repeats of one interleaved run{warning}. {note}", "small"),
        _text(MARGIN, foot + 32, f"{where['processor']}, {where['cores']} cores, {where['python']}", "small"),
        "</svg>",
    ]
    return "\n".join(parts)


def _panel(run: Run, panel: Panel, entries: list[Entry], left: int, top: int) -> Iterator[str]:
    figures = [run.median(panel.measure, entry, panel.variant, panel.key) for entry in entries]
    most = max((value for value in figures if math.isfinite(value)), default=1.0)
    yield _text(left, top + HEAD - 14, panel.title, "panel")
    for place, (entry, value) in enumerate(zip(entries, figures, strict=True)):
        y = top + HEAD + place * ROW
        kind = "ours" if entry.ours else "theirs" if entry.durable else "weak"
        width = value / most * (PANEL - NAME - FIGURE) if math.isfinite(value) else 0
        figure = f"{value:,.{panel.decimals}f}" if math.isfinite(value) else "–"
        yield _text(left, y + BAR - 2, f"{entry.name}, {SHORT[entry.kind]}", "ours" if entry.ours else "")
        yield f'<rect class="{kind}-bar" x="{left + NAME}" y="{y}" width="{max(width, 1):.1f}" height="{BAR}"/>'
        yield _text(left + NAME + width + 4, y + BAR - 2, figure, "figure")


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    described = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{described}>{escape(text)}</text>'
