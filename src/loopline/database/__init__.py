"""The request's transaction: a database whose session commits before the response is sent."""

from __future__ import annotations

from loopline.errors import MissingExtra

try:
    import sqlalchemy  # noqa: F401 - the modules below import it without further ado
except ImportError as error:
    raise MissingExtra("sqlalchemy", "standard") from error

from loopline.database.database import Database

__all__ = ["Database"]
