"""The public page of reports and their routes of the API, as a stranger, a machine and a supervisor meet them."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from people_at import HTML, browser, signed_in
from serving import Served, serving
from test_api import API, JPEG, csrf_of, picture, problem
from test_api_lots import OPENING
from vistobueno.model.bundle import Bundle


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    public = "https://station.example"
    with serving(tmp_path_factory.mktemp("verify"), MODEL_PATH=str(small_bundle.path), PUBLIC_URL=public) as station:
        yield station


@pytest.fixture(scope="module")
def issued(served: Served) -> tuple[dict[str, Any], bytes]:
    """A report, as the API tells of it, and its file."""
    with served.client() as client, signed_in(served, "supervisor") as person:
        lot = client.post(f"{API}/lots", json=OPENING | {"packer": "<b>Ñandú</b>"}).json()["number"]
        here = f"{API}/lots/{lot}"
        for package in client.get(here).json()["packages"]:
            for seed in (1, 2):
                at = {"lot": lot, "package": package}
                client.post(f"{API}/inspections", params=at, content=picture(10 * package + seed), headers=JPEG)
        csrf = csrf_of(person)
        asked = {"language": "es", "zone": "America/Lima"}
        problem(person.post(f"{here}/reports", json=asked, headers=csrf), 409, "report_undecided")
        person.post(f"{here}/decisions", json={"decision": "refused", "reason": "lluvia"}, headers=csrf)
        for wrong, code in (
            ({"language": "fr"}, "invalid"),
            (asked | {"zone": "Lima"}, "zone_unknown"),
            ({}, "invalid"),
        ):
            problem(person.post(f"{here}/reports", json=wrong, headers=csrf), 422, code)
        made, again = (person.post(f"{here}/reports", json=asked, headers=csrf) for _ in range(2))
        assert (made.status_code, again.status_code) == (201, 200) and made.json() == again.json()
        assert client.get(f"{here}/reports").json() == [made.json()]
        pdf = client.get(made.headers["location"])
        assert pdf.headers["content-type"] == "application/pdf" and pdf.content.startswith(b"%PDF")
        problem(client.get(f"{API}/reports/9-9-ES.pdf"), 404, "no_report")
        problem(client.get(f"{API}/lots/99/reports"), 404, "no_lot")
    with signed_in(served, "inspector") as person:
        problem(person.post(f"{here}/reports", json=asked, headers=csrf_of(person)), 403, "not_allowed")
    return made.json(), pdf.content


def public_path(report: dict[str, Any]) -> str:
    return str(report["verification"]).removeprefix("https://station.example")


def test_anybody_sees_what_the_paper_says_and_nothing_else(
    served: Served, issued: tuple[dict[str, Any], bytes]
) -> None:
    report, _ = issued
    with browser(served.url) as stranger:
        page = stranger.get(public_path(report))
        assert page.status_code == 200 and "script-src" not in page.headers["content-security-policy"]
        assert page.headers["referrer-policy"] == "no-referrer" and "noindex" in page.headers["x-robots-tag"]
        for told in (report["number"], report["sha256"], "lluvia", "&lt;b&gt;Ñandú&lt;/b&gt;", "LOTE RECHAZADO"):
            assert told in page.text, told
        missing = stranger.get("/verify/" + "0" * 32)
        assert missing.status_code == 404 and "QR" in missing.text
        for path in (f"{API}/lots/{report['lot']}", f"{API}/reports/{report['number']}.pdf"):
            problem(stranger.get(path, headers={"Accept": "*/*"}), 401, "not_signed_in")


def test_a_copy_is_the_report_only_where_every_byte_is(served: Served, issued: tuple[dict[str, Any], bytes]) -> None:
    report, pdf = issued

    def check(data: bytes, name: str = "report") -> httpx.Response:
        with browser(served.url) as stranger:
            return stranger.post("/verify", files={name: ("r.pdf", data, "application/pdf")})

    same = check(pdf)
    assert same.status_code == 200 and report["number"] in same.text and "identical" in same.text
    for other in (pdf + b"\n", pdf[:-1], pdf.replace(b"/Type", b"/Typo", 1), b"\0" * 1000):
        page = check(other)
        assert page.status_code == 200 and report["number"] not in page.text and 'role="alert"' in page.text
    for response, status in ((check(b"x" * 6_000_000), 413), (check(b""), 422), (check(pdf, "other"), 422)):
        assert response.status_code == status and 'role="alert"' in response.text
    with browser(served.url) as stranger:
        assert stranger.post("/verify", content=pdf).status_code == 415
        cross = stranger.post("/verify", files={"report": pdf}, headers={**HTML, "Origin": "https://elsewhere.example"})
        assert cross.status_code == 403
