"""Endpoints that block the loop, each in its own way; the line that does ends with a marker and the case's name."""

from __future__ import annotations

from fastapi import APIRouter

from benchmarks.watch.guilty import (
    background,
    callbacks,
    computing,
    dependencies,
    errors,
    forgotten,
    interpreter,
    native,
    pydantic_models,
    routes,
    sleeping,
    streams,
    tasks,
    waiting_for_others,
    waiting_for_threads,
    websockets,
)

__all__ = ["router"]

router = APIRouter()
for module in (
    background,
    callbacks,
    computing,
    dependencies,
    errors,
    forgotten,
    interpreter,
    native,
    pydantic_models,
    routes,
    sleeping,
    streams,
    tasks,
    waiting_for_others,
    waiting_for_threads,
    websockets,
):
    router.include_router(module.router)
