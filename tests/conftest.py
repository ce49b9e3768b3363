"""What all tests share."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Loopline runs on asyncio, as FastAPI's servers do."""
    return "asyncio"
