"""A call on its way through a worker process: what is sent, and what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loopline.errors import ConfigurationError, RemoteError, WorkerLost
from loopline.lanes import _wire as wire
from loopline.lanes._callable import innermost, name_of

if TYPE_CHECKING:
    from loopline.lanes._process_worker import Worker

__all__ = ["Call", "noted", "outcome", "pack"]


@dataclass(slots=True, eq=False)
class Call:
    """A call on its way through a worker; for the gate it is a place.

    Attributes:
        body: Its pickle.
        owned: How many of the buffers the pickle owns.
        buffers: What travels beside the pickle.
        done: What the caller waits for: the kind of the worker's frame, and what it held.
        give: Gives it to a worker, once it may run.
        kind: What its frame says: CALL, or STREAM.
        arrived: Is given what each item of a stream held.
        stopped: Whether nobody wants the items of a stream any more.
        number: What its frames carry, once it has a worker.
        worker: The worker that runs it.
        attempts: How many workers it was given to.
    """

    body: bytes
    owned: int
    buffers: list[memoryview]
    done: asyncio.Future[tuple[int, Any]]
    give: Callable[[Call], None]
    kind: int = wire.CALL
    arrived: Callable[[Any], None] | None = None
    stopped: bool = False
    number: int = 0
    worker: Worker | None = None
    attempts: int = 0
    since: float = 0.0
    abandoned: bool = False
    left: bool = False

    def begin(self) -> bool:
        """Take its turn; see ``Place``."""
        if self.done.done():
            return False  # cancelled, and its caller not awake yet to take it out of the line
        self.give(self)
        return True

    def refuse(self, error: Exception) -> None:
        """End it with an error, unless it has ended."""
        if not self.done.done():
            self.done.set_exception(error)


def pack(
    fn: Callable[..., Any], args: Sequence[Any], context: tuple[tuple[Any, Any], ...]
) -> tuple[bytes, int, list[memoryview]]:
    """Pickle a call with the values of context variables, each beside what the worker knows it by; see ``wire.pack``.

    Raises:
        ConfigurationError: If it can't be sent.
    """
    try:
        packed = wire.pack((fn, context), args)
    except wire.TooLarge as error:
        raise ConfigurationError(
            f"the arguments of {name_of(fn)} are too large ({error}, and {wire.MOST:,} can be carried): "
            "write them to a file and send its path"
        ) from None
    except Exception as error:
        raise ConfigurationError(
            f"{name_of(fn)} and its arguments can't be sent to a worker: {error}. Define the function "
            "at the top of an importable module, and give it plain data."
        ) from error
    if getattr(innermost(fn), "__module__", None) == "__main__":
        raise ConfigurationError(
            f"{name_of(fn)} is defined in the program that was started (__main__), which a worker does not import: "
            "move it to a module"
        )
    return packed


def outcome(fn: Callable[..., Any], kind: int, content: Any) -> Any:
    """Return what a call returned, or raise what it came to.

    Args:
        fn: The function, for messages.
        kind: What the worker's last frame said.
        content: What it held, or why that can't be read.
    """
    if isinstance(content, Exception):
        raise noted(fn, content)
    if kind == wire.VALUE:
        return content[1][0]
    if kind == wire.EXITED:
        raise WorkerLost(f"{name_of(fn)} raised SystemExit: {content}")
    if kind == wire.REFUSED:
        raise ConfigurationError(f"{name_of(fn)}: {content}")
    told, (error,) = content
    if error is None:
        raise RemoteError(f"{name_of(fn)} failed in the worker:\n{told}")
    if not isinstance(error, Exception):  # raised on the loop it would end the server
        raise WorkerLost(f"{name_of(fn)} raised {type(error).__name__}: {error}")
    error.add_note(f"In the worker:\n{told}")
    raise error


def noted(fn: Callable[..., Any], error: Exception) -> Exception:
    """Say of an error that it arose here, while something of the function's was read."""
    error.add_note(f"It arose while what {name_of(fn)} returned or raised was read: its classes must be importable.")
    return error
