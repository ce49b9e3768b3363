"""Every code block of the READMEs is executed as it stands there, in a fresh copy of the project."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
from ports import free_port
from waiting import wait_until

PROJECT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVERS = ("make run", "uvicorn ")


def blocks(page: str) -> list[tuple[str, str]]:
    return BLOCK.findall((PROJECT / page).read_text(encoding="utf-8"))


def test_the_chinese_readme_has_the_same_code_and_the_same_picture() -> None:
    assert blocks("README.zh-CN.md") == blocks("README.md")
    pictures = [
        re.findall(r"\]\((docs/\S+\.png)\)", (PROJECT / p).read_text()) for p in ("README.md", "README.zh-CN.md")
    ]
    assert pictures[0] == pictures[1]
    assert all((PROJECT / picture).is_file() for picture in pictures[0])


def test_every_block_of_the_readme_does_what_it_says(clean_copy: Path, tmp_path: Path) -> None:
    """A python block becomes the file that its first line names. A shell line that starts a server must come to answer
    on its port, and serves the lines that follow until the next server; every other line must exit with 0."""
    port = str(free_port())
    environment = {
        **os.environ,
        "PATH": f"{clean_copy}/.venv/bin:{os.environ['PATH']}",
        "PORT": port,
        "UVICORN_PORT": port,
        "PIP_CACHE_DIR": str(tmp_path),
    }
    answers: list[str] = []
    with ExitStack() as stack:
        for language, code in blocks("README.md"):
            if language == "python":
                name = re.match(r"# (\w+\.py)\n", code)
                assert name, "a python block says which file it is"
                (clean_copy / name[1]).write_text(code)
                continue
            assert language == "sh"
            for line in code.splitlines():
                command = line.replace("localhost:8000", f"localhost:{port}")
                if line.startswith(SERVERS):
                    stack.close()
                    stack.enter_context(serving(command, clean_copy, environment, port))
                else:
                    done = subprocess.run(
                        command, shell=True, cwd=clean_copy, env=environment, capture_output=True, text=True
                    )
                    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
                    answers.append(done.stdout)
    assert answers[-3:] == [
        "1",
        '"f279af8e4b76c0c16267cfc7de6b466334aea0223bf046469aa0397388ba98d1"',
        '"nobody waited for me"',
    ]


@contextmanager
def serving(command: str, folder: Path, environment: dict[str, str], port: str) -> Iterator[None]:
    log, http = folder / "server.log", httpx2.Client(base_url=f"http://localhost:{port}", timeout=60)
    with log.open("w") as output:
        process = subprocess.Popen(
            command, shell=True, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_until(lambda: answers(http) or process.poll() is not None, limit=300)
        assert process.poll() is None, f"{command}\n{log.read_text()}"
        yield
    finally:
        os.killpg(process.pid, 15)
        process.wait(60)
        wait_until(lambda: not answers(http))
        http.close()


def answers(http: httpx2.Client) -> bool:
    try:
        return http.get("/openapi.json").status_code == 200
    except httpx2.TransportError:
        return False
