"""ProcessLane: CPU work in worker processes, driven by the event loop itself."""

from __future__ import annotations

import asyncio
import functools
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextvars import ContextVar
from importlib import import_module
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread

from loopline._finish import finish_first
from loopline.errors import ConfigurationError, LaneTimeout, RemoteError, WorkerLost
from loopline.lanes import _wire as wire
from loopline.lanes._callable import check_callable, name_of
from loopline.lanes._deadline import choose_timeout
from loopline.lanes._gate import Gate, Place
from loopline.lanes._map import map_over
from loopline.lanes._offload import offload_to
from loopline.lanes._process_worker import Call, Spawner, Worker, how_it_ended, settings_of
from loopline.lanes.lane import LaneStatistics

__all__ = ["ProcessLane"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

ENDINGS = 3  # workers in a row that end before they are ready, until the calls that wait are told
LONGEST_PAUSE = 5.0  # seconds between two attempts to start a worker that does not
GOODBYE = 2.0  # seconds that a worker may take to end by itself
ATTEMPTS = 5  # workers that a call is given to, if each is lost before it begins

_UNSET = object()
_AGAIN = 0  # beside the kinds of frames: the worker was lost before it had begun


class ProcessLane:
    """Runs functions in worker processes: CPU work, and whatever must be stopped for certain.

    A call that is given up, at its timeout or because its caller was cancelled, ends with its process: the CPU is
    free at once, and a spare worker takes the place. If a worker dies, the call that it ran fails with WorkerLost,
    which says how; every other call goes on. Workers end with the process that started them, even when that is
    killed. They are new interpreters, never forks of the application, and are started by a thread.

    Functions, arguments, results and errors are pickled: define functions at the top of an importable module.
    ``bytes``, ``bytearray``, ``memoryview`` and NumPy arrays travel in shared memory. What logs in a worker, logs here.
    Needs Unix; where the system does not tell of a parent's end (macOS), a busy worker outlives a killed parent
    until its call ends.

    Args:
        workers: How many calls run at once. One more process is kept as a spare.
        name: What messages and statistics call it.
        preload: Modules that a worker imports before its first call.
        initializer: Called in each worker before its first call; picklable.
        context: Context variables whose values come along with a call, as ``"module:variable"``.
        max_queue: How many more calls may wait; the next is refused with LaneFull.
        timeout: Seconds that a call may take, waiting included, unless it says otherwise; None is no bound.
        max_calls_per_worker: Calls after which a worker is replaced; None is no bound.
        max_memory_per_worker: Bytes. A worker that has needed more is replaced after the call; one that asks for
            twice as much during a call gets a MemoryError. None is no bound.
        nice: By how much the workers step back behind the event loop, 0 to 19. Above 0 they are also scheduled as
            batch work, where the system knows that.

    Raises:
        ConfigurationError: If something given can't work.
    """

    def __init__(
        self,
        workers: int = 2,
        *,
        name: str = "process",
        preload: Sequence[str] = (),
        initializer: Callable[[], object] | None = None,
        context: Sequence[str] = (),
        max_queue: int = 100,
        timeout: float | None = None,
        max_calls_per_worker: int | None = None,
        max_memory_per_worker: int | None = None,
        nice: int = 10,
    ) -> None:
        if sys.platform == "win32":
            raise ConfigurationError("ProcessLane needs Unix. On Windows use ExecutorLane with a ProcessPoolExecutor.")
        if isinstance(preload, str) or isinstance(context, str):
            raise ConfigurationError(f"lane {name!r}: give preload and context as lists of names")
        if not 0 <= nice <= 19:
            raise ConfigurationError(f"lane {name!r}: nice must be 0 to 19, not {nice}")
        for option, value in (("calls", max_calls_per_worker), ("memory", max_memory_per_worker)):
            if value is not None and value < 1:
                raise ConfigurationError(f"lane {name!r}: max_{option}_per_worker must be at least 1, not {value}")
        self._gate = Gate(name, workers, max_queue)
        self._timeout = choose_timeout(None, timeout)
        self._max_calls = max_calls_per_worker
        self._context = tuple(_split(name, where) for where in context)
        self._variables: list[ContextVar[Any]] = []
        self._settings = functools.partial(
            settings_of,
            preload=tuple(preload),
            initializer=initializer,
            context=self._context,
            nice=nice,
            memory=max_memory_per_worker,
        )
        try:
            self._settings()
        except Exception as error:
            raise ConfigurationError(f"lane {name!r}: the initializer can't be sent to a worker: {error}") from error
        self._number = 0
        self._spawner: Spawner | None = None
        self._starting = 0
        self._workers: set[Worker] = set()
        self._leaving: set[Worker] = set()
        self._idle: list[Worker] = []
        self._asking: deque[asyncio.Future[Worker]] = deque()
        self._endings = 0
        self._why = ""
        self._changed = asyncio.Event()

    @property
    def name(self) -> str:
        """The lane's name."""
        return self._gate.name

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the workers, the spare one included."""
        return tuple(worker.process.pid for worker in self._workers)

    async def run(self, fn: Callable[[*Ts], R], *args: *Ts, timeout: float | None = None) -> R:
        """Run ``fn(*args)`` in a worker process; see ``Lane.run``.

        Raises:
            WorkerLost: If the process that ran it ended.
            RemoteError: If the function raised an error that can't be brought back.
        """
        check_callable(fn)
        timeout = choose_timeout(timeout, self._timeout)
        gate = self._gate
        place: Place | None = None
        packed = self._pack(fn, args)
        try:
            async with asyncio.timeout(timeout) as deadline:
                place = await gate.enter()
                try:
                    result: R = await self._in_worker(fn, packed)
                finally:
                    gate.leave(place, asyncio.get_running_loop().time())
        except asyncio.CancelledError:
            gate.cancelled += 1
            raise
        except BaseException as error:
            if isinstance(error, TimeoutError) and deadline.expired():
                gate.timed_out += 1
                what = "was still waiting for a place" if place is None else "was stopped"
                raise LaneTimeout(f"Lane {self.name!r}: the call had {timeout:g} s and {what}.") from None
            if place is not None:
                gate.failed += 1
            raise
        gate.completed += 1
        return result

    def _pack(self, fn: Callable[..., Any], args: Sequence[Any]) -> tuple[bytes, int, list[memoryview]]:
        values = [variable.get(_UNSET) for variable in self._variables]
        try:
            packed = wire.pack((fn, [(False, None) if value is _UNSET else (True, value) for value in values]), args)
        except wire.TooLarge as error:
            raise ConfigurationError(
                f"the arguments of {name_of(fn)} are too large ({error}, and {wire.MOST:,} can be carried): "
                "write them to a file and send its path"
            ) from None
        except Exception as error:
            raise ConfigurationError(
                f"{name_of(fn)} and its arguments can't be sent to a worker process: {error}. Define the function "
                "at the top of an importable module, and give it plain data."
            ) from error
        if getattr(_innermost(fn), "__module__", None) == "__main__":
            raise ConfigurationError(
                f"{name_of(fn)} is defined in the program that was started (__main__), which a worker does not import: "
                "move it to a module"
            )
        return packed

    async def _in_worker(self, fn: Callable[..., Any], packed: tuple[bytes, int, list[memoryview]]) -> Any:
        loop = asyncio.get_running_loop()
        for _ in range(ATTEMPTS):
            worker = self._idle.pop() if self._idle else await self._next_idle()
            if worker not in self._workers:
                continue
            self._number = self._number % 0xFFFFFFFF + 1
            call = Call(self._number, loop.create_future())
            worker.give(call, *packed)
            try:
                kind, content = await call.done
            except asyncio.CancelledError:
                if worker.call is call:  # else it has ended, and the worker may run another's by now
                    worker.kill()
                raise
            if kind != _AGAIN:
                return _outcome(fn, kind, content)
        raise WorkerLost(f"lane {self.name!r}: {ATTEMPTS} workers were lost before they began {name_of(fn)}")

    async def map(
        self,
        fn: Callable[[T], R],
        items: Iterable[T],
        *,
        limit: int | None = None,
        timeout: float | None = None,
        chunk: int = 1,
    ) -> list[R]:
        """Run ``fn(item)`` for each item; see ``Lane.map``."""
        return await map_over(
            self, fn, items, limit=self._gate.size if limit is None else limit, timeout=timeout, chunk=chunk
        )

    def offload(self, fn: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
        """Make a ``def`` an ``async def`` that runs in the lane; see ``Lane.offload``."""
        return offload_to(self, fn)

    def statistics(self) -> LaneStatistics:
        """Return what the lane is doing and has done."""
        return self._gate.statistics()

    async def aclose(self) -> None:
        """Refuse new calls, wait for those that run, end the workers. Cut short, it kills them."""
        self._gate.close()
        try:
            await self._gate.drained()
        finally:
            await finish_first(self._end_workers())

    async def __aenter__(self) -> Self:
        """Start the workers and wait until they can take calls.

        Raises:
            ConfigurationError: If a worker can't start: an import of ``preload`` or the initializer failed.
        """
        if self._spawner is not None:
            raise ConfigurationError(f"lane {self.name!r} has started already: one `async with` at a time")
        self._variables = [_find(self.name, *where) for where in self._context]
        gate = self._gate
        self._gate = Gate(gate.name, gate.size, gate.max_queue, open=True)
        self._endings = 0
        self._spawner = Spawner(asyncio.get_running_loop(), self._spawned)
        self._fill()
        try:
            while len(self._idle) < self._gate.size:
                if self._endings:
                    raise ConfigurationError(f"lane {self.name!r}: a worker can't start: {self._why}")
                self._changed.clear()
                await self._changed.wait()
        except BaseException:
            self._gate.close()
            await finish_first(self._end_workers())
            raise
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the lane."""
        await self.aclose()

    def _fill(self) -> None:
        while self._gate.open and self._spawner and len(self._workers) + self._starting <= self._gate.size:
            self._starting += 1
            self._spawner.ask()

    def _spawned(
        self, process: subprocess.Popen[bytes] | OSError, line: socket.socket, inbound: int, outbound: int
    ) -> None:
        self._starting -= 1
        if isinstance(process, OSError):
            line.close()
            os.close(inbound)
            os.close(outbound)
            self._not_started(f"no process could be started: {process}")
            return
        worker = Worker(
            process, line, wire.Arena(inbound), wire.Arena(outbound), self._ended, self._offer, self._has_ended_a_call
        )
        self._workers.add(worker)
        worker.attach(asyncio.get_running_loop(), self._settings())
        if not self._gate.open:
            worker.kill()

    def _offer(self, worker: Worker) -> None:
        self._endings = 0
        while self._asking:
            asking = self._asking.popleft()
            if not asking.done():
                asking.set_result(worker)
                return
        self._idle.append(worker)
        self._changed.set()

    async def _next_idle(self) -> Worker:
        asking: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
        self._asking.append(asking)
        if self._endings >= ENDINGS:
            self._tell_asking()
        try:
            return await asking
        except asyncio.CancelledError:
            if asking.done() and not asking.cancelled() and asking.exception() is None:
                self._offer(asking.result())
            raise

    def _has_ended_a_call(self, worker: Worker) -> None:
        if worker.calls == self._max_calls or worker.outbound.full:
            self._workers.discard(worker)
            self._leaving.add(worker)
            worker.dismiss()
            asyncio.get_running_loop().call_later(GOODBYE, _kill_those_left, (worker,))
            self._fill()
        else:
            self._offer(worker)

    def _ended(self, worker: Worker) -> None:
        self._workers.discard(worker)
        self._leaving.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        if (call := worker.call) is not None and not call.done.done():
            if worker.has_begun(call):
                call.done.set_exception(WorkerLost(f"the worker process that ran the call {how_it_ended(worker)}"))
            else:
                call.done.set_result((_AGAIN, None))
        if worker.is_ready:
            self._fill()
        elif self._gate.open:
            self._not_started(worker.why or f"it {how_it_ended(worker)}")
        self._changed.set()

    def _not_started(self, why: str) -> None:
        self._endings += 1
        self._why = why
        if self._endings >= ENDINGS:
            self._tell_asking()
        asyncio.get_running_loop().call_later(min(0.1 * 2**self._endings, LONGEST_PAUSE), self._fill)
        self._changed.set()

    def _tell_asking(self) -> None:
        while self._asking:
            asking = self._asking.popleft()
            if not asking.done():
                asking.set_exception(WorkerLost(f"lane {self.name!r} has no worker: none can start: {self._why}"))

    async def _end_workers(self) -> None:
        spawner, self._spawner = self._spawner, None
        if spawner is None:
            return
        for worker in self._workers | self._leaving:
            if worker.call is None and worker.is_ready:
                worker.dismiss()
            else:
                worker.kill()
        loop = asyncio.get_running_loop()
        impatient = loop.call_later(GOODBYE, _kill_those_left, self._workers | self._leaving)
        while self._workers or self._leaving or self._starting:
            self._changed.clear()
            await self._changed.wait()
        impatient.cancel()
        spawner.stop()
        await to_thread.run_sync(spawner.join, limiter=CapacityLimiter(1))


def _kill_those_left(workers: Iterable[Worker]) -> None:
    for worker in workers:
        if worker.process.returncode is None:  # not yet reaped
            worker.kill()


def _outcome(fn: Callable[..., Any], kind: int, content: Any) -> Any:
    if isinstance(content, Exception):
        content.add_note(
            f"It arose while what {name_of(fn)} returned or raised was read: its classes must be importable."
        )
        raise content
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


def _innermost(fn: Any) -> Any:
    while isinstance(fn, functools.partial):
        fn = fn.func
    return fn


def _split(lane: str, where: str) -> tuple[str, str]:
    module, colon, variable = where.partition(":")
    if not (module and colon and variable):
        raise ConfigurationError(f'lane {lane!r}: write a context variable as "module:variable", not {where!r}')
    return module, variable


def _find(lane: str, module: str, name: str) -> ContextVar[Any]:
    found = getattr(import_module(module), name, None)
    if not isinstance(found, ContextVar):
        raise ConfigurationError(f"lane {lane!r}: {module}:{name} is no ContextVar")
    return found
