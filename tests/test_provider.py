"""Signing in through an identity provider, honest and otherwise."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cases import for_each
from issuer import CLIENT, SECRET, Issuer, issuing
from people_at import access_of, browser, person_of
from serving import Served, serving
from vistobueno.accounts import COOKIE
from vistobueno.model.bundle import Bundle


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


@pytest.fixture(scope="module")
def served(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    variables = {
        "MODEL_PATH": str(small_bundle.path), "OIDC_ISSUER": issuer.url, "OIDC_CLIENT_ID": CLIENT,
        "OIDC_CLIENT_SECRET": SECRET,
    }  # fmt: skip
    with serving(tmp_path_factory.mktemp("provider"), **variables) as station:
        with access_of(station) as access:
            person_of(access, "inspector")
            person_of(access, "admin")
        yield station


@pytest.fixture(autouse=True)
def honest(issuer: Issuer) -> None:
    issuer.behave()
    issuer.claims = {"email": "inspector@example.org"}


def through(client: httpx.Client, where: str = "/history") -> httpx.Response:
    """To the provider and back, as a browser goes."""
    away = client.get("/login/provider", params={"next": where})
    if away.status_code != 302:
        return away
    there = httpx.get(away.headers["location"])
    return client.get(there.headers["location"], headers={"Sec-Fetch-Site": "cross-site"})


def test_who_is_known_comes_in_and_goes_where_they_wanted(served: Served) -> None:
    with browser(served.url) as client:
        page = client.get("/login?next=/history").text
        assert "/login/provider?next=/history" in page
        back = through(client)
        assert (back.status_code, back.headers["location"]) == (303, "/history")
        assert client.get("/api/v1/me").json()["role"] == "inspector"


def test_the_request_carries_state_nonce_and_a_challenge(served: Served) -> None:
    with browser(served.url) as client:
        query = httpx.URL(client.get("/login/provider").headers["location"]).params
    assert query["code_challenge_method"] == "S256" and query["response_type"] == "code"
    assert all(len(query[name]) >= 20 for name in ("state", "nonce", "code_challenge"))


@for_each("claims", [
    {"nonce": "of another sign-in"}, {"nonce": None}, {"aud": "another-client"}, {"aud": ["another-client"]},
    {"aud": "another-client", "azp": CLIENT}, {"aud": None}, {"iss": "https://evil.example"}, {"iss": None},
    {"exp": 1_000_000_000}, {"exp": None}, {"iat": 4_000_000_000}, {"sub": None}, {"sub": 7},
    {"email": None}, {"email": ["inspector@example.org"]},
])  # fmt: skip
def test_an_answer_that_is_not_for_us_now_is_not_believed(
    served: Served, issuer: Issuer, claims: dict[str, Any]
) -> None:
    issuer.claims = {"email": "inspector@example.org", **claims}
    with browser(served.url) as client:
        back = through(client)
        assert back.status_code == 403 and "not valid" in back.text
        assert COOKIE not in client.cookies


def test_a_signature_of_another_key_is_not_believed(served: Served, issuer: Issuer) -> None:
    issuer.foreign_key = True
    with browser(served.url) as client:
        assert through(client).status_code == 403
        assert COOKIE not in client.cookies


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_e_mail_that_was_not_verified_opens_nothing(served: Served, issuer: Issuer, verified: Any) -> None:
    issuer.claims["email_verified"] = verified
    with browser(served.url) as client:
        back = through(client)
        assert back.status_code == 403 and "not verified" in back.text


def test_a_stranger_with_a_valid_account_is_not_let_in(served: Served, issuer: Issuer) -> None:
    issuer.claims = {"email": "stranger@example.org", "sub": "subject-2"}
    with browser(served.url) as client:
        back = through(client)
        assert back.status_code == 403 and "invited" in back.text
        assert COOKIE not in client.cookies


def test_an_answer_without_our_state_or_in_another_browser_is_not_believed(served: Served) -> None:
    with browser(served.url) as client, browser(served.url) as other:
        away = client.get("/login/provider")
        back = httpx.get(away.headers["location"]).headers["location"]
        assert other.get(back).status_code == 403
        assert client.get("/login/provider/back?code=x&state=y").status_code == 403
        assert client.get("/login/provider/back").status_code == 403
        assert client.get("/login/provider/back?error=access_denied").status_code == 403


def test_an_answer_counts_once(served: Served) -> None:
    with browser(served.url) as client:
        away = client.get("/login/provider")
        back = httpx.get(away.headers["location"]).headers["location"]
        assert client.get(back).status_code == 303
        client.cookies.delete(COOKIE)
        assert client.get(back).status_code == 403


def test_a_provider_that_is_down_is_said_to_be_and_passwords_still_open(served: Served, issuer: Issuer) -> None:
    with browser(served.url) as client:
        away = client.get("/login/provider")
        back = httpx.get(away.headers["location"]).headers["location"]
        issuer.down = True
        answer = client.get(back)
        assert answer.status_code == 502 and "is not responding" in answer.text
        assert client.get("/login").status_code == 200


@pytest.mark.parametrize("where", ["https://evil.example", "//evil.example", "/\\evil.example", "/login"])
def test_the_way_back_stays_here(served: Served, where: str) -> None:
    with browser(served.url) as client:
        assert through(client, where).headers["location"] == "/"


def test_without_a_provider_the_way_does_not_exist(tmp_path: Any, small_bundle: Bundle) -> None:
    with serving(tmp_path, MODEL_PATH=str(small_bundle.path)) as plain, browser(plain.url) as client:
        assert client.get("/login/provider").status_code == 404
        assert client.get("/login/provider/back?code=x").status_code == 404
        assert "/login/provider" not in client.get("/login").text
