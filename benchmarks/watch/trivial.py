"""The application whose requests are counted: one endpoint that does next to nothing."""

from __future__ import annotations

from fastapi import FastAPI

__all__ = ["ANSWER", "PATH", "app"]

PATH = "/api/v1/items/7"
ANSWER = b'{"item":7}'

app = FastAPI()


@app.get("/api/v1/items/{item}")
async def item(item: int) -> dict[str, int]:
    """Answer at once."""
    return {"item": item}
