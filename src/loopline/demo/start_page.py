"""The page with a button for each route."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

__all__ = ["PAGE", "router"]

PAGE = Path(__file__).parent / "page"

router = APIRouter(include_in_schema=False)


@router.get("/")
async def start_page() -> FileResponse:
    """Serve the page; its script and style are under /page."""
    return FileResponse(PAGE / "index.html", headers={"Content-Security-Policy": "default-src 'self'"})
