"""Whoever makes an error, a machine reads it as a problem document, a Triton client as its own, a person as a page."""

import gzip
from collections.abc import Iterator

import httpx
import pytest

from people_at import HTML, signed_in
from serving import Served, serving
from vistobueno.desk.shell import PLACES
from vistobueno.model.bundle import Bundle
from vistobueno.settings import Settings

KEY = "a key that Prometheus alone knows"
BROKEN = """
from vistobueno.web.api import lists
from vistobueno.web.oip import models
lists.me_as = models._statistics_of = lambda _: 1 / 0
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("answers")
    with serving(
        home, BROKEN, MODEL_PATH=str(small_bundle.path), METRICS_KEY=KEY, TRUSTED_PROXIES="127.0.0.1"
    ) as station:
        station.secret = station.key()
        yield station


def test_every_error_is_in_words_that_a_machine_can_read(served: Served) -> None:
    packed = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    cases: list[tuple[str, str, dict[str, str], int, str]] = [
        ("GET", "/api/v1/nowhere", {}, 404, ""),
        ("GET", "/api/v2", {}, 404, ""),
        ("PUT", "/api/v1/inspections", {}, 405, "GET, POST"),
        ("DELETE", "/api/v1/inspections/1", {}, 405, "GET"),
        ("GET", "/api/v1/batches", {}, 405, "POST"),
        ("POST", "/healthz", {}, 405, "GET, HEAD"),
        ("DELETE", "/login", {}, 405, "GET, HEAD, POST"),
        ("POST", "/static/x.js", {}, 405, "GET, HEAD"),
        ("PATCH", "/nowhere", {}, 404, ""),
        ("GET", "/static/x.js", {}, 404, ""),
        ("GET", "/static/%2e%2e/x", {}, 404, ""),
        ("GET", "/_stcore/bidi-components/x/y", {}, 404, ""),
        ("GET", "/_stcore/nothing", {}, 404, ""),
        ("GET", "/api/v1/me", {}, 500, ""),
        ("POST", "/api/v1/inspections", {**packed, "Content-Type": "image/jpeg"}, 415, ""),
        ("POST", "/api/v1/batches", {**packed, "Content-Type": "application/zip"}, 415, ""),
        ("POST", "/api/v1/inspections/1/reviews", packed, 415, ""),
        ("POST", "/api/v1/inspections", {"Content-Encoding": "br", "Content-Type": "image/jpeg"}, 415, ""),
        ("POST", "/login", packed, 415, ""),
        ("GET", "/v2/nowhere", {}, 404, ""),
        ("POST", "/v2/nowhere", {}, 404, ""),
        ("POST", "/v2/models/small", {}, 405, "GET, HEAD"),
        ("GET", "/v2/models/small/infer", {}, 405, "POST"),
        ("DELETE", "/v2/models/small", {}, 405, "GET, HEAD"),
        ("GET", "/v2/repository/index", {}, 405, "POST"),
        ("POST", "/v2/models/small/infer", packed, 415, ""),
        ("POST", "/v2/repository/models/small/load", {}, 403, ""),
        ("GET", "/v2/models/stats", {}, 500, ""),
    ]
    with served.client() as client:
        for method, path, headers, status, allow in cases:
            answer = client.request(method, path, headers=headers, content=gzip.compress(b"{}"))
            assert answer.status_code == status, (method, path, answer.text)
            assert sorted(answer.headers.get("allow", "").split(", ")) == allow.split(", "), (method, path)
            if path.startswith("/v2"):
                assert answer.json()["error"], (method, path)
            else:
                assert answer.headers["content-type"] == "application/problem+json", (method, path)
                assert {"type", "title", "status", "detail", "code", "request_id"} <= set(answer.json())
            assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["x-request-id"]
            assert status != 415 or answer.headers["accept-encoding"] == "identity"


def test_a_page_that_does_not_exist_is_said_to_be_none(served: Served) -> None:
    addresses = ["/", *(f"/{each.address}" for each in PLACES[1:])]
    with signed_in(served, "supervisor") as client:
        for address in addresses:
            assert client.get(address).status_code == 200
            assert client.get(f"{address}?n={'9' * 5000}").status_code == 200
        for address in ("/nowhere", "/history/1", "/index.html", "/a/b/c", "/home.php", "/histor", "/HISTORY"):
            answer = client.get(address)
            assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8"), address
            assert 'href="/"' in answer.text and "<script" not in answer.text
            assert client.get(address, headers={"Accept": "*/*"}).json()["code"] == "not_found"
            assert client.head(address).status_code == 404
    assert httpx.get(f"{served.url}/nowhere", headers=HTML).headers["location"].startswith("/login")
    assert httpx.get(f"{served.url}/nowhere").status_code == 401


def test_metrics_name_routes_that_are_known_and_nothing_that_was_asked_for(served: Served) -> None:
    beginnings = ("/", "/_stcore/", "/_stcore/stream/", "/_stcore/upload_file/", "/media/", "/static/", "/component/",
                  "/app/static/", "/v2/models/", "/v2/", "/api/v1/", "/api/v1/inspections/", "/login/", "/login/link/")  # fmt: skip
    with served.client() as known, httpx.Client(base_url=served.url) as stranger:
        for number, beginning in enumerate(beginnings * 3):
            for client in (known, stranger):
                for method in ("GET", "POST", "PROPFIND", "MKCOL"):
                    client.request(method, f"{beginning}stranger{number}")
        text = stranger.get("/metrics").text
    assert "ood_score" not in text and "PROPFIND" not in text and len(text) < 200_000
    assert 'method="other",route="other"' in text and 'route="/api/v1/inspections/{number}"' in text


def test_metrics_are_for_the_addresses_and_the_key_that_the_settings_name(served: Served) -> None:
    def status(address: str, key: str = "") -> int:
        headers = {"X-Forwarded-For": address, **({"Authorization": f"Bearer {key}"} if key else {})}
        return httpx.get(f"{served.url}/metrics", headers=headers).status_code

    assert httpx.get(f"{served.url}/metrics").status_code == 200
    assert status("203.0.113.7", KEY) == 200
    assert [status(each) for each in ("203.0.113.7", "127.0.0.1", "::1", "nonsense")] == [401] * 4
    assert [status("203.0.113.7", each) for each in (served.secret, KEY[:-1], "x")] == [401] * 3


def test_who_may_read_metrics_is_a_setting() -> None:
    from starlette.requests import HTTPConnection

    from vistobueno.web.middleware.guard import may_read_metrics
    from vistobueno.web.middleware.proxies import resolve_forwarded

    def may(peer: str, forwarded: str = "", trusted: str = "", **settings: str) -> bool:
        headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
        scope = {"type": "http", "client": (peer, 1234), "headers": headers, "path": "/metrics", "state": {}}
        return may_read_metrics(HTTPConnection(resolve_forwarded(scope, trusted)), None, Settings(**settings))  # type: ignore[arg-type]

    inside = {"metrics_from": "10.0.0.0/8"}
    assert may("127.0.0.1") and may("::1") and not may("10.1.2.3") and not may("127.0.0.1", "127.0.0.1")
    assert may("10.1.2.3", **inside) and not may("127.0.0.1", **inside) and may("203.0.113.7", metrics_from="*")
    assert not may("10.1.2.3", "10.9.9.9", **inside), "a proxy that nobody trusts may stand for anyone"
    assert may("192.0.2.1", "10.9.9.9", "192.0.2.1", **inside)
    assert not may("10.1.2.3", "203.0.113.7", "10.1.2.3", **inside)
    assert not may("10.1.2.3", "no address", "10.1.2.3", **inside)
