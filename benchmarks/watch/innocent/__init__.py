"""Endpoints that block nobody. Several are always in flight while a guilty one blocks; to name one is to blame it."""

from __future__ import annotations

from fastapi import APIRouter

from benchmarks.watch.innocent import around, long, outside, short

__all__ = ["router"]

router = APIRouter(prefix="/calm")
for module in (around, long, outside, short):
    router.include_router(module.router)
