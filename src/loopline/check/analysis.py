"""All that rules ask: the project, inference, effects, the services in it, and what runs on the loop."""

from __future__ import annotations

from functools import cached_property

from loopline.check.awaits import forgotten_awaits
from loopline.check.colours import Loop
from loopline.check.effects import Effects
from loopline.check.hot import HotNames
from loopline.check.inference import Inference
from loopline.check.libraries import Libraries
from loopline.check.project import Project
from loopline.check.services import Services
from loopline.check.uses import Forgotten

__all__ = ["Analysis"]


class Analysis:
    """The parts of one check; each is made when it is first asked for."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.libraries = Libraries()
        self.inference = Inference(project, self.libraries)

    @cached_property
    def effects(self) -> Effects:
        """What calls do."""
        return Effects(self.inference)

    @cached_property
    def services(self) -> Services:
        """Routes and the rest of the applications."""
        return Services(self.inference)

    @cached_property
    def loop(self) -> Loop:
        """What runs on the event loop."""
        return Loop(self.inference, self.effects, self.services)

    @cached_property
    def forgotten(self) -> list[Forgotten]:
        """Forgotten awaits in all functions."""
        services = self.services
        answering = {part.function for part in services.parts if part.kind in ("route", "dependency", "handler")}
        found: list[Forgotten] = []
        hot = HotNames(self.inference)
        for module in hot.modules:
            for function in module.functions:
                if function in answering or hot.may_forget(function):
                    found.extend(forgotten_awaits(self.inference, function, answers=function in answering))
        for function in answering:
            if function.name == "<lambda>":
                found.extend(forgotten_awaits(self.inference, function, answers=True))
        return found
