"""What making an object of a class of the project runs."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loopline.check import attributes
from loopline.check.model import ClassInfo, FunctionInfo
from loopline.check.values import Class, Function, Instance

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["constructors", "validators"]

VALIDATORS = {"field_validator", "validator", "model_validator", "root_validator"}


def constructors(inference: Inference, value: Class) -> list[Function]:
    """Return the functions that run when a class is called: ``__init__`` and the like, validators, default factories.

    Args:
        inference: Answers for base classes.
        value: The class.
    """
    instance = Instance(value.info, exact=True, arguments=value.arguments)
    found: list[Function] = []
    for name in ("__new__", "__init__", "__post_init__", "model_post_init"):
        found.extend(one for one in attributes.get(inference, instance, name) if isinstance(one, Function))
    found.extend(validators(inference, value.info))
    for info in inference.classes.ancestry(value.info):
        if not isinstance(info, ClassInfo):
            continue
        for bindings in info.bindings.values():
            node = bindings[-1].node
            if not isinstance(node, ast.Call):
                continue
            for keyword in node.keywords:
                if keyword.arg in ("default_factory", "factory"):
                    found.extend(one for one in inference.infer(keyword.value, info, None) if isinstance(one, Function))
    return found


def validators(inference: Inference, info: ClassInfo) -> list[Function]:
    """Return the validators of a pydantic model; they run where the model is made.

    Args:
        inference: Answers for base classes.
        info: The class.
    """
    if not inference.classes.inherits(info, "pydantic.BaseModel", "pydantic.main.BaseModel", "sqlmodel.SQLModel"):
        return []
    found = []
    for one in inference.classes.ancestry(info):
        if isinstance(one, ClassInfo):
            for bindings in one.bindings.values():
                function = bindings[-1].info
                if isinstance(function, FunctionInfo) and VALIDATORS.intersection(attributes.decorator_names(function)):
                    found.append(Function(function, None, Instance(info)))
    return found
