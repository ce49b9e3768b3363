"""Tracing: calls in lanes, fan-outs and jobs as OpenTelemetry's spans, in the trace of the request that made them."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from loopline import _tracer
from loopline.errors import ConfigurationError, MissingExtra

try:
    from loopline._opentelemetry import OpenTelemetry
except ModuleNotFoundError as error:
    raise MissingExtra("opentelemetry-api", "otel") from error

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

__all__ = ["Tracing"]


class Tracing:
    """Lets a request's trace go on through fan-outs, lanes, processes, Ray and jobs: ``lifespan(Tracing(), db, …)``.

    It traces what happens in this process while it is open. It sets nothing of OpenTelemetry up: without a provider of
    the application's own, spans go nowhere, and the trace that a request brought is carried on all the same.

    Args:
        tracer_provider: Where spans go; None for the provider that the application has set for all, even later.
    """

    def __init__(self, tracer_provider: TracerProvider | None = None) -> None:
        self._provider = tracer_provider
        self._own: OpenTelemetry | None = None

    async def __aenter__(self) -> Self:
        """Begin to trace.

        Raises:
            ConfigurationError: If something traces in this process already.
        """
        if _tracer.active is not None:
            raise ConfigurationError("Tracing is open already: give lifespan(...) one, in one application of a process")
        _tracer.active = self._own = OpenTelemetry(self._provider)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Trace no more."""
        await self.aclose()

    async def aclose(self) -> None:
        """Trace no more. Closing twice is harmless."""
        if self._own is not None and _tracer.active is self._own:
            _tracer.active = None
        self._own = None
