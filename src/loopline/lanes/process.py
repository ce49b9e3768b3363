"""ProcessLane: CPU work in worker processes, driven by the event loop itself."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextvars import ContextVar
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread

from loopline import _opened
from loopline._finish import finish_first
from loopline.errors import ConfigurationError, LaneTimeout, WorkerLost
from loopline.lanes import _wire as wire
from loopline.lanes._callable import check_callable, check_source
from loopline.lanes._carried import Which, find_variable, split_variable, values_of
from loopline.lanes._deadline import choose_timeout
from loopline.lanes._gate import Gate
from loopline.lanes._map import map_over
from loopline.lanes._offload import offload_to
from loopline.lanes._process_call import Call, outcome, pack
from loopline.lanes._process_stream import ProcessSource
from loopline.lanes._process_worker import Spawner, Worker, how_it_ended, settings_of
from loopline.lanes._processors import usable_processors
from loopline.lanes._traced import call_span
from loopline.lanes.lane import LaneStatistics
from loopline.lanes.stream import Feed, Stream

__all__ = ["ProcessLane"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# When the calls that wait for a worker are told that none can start: so many in a row have ended by themselves before
# they were ready, or for so many seconds each was killed by somebody, which says little about the next one.
ENDINGS, PATIENCE = 3, 30.0
START = 60.0  # seconds that a worker may take for its imports and its initializer; then it is killed
LONGEST_PAUSE = 5.0  # seconds between two attempts to start a worker that does not
GOODBYE = 2.0  # seconds that a worker may take to end by itself
ATTEMPTS = 5  # workers that a call is given to, if each is lost before it begins


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
        workers: How many calls run at once. One more process is kept as a spare. By default as many as this process has
            processors, less where a container's limit on processor time is tighter.
        name: What messages and statistics call it.
        preload: Modules that a worker imports before its first call. It has 60 s for these and the initializer.
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
        workers: int | None = None,
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
        self._gate = Gate(name, usable_processors() if workers is None else workers, max_queue)
        self._timeout = choose_timeout(None, timeout)
        self._max_calls = max_calls_per_worker
        self._context = tuple(split_variable(name, where) for where in context)
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
            size = len(self._settings())
        except Exception as error:
            raise ConfigurationError(f"lane {name!r}: the initializer can't be sent to a worker: {error}") from error
        if size > wire.INLINE:
            raise ConfigurationError(f"lane {name!r}: the initializer holds {size:,} bytes: let it read a file instead")
        self._number = 0
        self._spawner: Spawner | None = None
        self._starting = 0
        self._workers: set[Worker] = set()
        self._leaving: set[Worker] = set()
        self._idle: list[Worker] = []
        # Calls that may run and have no worker yet.
        self._asking: deque[Call] = deque()
        # Since a worker was last ready: how many have ended by themselves, and when the first was lost.
        self._endings = 0
        self._since: float | None = None
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
        with call_span(self.name, fn, args) as span:
            gate = self._gate
            loop = asyncio.get_running_loop()
            body, owned, buffers = pack(fn, args, self._values())
            call = Call(body, owned, buffers, loop.create_future(), self._begin)
            span.waits_as(call)
            gate.admit(call)
            late = None if timeout is None else loop.call_later(timeout, self._give_up, call, timeout)
            try:
                kind, content = await call.done
            except asyncio.CancelledError:
                self._give_up(call)
                gate.cancelled += 1
                raise
            except LaneTimeout:
                gate.timed_out += 1
                raise
            except Exception:
                gate.failed += 1
                raise
            finally:
                if late is not None:
                    late.cancel()
            try:
                result: R = outcome(fn, kind, content)
            except BaseException:
                gate.failed += 1
                raise
            gate.completed += 1
            return result

    def _values(self) -> tuple[tuple[Which, Any], ...]:
        return values_of(self._variables)

    def _begin(self, call: Call) -> None:
        """Give the call, whose turn it is, to a worker; if none is free, one is starting, unless the lane closes."""
        if self._idle:
            self._give(self._idle.pop(), call)
        elif not self._gate.open:
            self._over(call, self._gate.closed_error())
        else:
            self._asking.append(call)
            self._tell_asking_if_hopeless()

    def _give(self, worker: Worker, call: Call) -> None:
        self._number = self._number % 0xFFFFFFFF + 1
        try:
            worker.give(call, self._number)
        except Exception as error:  # noqa: BLE001 - no shared memory, say
            worker.give_up()
            self._over(call, error)

    def _over(self, call: Call, error: Exception | None = None) -> None:
        """Let the next call have the place of this one."""
        if error is not None:
            call.refuse(error)
        if not call.left:
            self._gate.leave(call, asyncio.get_running_loop().time())

    def _give_up(self, call: Call, timeout: float | None = None) -> None:
        """End a call that nobody waits for any more: its caller was cancelled, or it had its ``timeout`` seconds."""
        if call.left:
            return  # it has ended in the same moment, and its worker may run another's by now
        what = "was stopped"
        if call.worker is not None:
            call.worker.give_up()
            self._over(call)
        elif call in self._asking:
            self._asking.remove(call)
            self._over(call)
        elif self._gate.withdraw(call):
            what = "was still waiting for a place"
        if timeout is not None:
            call.refuse(LaneTimeout(f"Lane {self.name!r}: the call had {timeout:g} s and {what}."))

    def stream(self, fn: Callable[[*Ts], Iterable[R]], *args: *Ts, timeout: float | None = None) -> Stream[R]:
        """Iterate over ``fn(*args)`` in a worker process; see ``Lane.stream``.

        Raises:
            WorkerLost: While iterating, if the process that ran it ended.
            RemoteError: While iterating, if the generator raised an error that can't be brought back.
        """
        check_source(fn)
        feed: Feed[R] = Feed()
        source = ProcessSource(
            self._gate, fn, args, feed, values=self._values, begin=self._begin, give_up=self._give_up
        )
        return Stream(self._gate, fn, source, feed, choose_timeout(timeout, self._timeout))

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
        _opened.lanes.discard(self)
        while self._asking:  # no worker is started for them any more
            self._over(self._asking.popleft(), self._gate.closed_error())
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
        self._variables = [find_variable(self.name, *where) for where in self._context]
        gate = self._gate
        self._gate = Gate(gate.name, gate.size, gate.max_queue, open=True)
        self._endings, self._since = 0, None
        self._changed = asyncio.Event()  # a new one: the event loop may be another
        self._spawner = Spawner(asyncio.get_running_loop(), self._spawned)
        self._fill()
        try:
            while len(self._idle) < self._gate.size:
                if self._endings or self._is_hopeless():
                    raise ConfigurationError(f"lane {self.name!r}: a worker can't start: {self._why}")
                self._changed.clear()
                await self._changed.wait()
        except BaseException:
            self._gate.close()
            await finish_first(self._end_workers())
            raise
        _opened.lanes.add(self)
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
        loop = asyncio.get_running_loop()
        worker.attach(loop, self._settings())
        if not self._gate.open:
            worker.kill()
        loop.call_later(START, _kill_if_not_ready, worker)

    def _offer(self, worker: Worker) -> None:
        self._endings, self._since = 0, None
        if self._asking:
            self._give(worker, self._asking.popleft())
        else:
            self._idle.append(worker)
            self._changed.set()

    def _has_ended_a_call(self, worker: Worker, call: Call) -> None:
        if not worker.doomed:
            if worker.calls == self._max_calls or worker.outbound.full:
                self._retire(worker)
            else:
                self._offer(worker)
        self._over(call)

    def _retire(self, worker: Worker) -> None:
        self._workers.discard(worker)
        self._leaving.add(worker)
        worker.dismiss()
        asyncio.get_running_loop().call_later(GOODBYE, _kill_those_left, (worker,))
        self._fill()

    def _ended(self, worker: Worker) -> None:
        self._workers.discard(worker)
        self._leaving.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        if (call := worker.call) is not None:
            had_begun, worker.call, call.worker = worker.had_begun(), None, None
            if had_begun:
                self._over(call, WorkerLost(f"the worker process that ran the call {how_it_ended(worker)}"))
            elif call.attempts >= ATTEMPTS:
                self._over(call, WorkerLost(f"{ATTEMPTS} workers were lost before they began the call"))
            elif not call.begin():
                self._over(call)
        if worker.is_ready:
            self._fill()
        elif self._gate.open:
            was_killed = worker.process.returncode == -signal.SIGKILL
            self._not_started(worker.why or f"it {how_it_ended(worker)}", was_killed=was_killed)
        self._changed.set()

    def _not_started(self, why: str, *, was_killed: bool = False) -> None:
        loop = asyncio.get_running_loop()
        self._endings += not was_killed
        self._since = self._since or loop.time()
        self._why = why
        self._tell_asking_if_hopeless()
        loop.call_later(min(0.1 * 2**self._endings, LONGEST_PAUSE), self._fill)
        self._changed.set()

    def _is_hopeless(self) -> bool:
        lost_for = 0.0 if self._since is None else asyncio.get_running_loop().time() - self._since
        return self._endings >= ENDINGS or lost_for > PATIENCE

    def _tell_asking_if_hopeless(self) -> None:
        if not self._is_hopeless():
            return
        while self._asking:
            error = WorkerLost(f"lane {self.name!r} has no worker: none can start: {self._why}")
            self._over(self._asking.popleft(), error)

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


def _kill_if_not_ready(worker: Worker) -> None:
    if not worker.is_ready and worker.process.returncode is None:  # not yet reaped
        worker.why = worker.why or f"it was not ready within {START:g} s"
        worker.kill()


def _kill_those_left(workers: Iterable[Worker]) -> None:
    for worker in workers:
        if worker.process.returncode is None:  # not yet reaped
            worker.kill()
