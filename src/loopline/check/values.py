"""What an expression may be worth: the few values that the check tells apart. A tuple of them is a union."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from loopline.check.known import Known
from loopline.check.model import Binding, ClassInfo, FunctionInfo, ModuleInfo, Scope

__all__ = [
    "Alias",
    "Class",
    "Context",
    "ContextFunction",
    "Coroutine",
    "Frame",
    "Function",
    "Generator",
    "Instance",
    "Library",
    "LibraryInstance",
    "LibraryMethod",
    "Mapping",
    "Module",
    "Offloaded",
    "Partial",
    "Sequence",
    "Super",
    "Tuple",
    "TypeVariable",
    "Value",
    "Values",
    "union",
]

MOST = 12  # alternatives that a union keeps


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the project; ``closure`` is the call in which it was made, ``receiver`` what it is bound to."""

    info: FunctionInfo
    closure: Frame | None = None
    receiver: Value | None = None
    possible: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A call of a function of the project: what some of its parameters are. Interned: equal ones are the same."""

    info: FunctionInfo
    arguments: tuple[tuple[str, Values], ...]
    closure: Frame | None
    receiver: Value | None
    depth: int
    told: tuple[tuple[str, Known], ...] = ()  # what is known of parameters beside their types
    known: dict[ast.AST | Binding, Values] = field(default_factory=dict, repr=False)  # what was asked in it


@dataclass(frozen=True, slots=True)
class Class:
    """A class of the project, with its type arguments."""

    info: ClassInfo
    arguments: tuple[Values, ...] = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of a class of the project; ``exact`` when it can't be of a subclass."""

    info: ClassInfo
    exact: bool = False
    arguments: tuple[Values, ...] = ()


@dataclass(frozen=True, slots=True)
class Library:
    """A function, class or module of a library, by its dotted name."""

    path: str


@dataclass(frozen=True, slots=True)
class LibraryInstance:
    """An instance of a library's class.

    ``maker`` is the function in which a call that blocks made it, ``held`` what it was made around (`closing(x)`).
    """

    path: str
    maker: FunctionInfo | None = None
    held: Values = ()


@dataclass(frozen=True, slots=True)
class LibraryMethod:
    """A bound method of a library's class."""

    path: str
    name: str
    maker: FunctionInfo | None = None


@dataclass(frozen=True, slots=True)
class Coroutine:
    """What must be awaited: a call of an async function of the project (``frame``), or of a library (``result``).

    ``lenient``: only its annotation says so. Not ``sure``: a decorator that is not known may have changed it.
    """

    frame: Frame | None
    result: Values = ()
    name: str = ""
    lenient: bool = False
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Generator:
    """A generator object of the project; its body runs when it is iterated."""

    frame: Frame
    is_async: bool


@dataclass(frozen=True, slots=True)
class ContextFunction:
    """A function under ``@contextmanager`` or ``@asynccontextmanager``."""

    function: Function
    is_async: bool


@dataclass(frozen=True, slots=True)
class Context:
    """What such a function gives: its body runs when it is entered and left."""

    frame: Frame
    is_async: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list, set, tuple of any length, or iterator."""

    elements: Values


@dataclass(frozen=True, slots=True)
class Tuple:
    """A tuple whose parts are known."""

    parts: tuple[Values, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A dict: what its values are."""

    elements: Values


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the project."""

    info: ModuleInfo


@dataclass(frozen=True, slots=True)
class Partial:
    """``functools.partial(function, …)``, or a cached function (then it is not sure to run)."""

    function: Value
    possible: bool = False


@dataclass(frozen=True, slots=True)
class Offloaded:
    """An async callable that runs a function in a thread or process."""

    function: Values


@dataclass(frozen=True, slots=True)
class Super:
    """``super()`` in a method of ``info``."""

    info: ClassInfo
    receiver: Value | None


@dataclass(frozen=True, slots=True)
class TypeVariable:
    """A ``TypeVar``."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Alias:
    """A type expression, such as ``Annotated[Session, Depends(get_db)]``, and where it stands."""

    node: ast.expr
    scope: Scope


Value = (
    Function
    | Class
    | Instance
    | Library
    | LibraryInstance
    | LibraryMethod
    | Coroutine
    | Generator
    | ContextFunction
    | Context
    | Sequence
    | Tuple
    | Mapping
    | Module
    | Partial
    | Offloaded
    | Super
    | TypeVariable
    | Alias
)
Values = tuple[Value, ...]


def union(parts: Iterable[Values]) -> Values:
    """Return the alternatives of several values, each once, in order."""
    found: Values = ()
    seen: dict[Value, None] = {}
    for part in parts:
        if not part or part is found:
            continue
        if not found and len(part) == 1:
            found = part
            continue
        seen = seen or dict.fromkeys(found)
        seen.update(dict.fromkeys(part))
        found = tuple(seen)
        if len(seen) >= MOST:
            return found[:MOST]
    return found
