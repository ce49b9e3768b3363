"""Pattern: work after the response. Jobs, stored in the request's transaction, with ids and never with its objects."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from loopline.demo.resources import BUSY, Id, Problem, ReadSession, Session, Text, jobs
from loopline.demo.tables import Item, Order, User
from loopline.jobs import Retry, current_job

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


@router.post("/send-notification", status_code=202, responses=BUSY)
async def send_notification(notification: Notification, session: Session, background: BackgroundTasks) -> Accepted:
    """Answer at once and do the rest later: the message in a job, which no crash loses.

    FastAPI's own background tasks are lost in one: fit for a log line.
    """
    background.add_task(write_log_line, notification.email)
    background.add_task(count_notification, notification.email)
    await deliver.enqueue(session, notification.email, notification.message)
    return Accepted(message=f"{notification.email} will be notified.")


@jobs.task
async def deliver(email: str, message: str) -> None:
    """Deliver a message at least once: after a crash perhaps again, with the same key, so that it can be told."""
    logger.info("message to %s delivered, %d characters, key %d", email, len(message), current_job.get().id)


@router.post("/print-label", status_code=202, responses=BUSY)
async def print_label(session: Session, parcel: Annotated[int, Query(ge=1, le=10**6)] = 1) -> Accepted:
    """Store a job that fails at its first attempt, and is discarded: open the dashboard, read why, try it again."""
    await send_to_printer.enqueue(session, parcel)
    return Accepted(message=f"The label of parcel {parcel} will be printed: at the second attempt.")


@jobs.task(retry=Retry(attempts=1))
async def send_to_printer(parcel: int) -> None:
    """Print a label, once somebody has looked after the printer."""
    if current_job.get().attempt == 1:
        raise RuntimeError(f"the printer has no paper for the label of parcel {parcel}")
    logger.info("label of parcel %d printed", parcel)


@jobs.transactional
async def write_receipt(session: AsyncSession, order_id: int) -> None:
    """Write an order's receipt exactly once: it and the job's completion are one transaction."""
    order = await session.get_one(Order, order_id)
    item = await session.get_one(Item, order.item_id)
    order.receipt = f"{order.quantity} × {item.name}: {order.quantity * item.price / 100:.2f}"


@router.post(
    "/orders",
    status_code=201,
    responses=BUSY | {404: {"model": Problem, "description": "There is no such user or item"}},
)
async def create_order(order: OrderIn, session: Session) -> OrderOut:
    """Store an order and the job that writes its receipt, in one transaction, committed before the response is sent."""
    if await session.get(User, order.user_id) is None:
        raise HTTPException(404, f"There is no user {order.user_id}. GET /users/1 shows one that there is.")
    if await session.get(Item, order.item_id) is None:
        raise HTTPException(404, f"There is no item {order.item_id}. GET /items lists those that there are.")
    row = Order(**order.model_dump())
    session.add(row)
    await session.flush()
    await write_receipt.enqueue(session, row.id)
    return OrderOut.model_validate(row)


@router.get("/orders/{order_id}", responses=BUSY | {404: {"model": Problem, "description": "There is no such order"}})
async def order(order_id: Id, session: ReadSession) -> OrderOut:
    """Read an order, with its receipt once that is written."""
    found = await session.get(Order, order_id)
    if found is None:
        raise HTTPException(404, f"There is no order {order_id}. POST /orders makes one.")
    return OrderOut.model_validate(found)
