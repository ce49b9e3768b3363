"""What iterating, entering and awaiting a value gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopline.check import attributes, calls
from loopline.check.values import (
    Context,
    Coroutine,
    Function,
    Generator,
    Instance,
    LibraryInstance,
    Sequence,
    Tuple,
    Values,
    union,
)

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["awaited", "elements", "entered"]


def elements(inference: Inference, values: Values) -> Values:
    """Return what iterating values gives."""
    found: list[Values] = []
    for value in values:
        match value:
            case Sequence(elements=elements):
                found.append(elements)
            case Tuple(parts=parts):
                found.extend(parts)
            case Generator(frame=frame):
                found.append(inference.yields(frame))
            case LibraryInstance(path=path):
                described = inference.libraries.cls(path)
                if described is not None and described.elements:
                    found.append(calls.library_type(inference, described.elements, value))
            case Instance():
                for function in attributes.get(inference, value, "__iter__") + attributes.get(
                    inference, value, "__aiter__"
                ):
                    if isinstance(function, Function):
                        made = inference.frame(function.info, (), function.closure, function.receiver)
                        if function.info.is_generator:
                            found.append(inference.yields(made))
                        elif (given := inference.returns(made)) != values:
                            found.append(inference.elements(given))
            case _:
                pass
    return union(found)


def entered(inference: Inference, values: Values) -> Values:
    """Return what ``with`` or ``async with`` gives for values."""
    found: list[Values] = []
    for value in values:
        match value:
            case Context(frame=frame):
                found.append(inference.yields(frame))
            case LibraryInstance(path=path, held=held):
                described = inference.libraries.cls(path)
                kind = described.enter if described is not None else "self"
                found.append(held if kind == "argument 0" else calls.library_type(inference, kind, value))
            case Instance():
                for name in ("__enter__", "__aenter__"):
                    for function in attributes.get(inference, value, name):
                        if isinstance(function, Function):
                            made = inference.frame(function.info, (), function.closure, function.receiver)
                            found.append(inference.returns(made) or (value,))
                if not found:
                    found.append((value,))
            case Coroutine(result=result, frame=None):
                found.append(result)
            case _:
                found.append((value,))
    return union(found)


def awaited(inference: Inference, values: Values) -> Values:
    """Return what awaiting values gives."""
    found: list[Values] = []
    for value in values:
        match value:
            case Coroutine(frame=None, result=result):
                found.append(result)
            case Coroutine(frame=frame) if frame is not None:
                found.append(inference.returns(frame))
            case LibraryInstance(path=path):
                described = inference.libraries.cls(path)
                if described is not None and described.awaits:
                    found.append(calls.library_type(inference, described.awaits, value))
            case _:
                pass
    return union(found)
