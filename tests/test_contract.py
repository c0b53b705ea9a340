"""The API keeps its word: it is asked all that its own description allows, and more, and answers as it says there."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving import Served, serving
from test_api import API, picture
from vistobueno.model.bundle import Bundle

KEPT_TO = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
           "response_schema_conformance", "negative_data_rejection")  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("contract"), MODEL_PATH=str(small_bundle.path)) as station:
        with station.client() as client:  # lists with something in them
            for seed in range(3):
                made = client.post(f"{API}/inspections", content=picture(seed), headers={"Content-Type": "image/jpeg"})
                assert made.status_code == 201
        yield station


def test_every_answer_is_one_that_the_description_names(served: Served, tmp_path: Path) -> None:
    """Schemathesis by its command, not its plugin, which would be imported for every other test too."""
    from vistobueno.web.api.routes import make_api

    description = tmp_path / "openapi.json"
    description.write_text(json.dumps(make_api().openapi()), encoding="utf-8")
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run",
               str(description), "--url", f"{served.url}{API}", "--header", f"Authorization: Bearer {served.secret}",
               "--phases", "examples,coverage,fuzzing", "--checks", ",".join(KEPT_TO), "--max-examples", "30",
               "--generation-deterministic", "--suppress-health-check", "all", "--continue-on-failure",
               "--output-sanitize", "false", "--no-color"]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
