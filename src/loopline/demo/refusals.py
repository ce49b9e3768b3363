"""The answer to a request that does not fit: what is wrong with it, without repeating it."""

from __future__ import annotations

from fastapi import Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

__all__ = ["refuse"]


async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
    """Answer 422 as FastAPI does, but for the input: NaN or half a surrogate pair can be read from JSON, not written.

    FastAPI's own handler fails on them, and the client gets a 500 for its mistake.
    """
    problems = [{key: value for key, value in problem.items() if key != "input"} for problem in error.errors()]
    return JSONResponse({"detail": jsonable_encoder(problems)}, status_code=422)
