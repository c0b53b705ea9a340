"""The API keeps its word: it is asked all that its own description allows, and more, and answers as it says there."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from serving import Served, serving
from test_api import API, picture
from vistobueno.model.bundle import Bundle
from vistobueno.web.api.routes import make_api

KEPT_TO = [not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
           response_schema_conformance, negative_data_rejection]  # fmt: skip
schema: Any = schemathesis.openapi.from_dict(make_api().openapi())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("contract"), MODEL_PATH=str(small_bundle.path)) as station:
        with station.client() as client:  # lists with something in them
            for seed in range(3):
                made = client.post(f"{API}/inspections", content=picture(seed), headers={"Content-Type": "image/jpeg"})
                assert made.status_code == 201
        yield station


@schema.parametrize()
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_description_names(case: Any, served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.secret}"}
    case.call_and_validate(base_url=f"{served.url}{API}", headers=headers, checks=KEPT_TO)
