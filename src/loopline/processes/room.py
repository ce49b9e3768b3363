"""A private folder that the worker processes of one service share: each has a numbered place in it."""

from __future__ import annotations

import multiprocessing
import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from loopline.errors import ConfigurationError

if sys.platform != "win32":
    import fcntl

__all__ = ["FOLDER_VARIABLE", "PLACES", "Room"]

FOLDER_VARIABLE = "LOOPLINE_PROCESSES"  # the folder; `loopline run` makes it before the workers start
PLACES = 64  # processes of one service
LONGEST = 100  # bytes of a Unix socket's path, with some to spare


class Room:
    """A folder that only this user may look into, and a place in it.

    A place is a number, held by a lock that ends with the process, however that ends: the next process takes the
    lowest that is free, so that numbers stay small and a process that replaces another has its number.

    Args:
        folder: The folder.

    Attributes:
        folder: The same.
        place: The number.

    Raises:
        ConfigurationError: If the folder belongs to somebody else, others may look into it, or it is full.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise ConfigurationError(f"{folder} must be a folder that is yours alone: remove it, or set another")
        if len(os.fsencode(self.socket(PLACES))) > LONGEST:
            raise ConfigurationError(f"the path {folder} is too long for a socket: set TMPDIR to a shorter one")
        for place in range(PLACES):
            if (lock := self._lock_of(place)) is not None:
                self.place, self._lock = place, lock
                return
        raise ConfigurationError(f"{folder} has places for {PLACES} processes, and all are taken")

    @staticmethod
    def shared() -> Path | None:
        """Return the folder that this process shares with others of its service; None if it is not known to."""
        if sys.platform == "win32":  # it has neither such locks nor such sockets
            return None
        if given := os.environ.get(FOLDER_VARIABLE):
            return Path(given)
        if multiprocessing.parent_process() is None:
            return None
        # Started by a server that has several processes: all have the same parent.
        return Path(tempfile.gettempdir()) / f"loopline-{os.getuid()}-{os.getppid()}"

    def socket(self, place: int) -> Path:
        """Return where the process at a place listens."""
        return self.folder / f"{place}.sock"

    def others(self) -> list[int]:
        """Return the places at which others may be."""
        names = os.listdir(self.folder)
        found = [int(name[:-5]) for name in names if name.endswith(".sock") and name[:-5].isdecimal()]
        return sorted(place for place in found if place != self.place and place < PLACES)

    def leave(self) -> None:
        """Give the place back; who leaves last removes the folder."""
        for place in self.others():
            if (lock := self._lock_of(place)) is not None:  # of a process that was killed
                self._remove(place, lock)
        self._remove(self.place, self._lock)
        with suppress(OSError):  # others are still there
            self.folder.rmdir()

    def _lock_of(self, place: int) -> int | None:
        """Take the lock of a place; None if somebody has it."""
        path = self.folder / f"{place}.lock"
        while True:
            lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(lock), os.stat(path)):
                    return lock
            except BlockingIOError:
                os.close(lock)
                return None
            except FileNotFoundError:
                pass
            os.close(lock)  # whoever had it has removed it meanwhile: it is nobody's any more

    def _remove(self, place: int, lock: int) -> None:
        for file in (self.socket(place), self.folder / f"{place}.lock"):
            file.unlink(missing_ok=True)
        os.close(lock)
