"""What the two hand-written services share: tables, first rows, answers, and where the other services are."""

from __future__ import annotations

import os
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.service.upstream import URL

__all__ = [
    "DATABASE",
    "UPSTREAM",
    "WORKERS",
    "Base",
    "Batch",
    "Item",
    "ItemOut",
    "Person",
    "PersonError",
    "User",
    "UserIds",
    "UserOut",
    "first_rows",
]

# Read when a service is imported, as a module-level engine needs it.
DATABASE = os.environ.get("SHOP_DATABASE", "shop.db")
UPSTREAM = os.environ.get(URL, "http://127.0.0.1:9")
WORKERS = 2  # processes for CPU work in every service, whatever the machine


class Base(DeclarativeBase):
    """What the tables hang on."""


class User(Base):
    """Somebody who orders."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(100), unique=True)


class Item(Base):
    """Something to order. The price is in cents."""

    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    price: Mapped[int]


def first_rows() -> list[Base]:
    """Return what an empty database is filled with: as in the reference service."""
    names = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Barbara Liskov", "Edsger Dijkstra")
    prices = {
        "Ticket": 250,
        "Timetable": 400,
        "Lamp": 1900,
        "Whistle": 700,
        "Lantern": 2350,
        "Signal flag": 1150,
    }
    return [
        *(User(name=name, email=f"{name.split()[0].lower()}@example.com") for name in names),
        *(Item(name=name, price=price) for name, price in prices.items()),
    ]


class UserOut(BaseModel):
    """A user as others see one."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    email: str


class ItemOut(BaseModel):
    """An item as others see one."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    price: int


class Person(BaseModel):
    """Somebody the other service knows."""

    id: int
    name: str


class PersonError(BaseModel):
    """Why one of them could not be had."""

    user_id: int
    error: str


class Batch(BaseModel):
    """Those that could be had, and those that could not."""

    users: list[Person]
    errors: list[PersonError]


UserIds = Annotated[list[Annotated[int, Field(ge=1, le=2**31 - 1)]], Query(min_length=1, max_length=50)]
