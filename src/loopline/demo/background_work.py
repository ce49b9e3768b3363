"""Pattern: work after the response. An id and a session of its own, never the request's objects."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, HTTPException
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from loopline.demo.resources import BUSY, Id, Problem, ReadSession, Session, Text, db
from loopline.demo.tables import Item, Order, User
from loopline.errors import DatabaseBusy

__all__ = ["router"]

router = APIRouter(tags=["background work"])
logger = logging.getLogger("loopline.demo")

# Printable ASCII around one @: no white space, so nothing that could forge a log line.
Email = Annotated[str, StringConstraints(pattern=r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$", max_length=100)]
RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Notification(BaseModel):
    """Whom to tell what."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "ada@example.com", "message": "Hello"}]})

    email: Email
    message: Text


class Accepted(BaseModel):
    """What was promised."""

    message: str


class OrderIn(BaseModel):
    """What is ordered."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"user_id": 1, "item_id": 2, "quantity": 3}]})

    user_id: RowId
    item_id: RowId
    quantity: Annotated[int, Field(ge=1, le=1000)] = 1
    note: Text = ""


class OrderOut(BaseModel):
    """An order; its receipt comes after the response."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    user_id: int
    item_id: int
    quantity: int
    note: str
    receipt: str | None


def write_log_line(email: str) -> None:
    """A sync background task: FastAPI runs it in a thread."""
    logger.info("notification for %s: log line written by a sync task", email)


async def count_notification(email: str) -> None:
    """An async background task: it runs on the loop."""
    logger.info("notification for %s: counted by an async task", email)


@router.post("/send-notification", status_code=202)
async def send_notification(notification: Notification, background: BackgroundTasks) -> Accepted:
    """Answer at once and do the rest later. FastAPI's own background tasks are lost in a crash: fit for a log line."""
    background.add_task(write_log_line, notification.email)
    background.add_task(count_notification, notification.email)
    return Accepted(message=f"{notification.email} will be notified.")


async def write_receipt(order_id: int) -> None:
    """Write an order's receipt in a transaction of its own: the request's session is closed by now."""
    try:
        async with db.begin() as session:
            order = await session.get_one(Order, order_id)
            item = await session.get_one(Item, order.item_id)
            order.receipt = f"{order.quantity} × {item.name}: {order.quantity * item.price / 100:.2f}"
    except DatabaseBusy:
        # The request has been answered: there is nobody left to tell but the log.
        logger.warning("order %d has no receipt: the database was busy", order_id)


@router.post(
    "/orders",
    status_code=201,
    responses=BUSY | {404: {"model": Problem, "description": "There is no such user or item"}},
)
async def create_order(order: OrderIn, session: Session, background: BackgroundTasks) -> OrderOut:
    """Store an order. It is committed before the response is sent; the receipt is written afterwards."""
    if await session.get(User, order.user_id) is None:
        raise HTTPException(404, f"There is no user {order.user_id}. GET /users/1 shows one that there is.")
    if await session.get(Item, order.item_id) is None:
        raise HTTPException(404, f"There is no item {order.item_id}. GET /items lists those that there are.")
    row = Order(**order.model_dump())
    session.add(row)
    await session.flush()
    background.add_task(write_receipt, row.id)
    return OrderOut.model_validate(row)


@router.get("/orders/{order_id}", responses=BUSY | {404: {"model": Problem, "description": "There is no such order"}})
async def order(order_id: Id, session: ReadSession) -> OrderOut:
    """Read an order, with its receipt once that is written."""
    found = await session.get(Order, order_id)
    if found is None:
        raise HTTPException(404, f"There is no order {order_id}. POST /orders makes one.")
    return OrderOut.model_validate(found)
