"""The tables of the reference service, and the rows it starts with."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import DateTime, ForeignKey, String, func, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from loopline.database import Database

__all__ = ["DEMO_TOKEN", "Base", "Item", "Order", "User", "hash_token", "tables"]

DEMO_TOKEN = "ada-demo-token"  # noqa: S105 - public on purpose: it opens nothing but the demo's /profile


class Base(DeclarativeBase):
    """What the tables hang on."""


class User(Base):
    """Somebody who orders. Only the hash of a token is kept."""

    __tablename__ = "demo_users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(100), unique=True)
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)


class Item(Base):
    """Something to order. The price is in cents."""

    __tablename__ = "demo_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    price: Mapped[int]


class Order(Base):
    """An order; its receipt is written after the response."""

    __tablename__ = "demo_orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("demo_users.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("demo_items.id"))
    quantity: Mapped[int]
    note: Mapped[str] = mapped_column(String(200), default="")
    receipt: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: datetime.now(UTC))


USERS = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Barbara Liskov", "Edsger Dijkstra")
ITEMS = (
    ("Ticket", 250),
    ("Timetable", 400),
    ("Lamp", 1900),
    ("Whistle", 700),
    ("Lantern", 2350),
    ("Signal flag", 1150),
)


LOCK = 0x64656D6F  # "demo": processes that start together make the tables one after the other


def hash_token(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


@asynccontextmanager
async def tables(db: Database) -> AsyncIterator[None]:
    """Make the tables where they are missing, and fill empty ones. A resource; the database must have started.

    Args:
        db: The database.
    """
    async with db.begin() as session:
        connection = await session.connection()
        if connection.dialect.name == "postgresql":  # on SQLite there is one writer anyway
            await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        await connection.run_sync(Base.metadata.create_all)
        if not await session.scalar(select(func.count()).select_from(User)):
            for name in USERS:
                first = name.split()[0].lower()
                token = hash_token(DEMO_TOKEN) if first == "ada" else None
                session.add(User(name=name, email=f"{first}@example.com", token_hash=token))
            session.add_all(Item(name=name, price=price) for name, price in ITEMS)
    yield
