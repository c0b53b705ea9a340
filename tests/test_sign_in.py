"""The pages in front of the station, without a script, as a browser meets them."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import OTHER, PASSWORD
from cases import for_each
from people_at import access_of, browser, csrf_in, person_of, sign_in
from serving import Served, serving
from vistobueno.accounts import COOKIE
from vistobueno.core.inspection import SYSTEM
from vistobueno.i18n import say
from vistobueno.model.bundle import Bundle
from vistobueno.web.auth.sign_in import safe_next


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("pages"), MODEL_PATH=str(small_bundle.path)) as station:
        yield station


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with browser(served.url) as opened:
        yield opened


def test_the_first_admin_opens_the_printed_link_once(served: Served, client: httpx.Client) -> None:
    link = re.search(r"http://localhost:\d+(/login/link/[\w-]+)", served.log)
    assert link
    page = client.get(link[1])
    assert page.status_code == 200 and "First administrator" in page.text
    fields = {"csrf": csrf_in(page.text), "email": "root@example.org", "name": "Root", "password": PASSWORD}
    differ = client.post(link[1], data={**fields, "repeat": OTHER})
    assert (
        differ.status_code == 422
        and say("en", "entry_password_differ") in differ.text
        and "root@example.org" in differ.text
    )
    short = client.post(link[1], data={**fields, "password": "short", "repeat": "short"})
    assert short.status_code == 422 and "at least 12" in short.text
    made = client.post(link[1], data={**fields, "repeat": PASSWORD})
    assert made.status_code == 303
    assert client.get("/api/v1/me").json()["role"] == "admin"
    assert client.get(link[1]).status_code == 404


@pytest.mark.parametrize(("language", "words"), [("es", "no son correctos"), ("en", "is wrong")])
def test_a_wrong_password_is_said_in_words_and_the_address_is_kept(
    served: Served, client: httpx.Client, language: str, words: str
) -> None:
    client.get(f"/login?language={language}")
    answer = sign_in(client, "nobody@example.org", "<script>alert(1)</script>")
    assert answer.status_code == 401
    assert words in answer.text and 'role="alert"' in answer.text and 'value="nobody@example.org"' in answer.text
    assert "<script" not in answer.text and COOKIE not in client.cookies


def test_while_the_database_is_away_a_person_reads_words_and_a_machine_a_problem(
    tmp_path: Path, small_bundle: Bundle
) -> None:
    with serving(tmp_path, MODEL_PATH=str(small_bundle.path)) as station, browser(station.url) as client:
        with access_of(station) as access:
            email = person_of(access, "inspector").email
        assert sign_in(client, email, PASSWORD).status_code == 303
        guest = browser(station.url)
        form = csrf_in(guest.get("/login").text)
        file = station.settings.data_dir / "vistobueno.sqlite"
        away = file.rename(file.with_name("away.sqlite"))
        for answer in (
            client.get("/login"),
            client.get("/history"),
            client.get("/password"),
            guest.post("/login", data={"csrf": form, "email": email, "password": PASSWORD}),
        ):
            assert answer.status_code == 503
            assert answer.headers["content-type"].startswith("text/html")
        spoken = [client.get(path).headers["content-language"] for path in ("/login", "/history")]
        assert spoken == ["en", "en"]  # as was chosen in this browser: who asks cannot be known now
        spanish = client.get("/login?language=es", headers={"Accept-Language": "es"})
        assert (spanish.status_code, spanish.headers["retry-after"]) == (503, "5")
        assert "La base de datos no responde." in spanish.text and 'href="/login"' in spanish.text
        assert spanish.headers["content-security-policy"].startswith("default-src 'none'")
        machine = client.get("/login", headers={"Accept": "application/json"})
        assert (machine.status_code, machine.json()["code"]) == (503, "database_away")
        away.rename(file)
        assert client.get("/login").status_code == 303
        guest.close()


def test_production_without_tls_says_that_it_wants_https(tmp_path: Path, small_bundle: Bundle) -> None:
    variables = {"MODEL_PATH": str(small_bundle.path), "ENV": "production", "SECRET_KEY": "0" * 64}
    with serving(tmp_path, **variables) as station, browser(station.url) as plain:
        answer = sign_in(plain, "ana@example.org", PASSWORD)
        assert answer.status_code == 400
        assert "https://" in answer.text and 'value="ana@example.org"' in answer.text


def test_production_without_a_secret_does_not_start(tmp_path: Path, small_bundle: Bundle) -> None:
    start = serving(tmp_path, MODEL_PATH=str(small_bundle.path), ENV="production")
    with pytest.raises(AssertionError, match="openssl rand -hex 32"), start:
        pass


def test_an_address_that_is_a_program_is_shown_as_text(client: httpx.Client) -> None:
    answer = sign_in(client, '"><script>alert(1)</script>')
    assert "<script" not in answer.text and "&lt;script&gt;" in answer.text


def test_too_many_failures_are_told_with_the_time_to_wait(served: Served, client: httpx.Client) -> None:
    answers = [sign_in(client, "guessed@example.org", "wrong") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 120


@pytest.mark.parametrize("csrf", ["", "0" * 64, "of another browser"])
def test_a_form_that_is_not_this_browser_s_does_nothing(served: Served, client: httpx.Client, csrf: str) -> None:
    with access_of(served) as access:
        person_of(access, "inspector")
    client.get("/login")
    if csrf == "of another browser":
        with browser(served.url) as other:
            csrf = csrf_in(other.get("/login").text)
    answer = client.post("/login", data={"csrf": csrf, "email": "inspector@example.org", "password": PASSWORD})
    assert answer.status_code == 400 and COOKIE not in client.cookies


def test_the_session_s_cookie_is_out_of_reach_of_scripts_and_other_sites(served: Served, client: httpx.Client) -> None:
    with access_of(served) as access:
        person_of(access, "inspector")
    answer = sign_in(client, "inspector@example.org", where="/history")
    assert answer.headers["location"] == "/history"
    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith(COOKIE)]
    assert "HttpOnly" in cookie and "samesite=lax" in cookie.lower() and "Max-Age=43200" in cookie


def test_each_sign_in_gives_another_session_and_ends_the_one_before(served: Served, client: httpx.Client) -> None:
    with access_of(served) as access:
        person_of(access, "inspector")
    sign_in(client, "inspector@example.org")
    first = client.cookies[COOKIE]
    client.cookies.delete(COOKIE)
    page = client.get("/login")
    client.cookies.set(COOKIE, first, domain="127.0.0.1")
    fields = {"csrf": csrf_in(page.text), "email": "inspector@example.org", "password": PASSWORD}
    client.post("/login", data=fields)
    with access_of(served) as access:
        assert access.authentication.identify_session(first) is None


def test_spanish_comes_first_whatever_the_browser_prefers(served: Served) -> None:
    with httpx.Client(base_url=served.url, headers={"Accept-Language": "en-US,en;q=0.9"}) as stranger:
        page = stranger.get("/login").text
    assert '<html lang="es">' in page and "language=en" in page  # English is one click away


def test_a_language_that_was_chosen_is_remembered(client: httpx.Client) -> None:
    assert '<html lang="es">' in client.get("/login?language=es").text
    assert '<html lang="es">' in client.get("/login").text
    assert '<html lang="en">' in client.get("/login?language=en").text
    assert '<html lang="en">' in client.get("/login?language=xx").text


def test_a_person_changes_their_password_and_the_old_one_opens_nothing(served: Served, client: httpx.Client) -> None:
    with access_of(served) as access:
        link = access.people.invite("new@example.org", "New", "supervisor", SYSTEM, served.url)
    page = client.get(link)
    fields = {"csrf": csrf_in(page.text), "name": "New", "password": PASSWORD, "repeat": PASSWORD}
    assert client.post(link, data=fields).status_code == 303
    csrf = csrf_in(client.get("/password").text)
    change = {"csrf": csrf, "old": PASSWORD, "new": OTHER, "repeat": OTHER}
    for wrong, status in (
        ({"old": "wrong"}, 401), ({"repeat": "differs"}, 422), ({"new": "password1234", "repeat": "password1234"}, 422),
        ({"csrf": "x"}, 400),
    ):  # fmt: skip
        assert client.post("/password", data={**change, **wrong}).status_code == status
    done = client.post("/password", data=change)
    assert done.status_code == 200 and "Password changed" in done.text
    with browser(served.url) as other:
        assert sign_in(other, "new@example.org").status_code == 401
        assert sign_in(other, "new@example.org", OTHER).status_code == 303


def test_signing_out_asks_first_and_ends_the_session(served: Served, client: httpx.Client) -> None:
    with access_of(served) as access:
        person_of(access, "inspector")
    sign_in(client, "inspector@example.org")
    page = client.get("/logout")
    assert page.status_code == 200 and client.get("/api/v1/me").status_code == 200
    assert client.post("/logout", data={"csrf": "x"}).status_code == 400
    out = client.post("/logout", data={"csrf": csrf_in(page.text)})
    assert out.headers["location"] == "/login?said=signed_out"
    assert client.get("/api/v1/me").status_code == 401
    assert "signed out" in client.get("/login?said=signed_out").text


def test_a_form_with_more_fields_than_ours_is_refused(client: httpx.Client) -> None:
    answer = client.post("/login", data={str(number): "x" for number in range(21)})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_a_form_that_is_too_large_is_refused(client: httpx.Client) -> None:
    assert client.post("/login", data={"csrf": "x", "email": "x" * 30_000}).status_code == 413


def test_a_page_runs_no_script_and_takes_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/login")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text and "http" not in re.sub(r'xmlns="[^"]+"', "", page.text)
    style = client.get("/login/style.css")
    assert style.headers["content-type"].startswith("text/css") and "url(" not in style.text


def test_every_field_of_every_page_has_its_label(served: Served, client: httpx.Client) -> None:
    with access_of(served) as access:
        person_of(access, "inspector")
        link = access.people.invite("labelled@example.org", "L", "inspector", SYSTEM, served.url)
    pages = [client.get("/login").text, client.get(link).text]
    sign_in(client, "inspector@example.org")
    pages.append(client.get("/password").text)
    for page in pages:
        fields = set(re.findall(r'<input id="(\w+)"', page))
        assert fields and fields == set(re.findall(r'<label for="(\w+)"', page))
        assert "<h1>" in page and 'name="viewport"' in page


@given(st.text(max_size=40))
def test_the_way_on_is_a_path_of_ours_whatever_is_asked(where: str) -> None:
    path = safe_next(where)
    assert path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path and path.isprintable()


@for_each("where", [
    "https://evil.example", "//evil.example", "/\\evil.example", "\\/evil.example", "/login", "/logout", "javascript:alert(1)",
    "/\t/evil.example", "/x\r\nSet-Cookie: a=b", "", "/" + "x" * 600,
])  # fmt: skip
def test_a_way_on_that_leads_away_is_the_first_page(where: str) -> None:
    assert safe_next(where) == "/"


def test_a_way_on_inside_is_kept() -> None:
    assert safe_next("/history?answer=unfit") == "/history?answer=unfit"
