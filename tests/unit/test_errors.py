"""The errors of Loopline: what a client is told, and that they survive a trip between processes."""

from __future__ import annotations

import pickle

import pytest
from starlette.exceptions import HTTPException

import loopline
from loopline import (
    DatabaseBusy,
    LaneFull,
    LaneTimeout,
    LaneUnavailable,
    LooplineError,
    MissingExtra,
    UpstreamError,
    UpstreamTimeout,
)

HTTP_ERRORS = [
    (LaneFull("full", 3), 503),
    (DatabaseBusy("busy", 2), 503),
    (LaneUnavailable("no cluster", "at inner:6379: refused", 5), 503),
    (LaneTimeout("late"), 504),
    (UpstreamTimeout("GET http://inner/secret"), 504),
    (UpstreamError("GET http://inner/secret", 500), 502),
]


@pytest.mark.parametrize(("error", "status"), HTTP_ERRORS, ids=lambda value: type(value).__name__)
def test_an_error_that_a_request_meets_carries_its_status(error: HTTPException, status: int) -> None:
    assert error.status_code == status
    assert isinstance(error, LooplineError)


@pytest.mark.parametrize(
    "error",
    [LaneFull("full", 3), DatabaseBusy("busy", 3), LaneUnavailable("no cluster", "at inner:6379: refused", 3)],
    ids=lambda e: type(e).__name__,
)
def test_an_overload_says_when_to_try_again(error: HTTPException) -> None:
    assert error.headers == {"Retry-After": "3"}


@pytest.mark.parametrize("error", [error for error, _ in HTTP_ERRORS if "inner" in str(error)], ids=repr)
def test_the_client_is_not_told_about_the_other_service(error: HTTPException) -> None:
    assert "inner" not in error.detail
    assert "inner" in str(error), "the log is told"


def test_timeouts_are_timeout_errors_and_missing_packages_import_errors() -> None:
    assert isinstance(LaneTimeout("late"), TimeoutError)
    assert isinstance(UpstreamTimeout("late"), TimeoutError)
    assert isinstance(MissingExtra("asyncpg", "postgres"), ImportError)


@pytest.mark.parametrize(
    "error", [*[error for error, _ in HTTP_ERRORS], MissingExtra("asyncpg", "postgres")], ids=lambda e: type(e).__name__
)
def test_an_error_survives_pickling(error: Exception) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy).keys() == vars(error).keys()


def test_every_error_is_public_and_says_what_happened() -> None:
    for name in loopline.errors.__all__:
        assert name in loopline.__all__
        docstring = getattr(loopline, name).__doc__
        assert docstring is not None
        assert docstring.startswith(("Raised when", "The base"))
