"""The shells of the field's pages, their parts, and what a page that was kept offline asks for."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from people_at import HTML, signed_in
from serving import Served, serving
from vistobueno.cli.drawn import draw_photo
from vistobueno.model.bundle import Bundle

NAME = "</script><img src=x onerror=alert(1)>&amp;.jpg"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("field"), MODEL_PATH=str(small_bundle.path)) as station:
        yield station


@pytest.fixture(scope="module")
def number(served: Served) -> int:
    """An inspection whose file has a name that would be a page's script."""
    file = io.BytesIO()
    draw_photo("apple_fit", 1, (200, 160)).save(file, "JPEG")
    with served.client() as client:
        made = client.post("/api/v1/inspections", files={"photo": (NAME, file.getvalue(), "image/jpeg")})
    return int(made.json()["number"])


def data_in(page: str) -> dict[str, Any]:
    """What the server put into a page for its modules."""
    found = re.search(r'<script type="application/json" id="page">(.*?)</script>', page, re.DOTALL)
    assert found, page
    read: dict[str, Any] = json.loads(found[1])
    return read


def test_each_role_opens_the_pages_of_its_permissions_and_no_other(served: Served, number: int) -> None:
    for role, refused in (("inspector", {"/review"}), ("supervisor", set()), ("admin", set())):
        with signed_in(served, role) as client:
            for path in ("/inspect", "/review", f"/inspections/{number}"):
                answer = client.get(path)
                assert answer.status_code == (403 if path in refused else 200), (role, path)
                if path not in refused:
                    assert f"{client.base_url}".startswith("http") and 'type="module"' in answer.text
    for path in ("/inspect", "/review", f"/inspections/{number}"):
        assert httpx.get(f"{served.url}{path}", headers=HTML).status_code == 303
        assert httpx.get(f"{served.url}{path}").status_code == 401


def test_what_a_file_is_called_stays_data_and_no_script_is_written_into_a_page(served: Served, number: int) -> None:
    with signed_in(served, "inspector") as client:
        answer = client.get(f"/inspections/{number}")
    told = data_in(answer.text)
    assert told["inspection"]["filename"] and "onerror" in told["inspection"]["filename"]
    assert "<img src=x" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy and "script-src 'self'" in policy
    assert [each for each in re.findall(r"<script([^>]*)>", answer.text) if "src=" not in each] == [
        ' type="application/json" id="page"'
    ]


def test_a_part_never_changes_under_its_address_and_another_version_is_not_there(served: Served) -> None:
    with signed_in(served, "inspector") as client:
        page = client.get("/inspect").text
    parts = set(re.findall(r'(?:src|href)="(/field/[^"]+)"', page))
    assert {each.rpartition("/")[2] for each in parts} >= {"inspect.js", "style.css"}
    worker = httpx.get(f"{served.url}/sw.js")
    assert worker.headers["cache-control"] == "no-cache"
    kept = json.loads(re.findall(r"const PARTS = (\[.*?\])", worker.text)[0])
    assert parts <= set(kept)
    for each in kept:
        answer = httpx.get(served.url + each)
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"], each
        for name in re.findall(r'from "\./(\w+\.js)"', answer.text):
            assert f"{each.rpartition('/')[0]}/{name}" in kept  # without a network every import is there
    assert httpx.get(f"{served.url}/field/000000000000/inspect.js").status_code == 404
    for path in ("/field/pages.py", "/field/", "/field/x/y/z.js"):
        assert httpx.get(served.url + path).status_code == 404


def test_a_page_kept_offline_learns_who_is_there_now(served: Served) -> None:
    with signed_in(served, "inspector") as client:
        told = client.get("/field/session").json()
        page = data_in(client.get("/inspect").text)
        assert {name: page[name] for name in told} == told
    assert httpx.get(f"{served.url}/field/session").status_code == 401
    with served.client() as machine:
        assert machine.get("/field/session").status_code == 403  # a key has no page


def test_a_language_is_chosen_with_the_session_s_token_alone(served: Served) -> None:
    with signed_in(served, "supervisor") as client:
        token = {"X-CSRF-Token": client.get("/field/session").json()["csrf"]}
        for body in (b"", b"{", b'{"language": "fr"}', b'["es"]', b"x" * 5_000):
            answer = client.post("/field/language", content=body, headers=token)
            assert answer.status_code in (400, 413), body[:20]
        assert client.post("/field/language", json={"language": "es"}).status_code == 403
        assert client.get("/field/session").json()["language"] == "en"
        assert client.post("/field/language", json={"language": "es"}, headers=token).status_code == 204
        assert client.get("/field/session").json()["language"] == "es"
        client.post("/field/language", json={"language": "en"}, headers=token)


def test_a_number_that_is_none_is_not_found_however_long(served: Served) -> None:
    with signed_in(served, "inspector") as client:
        for number in ("0", "x", "-1", "1.5", "٣", "9" * 5_000, "99999999"):
            assert client.get(f"/inspections/{number}").status_code == 404, number[:20]


def test_the_page_can_be_installed(served: Served) -> None:
    manifest = httpx.get(f"{served.url}/app.webmanifest").json()
    assert manifest["display"] == "standalone" and manifest["start_url"] == "/inspect"
    for each in manifest["icons"]:
        assert httpx.get(served.url + each["src"]).status_code == 200
