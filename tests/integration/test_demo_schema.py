"""Nothing a client sends gives a 500: schemathesis makes requests from the OpenAPI schema, valid ones and others."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error

# The two mistakes are exempt; /external-api and /users/batch may be told to hang, which takes seconds each.
EXEMPT = "^/(bad|wrong)$"

schema = schemathesis.pytest.from_fixture("demo_schema")


@pytest.fixture(scope="module")
def demo_schema(demo: Any) -> Any:
    """The schema of the running reference service."""
    return schemathesis.openapi.from_url(f"{demo.url}/openapi.json").exclude(path_regex=EXEMPT)


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_request_gets_an_answer_that_the_schema_names(case: schemathesis.Case[Any]) -> None:
    response = case.call(timeout=30)
    assert response.status_code != 500
    # 502, 503 and 504 are documented answers, of the upstream and of overload, and not faults of the service.
    case.validate_response(response, excluded_checks=[not_a_server_error])
