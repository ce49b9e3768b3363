"""What the chaos tests share."""

from __future__ import annotations

from databases import database_url, new_postgres_database, postgres_server, postgres_url, sqlite_url

__all__ = ["database_url", "new_postgres_database", "postgres_server", "postgres_url", "sqlite_url"]
