"""A small service under ``loopline run``, for those who look at its dashboard."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waiting import wait_until

__all__ = ["running_service"]


@contextmanager
def running_service(folder: Path, application: str, token: str, *, port: int = 0) -> Iterator[str]:
    """Run an application until the block ends; give its address.

    Args:
        folder: Where its module is written.
        application: The text of the module, which has an ``app``.
        token: The dashboard's.
        port: Where it listens; 0 takes a free one.
    """
    (folder / "shop.py").write_text(textwrap.dedent(application))
    log = folder / "log"
    command = [str(Path(sys.executable).with_name("loopline")), "run", "shop:app", "--port", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"LOOPLINE_DASHBOARD_TOKEN": token},
        )
    try:
        wait_until(lambda: "running on" in log.read_text() or process.poll() is not None)
        found = re.search(r"running on (http://\S+)", log.read_text())
        assert found, log.read_text()
        yield found[1]
    finally:
        process.terminate()
        process.wait(60)
