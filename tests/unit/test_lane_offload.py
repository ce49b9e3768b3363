"""offload: the decorated function keeps what FastAPI reads, and a worker process finds the function behind it."""

from __future__ import annotations

import inspect
import os
from typing import Annotated, Any

import lane_offloaded
import pytest
from fastapi import Depends, FastAPI, Query
from lane_offloaded import Report, layered, shadowed, where
from pydantic import BaseModel

from loopline import ConfigurationError, ThreadLane, lifespan
from loopline.testing import client

pytestmark = pytest.mark.anyio


class Page(BaseModel):
    """What the endpoint answers with; its annotations are strings, and this class is found by name."""

    numbers: list[int]
    user: str


async def test_a_worker_process_finds_the_function_behind_its_decorators() -> None:
    async with lane_offloaded.lane:
        assert await where() != os.getpid()
        assert await layered(3, scale=5) == 31, "2 * (3 * 5) in the worker, and 1 more here"
        assert await Report.rows(3) == [0, 1, 2]


async def test_a_function_whose_name_means_another_by_now_is_refused() -> None:
    async with lane_offloaded.lane:
        with pytest.raises(ConfigurationError, match=r"lane_offloaded\.replaced is not the function"):
            await shadowed()


lane = ThreadLane("lane", size=2)
app = FastAPI(lifespan=lifespan(lane))


@lane.offload
def user(token: str = "nobody") -> str:
    """Who asks."""
    return token


@app.get("/page")
@lane.offload
def page(numbers: Annotated[list[int], Query()], user: Annotated[str, Depends(user)]) -> Page:
    """A page of numbers."""
    return Page(numbers=numbers, user=user)


async def test_fastapi_reads_an_offloaded_endpoint_and_dependency_as_before() -> None:
    assert inspect.iscoroutinefunction(page), "else FastAPI would run it in its own threads"
    async with client(app) as http:
        answer = await http.get("/page?numbers=1&numbers=2&token=me")
        assert answer.json() == {"numbers": [1, 2], "user": "me"}
        assert lane.statistics().completed == 2, "one call for the dependency, one for the endpoint"
        assert (await http.get("/page?numbers=x")).status_code == 422
        operation = (await http.get("/openapi.json")).json()["paths"]["/page"]["get"]
    assert operation["description"] == "A page of numbers."
    assert [parameter["name"] for parameter in operation["parameters"]] == ["numbers", "token"]
    answered = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert answered == {"$ref": "#/components/schemas/Page"}


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (lambda: Awaiting().method, "await it on the event loop"),
        (lambda: Awaiting.class_method, "await it on the event loop"),
        (lambda: Yielding(), "returns a list"),
        (lambda: async_generator, "await it on the event loop"),
    ],
)
def test_what_would_not_do_its_work_in_the_lane_is_refused_at_definition(make: Any, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice):
        ThreadLane("lane").offload(make())


class Awaiting:
    async def method(self) -> None: ...

    @classmethod
    async def class_method(cls) -> None: ...


class Yielding:
    def __call__(self) -> Any:
        yield 1


async def async_generator() -> Any:
    yield 1
