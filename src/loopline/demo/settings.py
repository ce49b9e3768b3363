"""What the reference service can be told from outside."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

__all__ = ["DATABASE_URL_VARIABLE", "DEFAULT_DATABASE_URL", "RAY_ADDRESS_VARIABLE", "Settings"]

DATABASE_URL_VARIABLE = "LOOPLINE_DEMO_DATABASE_URL"
RAY_ADDRESS_VARIABLE = "LOOPLINE_DEMO_RAY_ADDRESS"
DEFAULT_DATABASE_URL = "sqlite+aiosqlite:///loopline-demo.db"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings, read from the environment when this object is made.

    Attributes:
        database_url: Where the data is kept: ``sqlite+aiosqlite:///FILE`` or ``postgresql+asyncpg://…``.
        ray_address: Where a Ray cluster is, ``HOST:PORT`` or ``ray://HOST:10001``; None if there is none.
    """

    database_url: str = field(default_factory=lambda: os.environ.get(DATABASE_URL_VARIABLE) or DEFAULT_DATABASE_URL)
    ray_address: str | None = field(default_factory=lambda: os.environ.get(RAY_ADDRESS_VARIABLE) or None)
