"""RayLane: the same calls on a Ray cluster."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import pickle
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextvars import ContextVar
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread

from loopline import _opened
from loopline._finish import finish_first
from loopline.errors import ConfigurationError, MissingExtra, WorkerLost
from loopline.lanes import _ray_wire as ray_wire
from loopline.lanes import _wire as wire
from loopline.lanes._account import counted
from loopline.lanes._callable import check_callable, check_source
from loopline.lanes._carried import find_variable, split_variable, values_of
from loopline.lanes._deadline import choose_timeout
from loopline.lanes._gate import Gate, Place
from loopline.lanes._map import map_over
from loopline.lanes._offload import offload_to
from loopline.lanes._process_call import outcome, pack
from loopline.lanes._ray_answer import content_of, lost
from loopline.lanes._ray_link import CLIENT_TRIES, Link
from loopline.lanes._ray_process import Bridge
from loopline.lanes._ray_stream import RaySource
from loopline.lanes._ray_task import Shared
from loopline.lanes._ray_wire import Frame
from loopline.lanes._traced import call_span
from loopline.lanes.lane import LaneStatistics
from loopline.lanes.stream import Feed, Stream

__all__ = ["RayLane"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

logger = logging.getLogger("loopline.lanes")

READ_IN_THREAD = 1024 * 1024  # bytes of an answer that are read in a thread, beside the loop


class RayLane:
    """Runs functions on a Ray cluster: for work that outgrows this machine, or needs what it has not, such as a GPU.

    A process between the service and the cluster, the bridge, speaks with Ray. Ray may end that process: calls in
    flight then fail with WorkerLost, and a new one connects as soon as the cluster is in reach. Until then calls fail
    with LaneUnavailable. The service itself goes on.

    A call that is given up, at its timeout or because its caller was cancelled, ends with its worker process.
    Functions, arguments, results and errors are pickled: define functions at the top of an importable module, which
    the cluster's nodes must have, as well as Loopline, the same Ray and the same Python. What is larger than 64 KiB
    goes through the cluster's object store; what a function given to ``map`` holds goes there once for all its items.
    What logs on the cluster stays in Ray's logs.

    A stream has an actor of its own, which takes a new process, most of a second; its items are at most 17 ahead, of
    whatever size.

    Args:
        address: ``"HOST:PORT"`` of the cluster's head if this machine is one of its nodes; ``"ray://HOST:10001"`` from
            anywhere, at two and a half times the cost of a call; ``"auto"`` for the cluster that this machine is in.
        name: What messages and statistics call it.
        num_cpus: CPUs that Ray sets aside for a call; None is Ray's default, 1.
        num_gpus: GPUs that it sets aside.
        resources: Amounts of other resources, by the names that the cluster's nodes give them.
        runtime_env: Ray's runtime environment: code, packages and environment variables for the workers.
        retry: How many more times a call is run whose worker process or node was lost. It may have been done in part.
        context: Context variables whose values come along with a call, as ``"module:variable"``.
        max_in_flight: How many calls are handed to Ray at once: some more than the cluster has CPUs.
        max_queue: How many more calls may wait; the next is refused with LaneFull.
        timeout: Seconds that a call may take, waiting included, unless it says otherwise; None is no bound.
        connect_timeout: Seconds that an attempt to connect to the cluster may take. Over ``ray://`` a ``runtime_env``
            is made ready meanwhile, which may take minutes.
        close_timeout: Seconds that running calls may take to end when the lane closes. Then they are cancelled.

    Raises:
        MissingExtra: If Ray is not installed.
        ConfigurationError: If something given can't work.
    """

    def __init__(
        self,
        address: str = "auto",
        *,
        name: str = "ray",
        num_cpus: float | None = None,
        num_gpus: float | None = None,
        resources: Mapping[str, float] | None = None,
        runtime_env: Mapping[str, Any] | None = None,
        retry: int = 0,
        context: Sequence[str] = (),
        max_in_flight: int = 64,
        max_queue: int = 100,
        timeout: float | None = None,
        connect_timeout: float = 30.0,
        close_timeout: float = 5.0,
    ) -> None:
        if sys.platform == "win32":
            raise ConfigurationError("RayLane needs Unix.")
        if importlib.util.find_spec("ray") is None:
            raise MissingExtra("ray", "ray")
        if isinstance(context, str):
            raise ConfigurationError(f"lane {name!r}: give context as a list of names")
        amounts = {"num_cpus": num_cpus, "num_gpus": num_gpus, **(resources or {})}
        for option, amount in amounts.items():
            if amount is not None and not amount >= 0:
                raise ConfigurationError(f"lane {name!r}: {option} must be at least 0, not {amount}")
        if retry < 0:
            raise ConfigurationError(f"lane {name!r}: retry must be at least 0, not {retry}")
        for option, seconds in (("connect_timeout", connect_timeout), ("close_timeout", close_timeout)):
            if not seconds > 0:
                raise ConfigurationError(f"lane {name!r}: {option} must be more than 0 seconds, not {seconds}")
        if not address:
            raise ConfigurationError(f'lane {name!r}: address must be "HOST:PORT", "ray://HOST:10001" or "auto"')
        if max_in_flight < 1:
            raise ConfigurationError(f"lane {name!r}: max_in_flight, its size, must be at least 1, not {max_in_flight}")
        self._address = address
        self._context = tuple(split_variable(name, where) for where in context)
        self._variables: list[ContextVar[Any]] = []
        demand = {
            "num_cpus": num_cpus,
            "num_gpus": num_gpus,
            "resources": None if resources is None else dict(resources),
        }
        self._settings = pickle.dumps(
            {
                "address": address,
                "demand": {key: value for key, value in demand.items() if value is not None},
                "runtime_env": None if runtime_env is None else dict(runtime_env),
                "retry": retry,
            }
        )
        self._gate = Gate(name, max_in_flight, max_queue)
        self._timeout = choose_timeout(None, timeout)
        self._connect_timeout = connect_timeout
        self._tries = CLIENT_TRIES if address.startswith("ray://") and runtime_env is None else 1
        self._close_timeout = close_timeout
        self._link: Link | None = None

    @property
    def name(self) -> str:
        """The lane's name."""
        return self._gate.name

    @property
    def pid(self) -> int | None:
        """The process id of the bridge, while it is connected to the cluster."""
        return None if self._link is None else self._link.pid

    async def run(self, fn: Callable[[*Ts], R], *args: *Ts, timeout: float | None = None) -> R:
        """Run ``fn(*args)`` on the cluster; see ``Lane.run``.

        Raises:
            WorkerLost: If the process or the node that ran it was lost, or the connection to the cluster.
            LaneUnavailable: If the cluster is out of reach.
            RemoteError: If the function raised an error that can't be brought back.
        """
        check_callable(fn)
        seconds = choose_timeout(timeout, self._timeout)
        shared = next((arg for arg in args if isinstance(arg, Shared)), None)
        gate, link = self._gate, self._link
        with call_span(self.name, fn, args) as span:
            packed = pack(fn, args, self._values())

            async def work(place: Place) -> R:
                assert link is not None
                loop = asyncio.get_running_loop()
                try:
                    frame = await _answer_of(await link.bridge(), packed, shared)
                finally:
                    gate.leave(place, loop.time())
                lost(gate.name, fn, frame)
                if len(frame.payload.blob) > READ_IN_THREAD:
                    content = await to_thread.run_sync(content_of, frame, limiter=CapacityLimiter(1))
                else:
                    content = content_of(frame)
                result: R = outcome(fn, frame.kind, content)
                return result

            return await counted(gate, work, span, timeout=seconds, late="was stopped")

    def stream(self, fn: Callable[[*Ts], Iterable[R]], *args: *Ts, timeout: float | None = None) -> Stream[R]:
        """Iterate over ``fn(*args)`` in an actor on the cluster; see ``Lane.stream``. It is never run again.

        Raises:
            WorkerLost: While iterating, if the actor's process or node was lost, or the connection to the cluster.
            LaneUnavailable: While iterating, if the cluster is out of reach.
            RemoteError: While iterating, if the generator raised an error that can't be brought back.
        """
        check_source(fn)
        feed: Feed[R] = Feed()
        source = RaySource(self._gate, self._bridge, fn, args, feed, self._values)
        return Stream(self._gate, fn, source, feed, choose_timeout(timeout, self._timeout))

    def _values(self) -> tuple[tuple[tuple[str, str], Any], ...]:
        return tuple(
            (self._context[which] if isinstance(which, int) else which, value)
            for which, value in values_of(self._variables)
        )

    async def _bridge(self) -> Bridge:
        assert self._link is not None
        return await self._link.bridge()

    async def map(
        self,
        fn: Callable[[T], R],
        items: Iterable[T],
        *,
        limit: int | None = None,
        timeout: float | None = None,
        chunk: int = 1,
    ) -> list[R]:
        """Run ``fn(item)`` for each item; see ``Lane.map``. Large arguments that ``fn`` holds are sent once."""
        check_callable(fn)
        limit = self._gate.size if limit is None else limit
        shared = _shared(fn)
        if shared is None:
            return await map_over(self, fn, items, limit=limit, timeout=timeout, chunk=chunk)
        try:
            return await map_over(self, shared, items, limit=limit, timeout=timeout, chunk=chunk)
        finally:
            if self._link is not None:
                self._link.forget(shared)

    def offload(self, fn: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
        """Make a ``def`` an ``async def`` that runs in the lane; see ``Lane.offload``."""
        return offload_to(self, fn)

    def statistics(self) -> LaneStatistics:
        """Return what the lane is doing and has done. ``size`` is ``max_in_flight``."""
        return self._gate.statistics()

    async def aclose(self) -> None:
        """Refuse new calls, wait ``close_timeout`` for those that run, disconnect. What still runs then, ends."""
        self._gate.close()
        _opened.lanes.discard(self)
        link, self._link = self._link, None
        if link is None:
            return
        try:
            async with asyncio.timeout(self._close_timeout):
                await self._gate.drained()
        except TimeoutError:
            logger.warning("lane %r: %d calls still run as it closes: they end", self.name, self._gate.running)
        finally:
            await finish_first(link.close())

    async def __aenter__(self) -> Self:
        """Connect to the cluster.

        Raises:
            LaneUnavailable: If the cluster can't be reached within ``connect_timeout``, or is of other versions.
        """
        if self._link is not None:
            raise ConfigurationError(f"lane {self.name!r} has started already: one `async with` at a time")
        self._variables = [find_variable(self.name, *where) for where in self._context]
        gate = self._gate
        self._link = link = Link(self.name, self._address, self._settings, self._connect_timeout, self._tries)
        try:
            await link.bridge()
        except BaseException:
            self._link = None
            await finish_first(link.close())
            raise
        self._gate = Gate(gate.name, gate.size, gate.max_queue, open=True)
        _opened.lanes.add(self)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the lane."""
        await self.aclose()


def _shared(fn: Callable[..., Any]) -> Shared | None:
    """Return a function that holds much as one that is sent once, else None."""
    try:
        packed = wire.pack(None, [fn])
    except Exception:  # noqa: BLE001 - the call will say why
        return None
    return Shared(fn, packed) if wire.is_shared(packed[0], packed[2]) else None


async def _answer_of(bridge: Bridge, packed: tuple[bytes, int, list[memoryview]], shared: Shared | None) -> Frame:
    """Send a call and return what the bridge says of it; end it if nobody waits for that any more."""
    number = bridge.number()
    answer: asyncio.Future[Frame | WorkerLost] = asyncio.get_running_loop().create_future()

    def heard(frame: Frame | WorkerLost) -> None:
        if not answer.done():
            answer.set_result(frame)

    bridge.hears[number] = heard
    try:
        shares = 0 if shared is None else await bridge.share(shared)
        await bridge.send(number, wire.CALL, packed, shares=shares)
        frame = await answer
    except BaseException:
        if not answer.done() or answer.cancelled():
            bridge.say(number, ray_wire.CANCEL)
        raise
    finally:
        bridge.hears.pop(number, None)
    if isinstance(frame, WorkerLost):
        raise frame
    return frame
