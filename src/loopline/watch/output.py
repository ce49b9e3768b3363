"""Where findings are told: the log, the terminal, a file of JSON lines."""

from __future__ import annotations

import json
import linecache
import logging
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from loopline.errors import ConfigurationError
from loopline.watch.finding import Finding, Place
from loopline.watch.report import Group

__all__ = ["Output", "is_terminal", "sentence"]

logger = logging.getLogger("loopline.watch")


class Output:
    """Tells of findings in the log or on the terminal: at first each time, then ever more rarely.

    Args:
        report: A file to which a line of JSON is appended for each; several processes may share it. None for none.
        terminal: Whether to tell on the terminal, for a reader, instead of in the log.

    Raises:
        ConfigurationError: If the file can't be written.
    """

    def __init__(self, report: Path | None, *, terminal: bool) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True) if terminal else None
        self._report = report
        try:
            self._append(b"")
        except OSError as error:
            raise ConfigurationError(f"the report can't be written: {error}") from error

    def tell(self, finding: Finding, group: Group | None) -> None:
        """Tell of one.

        Args:
            finding: What was found.
            group: All of its kind so far; None if there are too many different ones.
        """
        try:
            self._append(json.dumps(finding.as_json()).encode() + b"\n")
        except OSError as error:
            logger.warning("the report can't be written: %s", error)
        times = 1 if group is None else group.count
        if times & (times - 1) and not finding.ongoing:
            return  # it is told of the 1st, 2nd, 4th, 8th … time
        if self._console is not None:
            self._console.print(_picture(finding, times))
        else:
            logger.warning("%s%s", sentence(finding), _often(times), extra={"loopline": finding.as_json()})

    def _append(self, line: bytes) -> None:
        if self._report is not None:
            with self._report.open("ab", buffering=0) as file:  # one write: lines of several processes don't mix
                file.write(line)


def sentence(finding: Finding) -> str:
    """Say in one line what was found."""
    where = "" if finding.place is None else f" at {_shown(finding.place)}"
    route = "" if finding.route is None else f" by {finding.route}"
    if finding.kind == "forgotten-await":
        return f"forgotten await: {finding.call}(…){where}{route}. {finding.advice}"
    still = "has been blocked for" if finding.ongoing else "was blocked for"
    why = _KINDS[finding.kind] + (f" ({finding.call})" if finding.call else "")
    return f"the event loop {still} {finding.seconds * 1000:.0f} ms{route}{where}: {why}. {finding.advice}"


_KINDS = {
    "blocking": "a call that waits",
    "cpu": "it computes",
    "gil": "a call that holds the GIL",
    "callbacks": "many short steps in a row",
    "gc": "garbage collection",
    "import": "a module is imported at its first use",
    "no-cpu": "this process had no processor",
}


def _picture(finding: Finding, times: int) -> Text:
    text = Text()
    if finding.kind == "forgotten-await":
        text.append("▲ forgotten await ", "bold magenta").append(f"{finding.call}(…)", "bold")
    else:
        style = "dim" if finding.kind == "no-cpu" else "bold red"
        text.append(f"▲ blocked {finding.seconds * 1000:.0f} ms ", style).append(_KINDS[finding.kind], "bold")
        if finding.call:
            text.append(f": {finding.call}")
    if finding.route is not None:
        text.append(f"   {finding.route}", "cyan")
    text.append(_often(times), "dim")
    for step in finding.chain or ([finding.place] if finding.place is not None else []):
        text.append(f"\n    {_shown(step)}  ", "dim")
        source = linecache.getline(step.file, step.line).strip()
        text.append(source, "bold" if step == finding.place else "dim")
    text.append(f"\n    → {finding.advice}", "green")
    return text


def _shown(place: Place) -> str:
    file = Path(place.file)
    if file.is_absolute() and file.is_relative_to(Path.cwd()):
        file = file.relative_to(Path.cwd())
    return f"{file}:{place.line} {place.function}"


def _often(times: int) -> str:
    return "" if times == 1 else f"  ({times} times so far)"


def is_terminal() -> bool:
    """Whether somebody reads along."""
    return sys.stderr.isatty()
