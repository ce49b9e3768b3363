"""Nothing a client sends gives a 500: schemathesis makes requests from the OpenAPI schema, fitting ones and others."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import unsupported_method

from loopline.demo.app import app

# Here to be caught, and labelled as mistakes.
MISTAKES = ("/bad", "/wrong")

SCHEMA: Any = schemathesis.openapi.from_dict(app.openapi())
OPERATIONS = [operation for found in SCHEMA.get_all_operations() if (operation := found.ok()).path not in MISTAKES]


@pytest.mark.parametrize(
    ("operation", "mode"),
    [
        pytest.param(operation, mode, id=f"{operation.label} {mode.value}")
        for operation in OPERATIONS
        for mode in GenerationMode
        # Without a parameter there is nothing to send that would not fit.
        if mode is GenerationMode.POSITIVE or operation.query or operation.path_parameters or operation.body
    ],
)
def test_every_request_gets_an_answer_that_the_schema_names(operation: Any, mode: GenerationMode, demo: Any) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers(case: Any) -> None:
        response = case.call(base_url=demo.url, timeout=30)
        assert response.status_code != 500
        if response.status_code == 400:  # not HTTP, or not JSON: refused before any route
            assert response.content
            return
        # 502, 503 and 504 are documented answers, of the upstream and of overload, and no faults of the service.
        case.validate_response(response, excluded_checks=[not_a_server_error, unsupported_method])

    answers()
