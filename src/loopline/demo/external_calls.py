"""Pattern: input and output in ``async def``. One shared client, timeouts, and a file read off the loop."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from loopline.demo.resources import BUSY, Problem, files, upstream
from loopline.demo.upstream import Mode
from loopline.http_client import HttpClient

__all__ = ["router"]

router = APIRouter(tags=["external calls"])

REPORT = Path(__file__).parent / "report.csv"

UPSTREAM_PROBLEMS: dict[int | str, dict[str, Any]] = {
    502: {"model": Problem, "description": "The other service failed"},
    504: {"model": Problem, "description": "The other service did not answer in time"},
}


class Quote(BaseModel):
    """What the other service says."""

    quote: str
    by: str


class Report(BaseModel):
    """A summary of the sales file. The total is in cents."""

    lines: int
    total: int


def shared_client(request: Request) -> HttpClient:
    """Return the one client of the application; as a dependency it can be overridden in tests."""
    client: HttpClient = request.state.http_client
    return client


Http: TypeAlias = Annotated[HttpClient, Depends(shared_client)]


@router.get("/external-api", responses=UPSTREAM_PROBLEMS)
async def external_api(http: Http, mode: Mode = "ok") -> Quote:
    """Call another service with the shared client, given as a dependency. ``mode`` tells that service how to behave."""
    return Quote(**await http.get_json(f"{upstream.url}/quote", params={"mode": mode}))


@router.get("/external", responses=UPSTREAM_PROBLEMS)
async def external(request: Request) -> Quote:
    """Call another service with the shared client, taken from ``request.app.state``."""
    http: HttpClient = request.app.state.http_client
    return Quote(**await http.get_json(f"{upstream.url}/quote"))


def summarize(path: Path) -> Report:
    """Read the file; blocking, so it runs in a lane."""
    with path.open(encoding="utf-8", newline="") as file:
        amounts = [int(row["amount"]) for row in csv.DictReader(file)]
    return Report(lines=len(amounts), total=sum(amounts))


@router.get("/report", responses=BUSY | {504: {"model": Problem, "description": "It took longer than 10 s"}})
async def report() -> Report:
    """Read a file in a thread of a lane: ``open`` in an ``async def`` blocks every other request."""
    return await files.run(summarize, REPORT)
