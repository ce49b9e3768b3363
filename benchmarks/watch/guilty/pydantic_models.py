"""Models that compute."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, field_serializer, field_validator

from benchmarks.watch.material import spin
from benchmarks.watch.sizes import sizes
from benchmarks.watch.supplies import Need

__all__ = ["router"]

router = APIRouter(prefix="/models")


class Password(BaseModel):
    """A body whose check takes long."""

    word: str

    @field_validator("word")
    @classmethod
    def strong(cls, value: str) -> str:
        """Compute while the body is validated."""
        spin(sizes().turns)
        return value


class Report(BaseModel):
    """An answer whose writing takes long."""

    total: int

    @field_serializer("total")
    def rounded(self, value: int) -> str:
        """Compute while the answer is written."""
        spin(sizes().turns)
        return f"{value}.00"


class Item(BaseModel):
    """One of many."""

    number: int
    name: str
    tags: list[str]


@router.post("/validated")
async def validated(password: Password) -> dict[str, int]:
    """Answer at once, when the body has been validated."""
    return {"length": len(password.word)}


@router.get("/serialised")
async def serialised() -> Report:
    """Answer at once; then the answer is written."""
    return Report(total=1)


@router.get("/large")
async def large(need: Need) -> list[Item]:  # guilty: large-answer
    """Answer with more than can be checked and written quickly; no line of the user's runs while it is."""
    return need.documents[: need.sizes.copies]  # type: ignore[return-value]  # guilty: large-answer
