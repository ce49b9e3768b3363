"""The application of the reference service: ``uvicorn loopline.demo.app:app`` serves it too."""

from __future__ import annotations

from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles

from loopline.demo import (
    async_database,
    background_work,
    blocking_calls,
    concurrent_calls,
    cpu_work,
    external_calls,
    mistakes,
    mixed_dependencies,
    start_page,
)
from loopline.demo.refusals import refuse
from loopline.demo.resources import db, jobs, resources
from loopline.errors import MissingExtra
from loopline.health import health_routes
from loopline.metrics import Metrics

try:
    from fastapi_offline import FastAPIOffline
except ModuleNotFoundError as error:
    raise MissingExtra("fastapi-offline", "demo") from error

__all__ = ["MOST_BYTES", "app"]

MOST_BYTES = 100_000  # of a request's body; the largest that fits a route has some hundred

# /docs with its script and style from here: FastAPI's own page fetches them from the Internet.
app = FastAPIOffline(
    title="Loopline's reference service",
    description="Every pattern of FastAPI async processing, done right. The start page is at `/`.",
    lifespan=resources,
    exception_handlers={RequestValidationError: refuse},
    max_body_size=MOST_BYTES,
)
app.mount("/page", StaticFiles(directory=start_page.PAGE))
app.mount("/metrics", Metrics())
for pattern in (
    start_page,
    external_calls,
    cpu_work,
    blocking_calls,
    mixed_dependencies,
    concurrent_calls,  # before async_database: /users/batch would be taken for a user's id
    async_database,
    background_work,
    mistakes,
):
    app.include_router(pattern.router)
app.include_router(health_routes(database=db.ping, jobs=jobs.check_tables))
