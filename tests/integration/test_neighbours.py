"""The worker processes of a service tell each other of themselves, in a folder that nobody else may look into."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from loopline import ConfigurationError, ThreadLane, _opened
from loopline.processes import FOLDER_VARIABLE, Neighbours, Room
from loopline.processes.snapshot import UNKNOWN, Teller

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "room"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    monkeypatch.setattr("loopline.processes.neighbours.PATIENCE", 30.0)  # seconds: a slow machine decides nothing here
    return folder


@asynccontextmanager
async def neighbour(folder: Path, answer: bytes | None) -> AsyncIterator[Room]:
    """A process that answers with something, or not at all."""
    room = Room(folder)
    over = asyncio.Event()

    async def tell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer is None:
            await over.wait()
        else:
            writer.write(answer)
        writer.close()

    async with await asyncio.start_unix_server(tell, room.socket(room.place)):
        yield room
        over.set()
    room.leave()


async def test_a_process_alone_knows_of_itself(folder: Path) -> None:
    async with Neighbours() as one:
        (alone,) = await one.ask()
    assert alone.told["pid"] == os.getpid()
    assert not folder.exists(), "who leaves last removes the folder"


async def test_before_it_is_entered_and_after_it_knows_of_itself_alone(folder: Path) -> None:
    one = Neighbours()
    async with Neighbours():
        assert len(await one.ask()) == 1
        async with one, one:
            assert len(await one.ask()) == 2
        assert len(await one.ask()) == 1


async def test_what_is_told_is_the_same_that_a_process_knows_of_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of what other tests have opened, and the one that watches them, things may change between the two answers.
    for kind in ("lanes", "databases", "watchers"):
        monkeypatch.setattr(_opened, kind, _opened.Opened())
    monkeypatch.setattr("loopline.durations.monotonic", lambda: 1.0)
    async with ThreadLane("mine") as lane, Neighbours() as one, Neighbours() as other:
        await lane.run(os.getpid)
        here, there = await one.ask()
        assert [here.place, there.place] == [0, 1]
        assert {name for name in here.told if here.told[name] != there.told[name]} <= {"clock"}
        assert [lane["name"] for lane in there.told["lanes"]] == ["mine"]
        assert [one.place for one in await other.ask()] == [0, 1]


async def test_a_place_is_free_again_when_its_process_is_gone(folder: Path) -> None:
    first, second = Room(folder), Room(folder)
    assert (first.place, second.place) == (0, 1)
    first.leave()
    third = Room(folder)
    assert third.place == 0
    third.leave()
    second.leave()
    assert not folder.exists()


async def test_what_a_killed_process_has_left_is_in_nobody_s_way(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    for name in ("0.lock", "0.sock", "3.sock"):
        (folder / name).touch()
    async with Neighbours() as one:
        (alone,) = await one.ask()
        assert alone.place == 0
    assert not folder.exists()


@pytest.mark.parametrize(
    "answer",
    [b"", b"\n", b"{}\n", b"[1]\n", b"{", b"\xff\xff\n", b'{"pid": 1}\n', b"x" * 5_000_000, b"x" * 5_000_000 + b"\n"],
    ids=range(9),
)
async def test_nonsense_is_taken_for_no_answer(folder: Path, answer: bytes) -> None:
    async with Neighbours() as one, neighbour(folder, answer):
        _, other = await one.ask()
    assert other.silent > 0
    assert other.told is UNKNOWN


async def test_a_process_that_does_not_answer_is_shown_with_what_it_last_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Teller().tell() | {"pid": 4711}
    async with Neighbours() as one:
        async with neighbour(folder, json.dumps(told).encode() + b"\n"):
            _, other = await one.ask()
            assert other.silent == 0
        monkeypatch.setattr("loopline.processes.neighbours.PATIENCE", 0.1)
        async with neighbour(folder, None):
            _, other = await one.ask()
            assert (other.silent > 0, other.told["pid"]) == (True, 4711)
            _, later = await one.ask()
            assert later.silent > other.silent
        assert len(await one.ask()) == 1, "now it is gone"


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
async def test_a_folder_that_others_may_look_into_is_not_used(folder: Path, mode: int, caplog: Any) -> None:
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(ConfigurationError, match="yours alone"):
        Room(folder)
    async with Neighbours() as one:
        assert len(await one.ask()) == 1
    assert "shown alone" in caplog.text


async def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """As of another user who has foreseen the folder's name."""
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="yours alone"):
        Room(folder)
    assert list((tmp_path / "elsewhere").iterdir()) == []


async def test_the_places_and_the_path_have_a_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopline.processes.room.PLACES", 2)
    rooms = [Room(folder), Room(folder)]
    with pytest.raises(ConfigurationError, match="all are taken"):
        Room(folder)
    for room in rooms:
        room.leave()
    with pytest.raises(ConfigurationError, match="TMPDIR"):
        Room(folder.with_name("x" * 100))
