"""What to write instead: a sentence for what was found, with the line where there is one."""

from __future__ import annotations

import dis
from collections.abc import Callable
from functools import lru_cache
from inspect import iscoroutinefunction
from types import CodeType
from typing import Any

from loopline.watch.finding import Kind
from loopline.watch.frames import Stack, Step

__all__ = ["advice_for", "advice_for_await"]

# By the end of the name that is called.
_CALLS = {
    "time.sleep": "`await asyncio.sleep(…)`",
    "sleep": "`await asyncio.sleep(…)`",
    "subprocess.run": "`await asyncio.create_subprocess_exec(…)`, or a thread: `await threads.run(subprocess.run, …)`",
    "subprocess.check_output": "`await asyncio.create_subprocess_exec(…)`",
    "subprocess.check_call": "`await asyncio.create_subprocess_exec(…)`",
    "os.system": "`await asyncio.create_subprocess_shell(…)`",
    "urlopen": "`await http.get(…)` with an HttpClient",
    "os.fsync": "a thread: `await threads.run(os.fsync, …)`",
    "future.result": "`await asyncio.wrap_future(future)`",
    "result": "`await asyncio.wrap_future(…)`",
    "thread.join": "`await threads.run(thread.join)`",
    "acquire": "an `asyncio.Lock`, or a thread around all that the lock protects",
    "queue.get": "an `asyncio.Queue`",
}
# By the package that a step of the stack is in.
_PACKAGES = {
    "requests": "`await http.get(…)` with an HttpClient (requests only blocks)",
    "urllib3": "`await http.get(…)` with an HttpClient (urllib3 only blocks)",
    "urllib": "`await http.get(…)` with an HttpClient",
    "httpx2": "the client's async form: `httpx2.AsyncClient`, or an HttpClient",
    "httpx": "the client's async form: `httpx.AsyncClient`, or an HttpClient",
    "psycopg2": "an async driver: `postgresql+asyncpg://` with Loopline's Database",
    "psycopg": "psycopg's `AsyncConnection`, or Loopline's Database",
    "pymysql": "an async driver",
    "sqlite3": "Loopline's Database, or a thread",
    "sqlalchemy": "SQLAlchemy's AsyncSession: Loopline's Database",
    "redis": "`redis.asyncio`",
    "pymongo": "pymongo's `AsyncMongoClient`",
    "boto3": "a thread: `await threads.run(client.…, …)`",
    "botocore": "a thread: `await threads.run(client.…, …)`",
    "subprocess": "`await asyncio.create_subprocess_exec(…)`",
    "smtplib": "a thread, or a job",
    "ftplib": "a thread",
    "socket": "asyncio's streams, or a thread",
}
# What computes without the GIL, by the end of its name, or by the package that a step of the stack is in.
_GIL_FREE = ("hashpw", "checkpw", "pbkdf2_hmac", "scrypt")
_GIL_FREE_PACKAGES = frozenset({"argon2", "bcrypt"})
_ENCODERS = frozenset({"serialize_response", "serialize", "serialize_json", "jsonable_encoder", "render"})
_ENCODING = frozenset({"fastapi", "starlette"})
_WAITING = frozenset({"SEND", "GET_AWAITABLE", "GET_ANEXT", "GET_AITER", "BEFORE_ASYNC_WITH", "YIELD_VALUE"})


def advice_for(kind: Kind, call: str, step: Step | None, stack: Stack, endpoint: Callable[..., Any] | None) -> str:
    """Return what to do about a stall.

    Args:
        kind: What it was.
        call: What the guilty line calls; empty if that is not known.
        step: The guilty step, if there is one.
        stack: The stack that it was seen in.
        endpoint: The function that answers the guilty request, if there is one.
    """
    if step is None and stack and kind in ("blocking", "cpu", "gil"):
        if any(_encodes(one) for one in stack):
            return (
                "It is the framework that checks and encodes the response. Return less at once (pages, a stream), "
                "or a Response that was encoded elsewhere."
            )
        place = next((one.place for one in stack if "site-packages" in one.place.file), stack[0].place)
        return (
            f"No line of the application called it: it is in `{place.function}` ({place.file}:{place.line}). "
            "If it is done once, as what a framework prepares for its first request, ask for it before you serve."
        )
    if step is None and kind in ("blocking", "cpu", "gil"):
        return "It was over before the watch could see what it was."
    match kind:
        case "blocking":
            return f"Write {_instead(call, stack)}.{_or_without_async(step, endpoint)}"
        case "cpu" if _lets_threads_run(call, stack):
            return (
                f"It computes without the GIL, so a thread is enough: `await threads.run({call or 'function'}, …)` "
                "with a ThreadLane."
            )
        case "cpu":
            return f"Compute it in a process: `await cpu.run({_worker(call, step)}, …)` with a ProcessLane."
        case "gil":
            return (
                "It is one C call that lets no other thread run, so a thread would not help: "
                f"`await cpu.run({_worker(call, step)}, …)` with a ProcessLane."
            )
        case "callbacks":
            return (
                "No single step was long, but they came all at once: bound how many are started together "
                "(`fan_out(…, limit=…)`), or do more in each."
            )
        case "gc":
            if call:
                return f"Don't call `{call}` in a request."
            return "Call `gc.freeze()` once the application has started, and make fewer cycles."
        case "import":
            return "Import it at the top of the module, so that it is there before the first request."
        case "no-cpu":
            return "No code is to blame: the machine gave this process no processor. Look at what else runs."
        case _:
            raise ValueError(kind)


def advice_for_await(name: str) -> str:
    """Return what to do about a coroutine that nobody awaited.

    Args:
        name: Its function's.
    """
    return f"Write `await {name}(…)`."


def _instead(call: str, stack: Stack) -> str:
    for end, advice in _CALLS.items():
        if call == end or call.endswith(f".{end}"):
            return advice
    for step in stack:
        for package, advice in _PACKAGES.items():
            if package in _packages(step):
                return advice
    return f"a thread around it: `await threads.run({call or 'function'}, …)` with a ThreadLane"


def _lets_threads_run(call: str, stack: Stack) -> bool:
    named = any(call == end or call.endswith(f".{end}") for end in _GIL_FREE)
    return named or any(not _GIL_FREE_PACKAGES.isdisjoint(_packages(step)) for step in stack)


def _encodes(step: Step) -> bool:
    """Whether a step is where FastAPI, or Starlette, makes a response of what an endpoint has returned."""
    name = step.place.function.rpartition(".")[2]
    return name in _ENCODERS and not _ENCODING.isdisjoint(_packages(step))


def _packages(step: Step) -> list[str]:
    return step.place.file.removesuffix(".py").split("/")[-4:]


def _or_without_async(step: Step | None, endpoint: Callable[..., Any] | None) -> str:
    if endpoint is None or step is None or step.code is not getattr(endpoint, "__code__", None):
        return ""
    if not iscoroutinefunction(endpoint) or _awaits(endpoint.__code__):
        return ""
    return f" `{endpoint.__name__}` awaits nothing: with `def` instead of `async def`, FastAPI runs it in a thread."


def _worker(call: str, step: Step | None) -> str:
    if step is not None and step.code is not None and not step.code.co_flags & 0x80:  # a plain function
        return step.code.co_name
    return call or "function"


@lru_cache(maxsize=1000)
def _awaits(code: CodeType) -> bool:
    return any(instruction.opname in _WAITING for instruction in dis.get_instructions(code))
