"""A station that runs, asked by nobody, by who was someone, by the wrong person, by another's key: nothing gets out."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.requests import HTTPConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from aside import awaited
from cases import for_each
from people_at import HTML, access_of, browser, person_of, signed_in
from serving import PLAIN, Served, serving
from test_rules import every_route
from vistobueno.accounts import COOKIE
from vistobueno.accounts.audit_log import ADDRESS_HEADER, REQUEST_HEADER
from vistobueno.core.inspection import SYSTEM
from vistobueno.model.bundle import Bundle
from vistobueno.web.middleware import guard
from vistobueno.web.middleware.guard import is_open, telling
from vistobueno.web.rules import rule_for

REFUSED = {303, 401, 403, 404, 405}
LOOPBACK = {"/metrics"}  # open to this machine itself, where this test runs
WAIT = 30.0  # seconds that a slow machine may take to do what takes two


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("guard"), MODEL_PATH=str(small_bundle.path)) as station:
        station.secret = station.key()
        yield station


@pytest.fixture(scope="module")
def stale(served: Served) -> str:
    """The token of a session that was ended."""
    with access_of(served) as access:
        person_of(access, "admin")
        token, _ = access.authentication.sign_in("admin@example.org", "manga verde salta alto", "127.0.0.1")
        access.authentication.sign_out(token)
    return token


@pytest.fixture(scope="module")
def keys(served: Served) -> dict[str, str]:
    """A key of each scope alone, and one that was revoked."""
    with access_of(served) as access:
        owner = person_of(access, "admin")
        made = {scope: access.keys.make(scope, [scope], owner)[1] for scope in ("inspect", "read", "review", "infer")}
        key, made["revoked"] = access.keys.make("revoked", ["inspect", "read", "review", "infer"], owner)
        access.keys.revoke(key.id, SYSTEM)
    return made


def closed() -> list[tuple[str, str]]:
    """Every route that is not open to all."""
    return [each for each in every_route() if rule_for(*each).who != "all" and each[0] != "WEBSOCKET"]


def closed_from_here() -> list[tuple[str, str]]:
    """Those that are closed to this machine too."""
    return [each for each in closed() if each[1] not in LOOPBACK]


def is_refused(answer: httpx.Response) -> None:
    assert answer.status_code in REFUSED, answer.text
    if answer.status_code == 303:
        assert answer.headers["location"].startswith("/login")
        assert answer.content == b""
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        said = {"type", "title", "status", "detail", "instance", "code", "request_id"}
        said |= {"error"} if answer.request.url.path.startswith("/v2") else set()
        assert answer.content == b"" if answer.request.method == "HEAD" else set(answer.json()) == said
    assert "no-store" in answer.headers["cache-control"]


@for_each(("method", "path"), closed)
def test_nobody_gets_nothing(served: Served, method: str, path: str) -> None:
    for headers in ({}, HTML):
        answer = httpx.request(
            method, served.url + path, verify=PLAIN, headers={**headers, "X-Forwarded-For": "203.0.113.7"}
        )
        is_refused(answer)


@for_each(("method", "path"), closed_from_here)
def test_a_session_that_has_ended_gets_nothing(served: Served, stale: str, method: str, path: str) -> None:
    is_refused(httpx.request(method, served.url + path, verify=PLAIN, cookies={COOKIE: stale}))


@for_each(("method", "path"), closed)
def test_a_revoked_key_gets_nothing(served: Served, keys: dict[str, str], method: str, path: str) -> None:
    answer = httpx.request(
        method, served.url + path, verify=PLAIN, headers={"Authorization": f"Bearer {keys['revoked']}"}
    )
    assert answer.status_code in {401, 429} or path in LOOPBACK or (answer.status_code, is_open(path)) == (405, True)
    if answer.status_code == 429:
        assert int(answer.headers["retry-after"]) >= 1


@for_each("scope", ["inspect", "read", "review", "infer"])
@for_each(("method", "path"), closed_from_here)
def test_a_key_gets_what_its_scope_says_and_nothing_else(
    served: Served, keys: dict[str, str], method: str, path: str, scope: str
) -> None:
    rule = rule_for(method, path)
    if rule.who == "anyone_known" and rule.permission in ("", scope):
        return
    is_refused(httpx.request(method, served.url + path, verify=PLAIN, headers={"X-API-Key": keys[scope]}))


@for_each(("method", "path"), [
    ("POST", "/api/v1/inspections/1/reviews"), ("GET", "/_stcore/agent/openapi.json"), ("GET", "/_stcore/metrics"),
    ("GET", "/auth/login"), ("POST", "/_stcore/agent/interact"), ("GET", "/static/%2e%2e/api"),
])  # fmt: skip
def test_an_inspector_gets_nothing_beyond_an_inspector(served: Served, method: str, path: str) -> None:
    with signed_in(served, "inspector") as client:
        csrf = client.get("/api/v1/me").json().get("csrf") or ""
        answer = client.request(method, path, headers={"X-CSRF-Token": csrf})
        assert answer.status_code in {403, 404}


def test_a_person_opening_a_page_is_led_to_sign_in_and_back(served: Served) -> None:
    with browser(served.url) as client:
        assert client.get("/").headers["location"] == "/login"
        assert client.get("/history?answer=unfit").headers["location"] == "/login?next=/history%3Fanswer%3Dunfit"


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_machine_is_told_in_its_language_what_is_missing(served: Served, language: str) -> None:
    answer = httpx.get(f"{served.url}/api/v1/me", headers={"Accept-Language": language})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-language"] == language
    assert answer.json()["code"] == "not_signed_in"


def test_a_key_that_is_wrong_is_not_helped_by_a_session(served: Served) -> None:
    with signed_in(served, "admin") as client:
        assert client.get("/api/v1/me").status_code == 200
        answer = client.get("/api/v1/me", headers={"Authorization": "Bearer vb_0000000000_wrong"})
        assert answer.status_code in {401, 429}


def test_a_session_in_a_header_and_a_key_in_a_cookie_are_nothing(served: Served, keys: dict[str, str]) -> None:
    with signed_in(served, "admin") as client:
        token = client.cookies[COOKIE]
    assert httpx.get(f"{served.url}/api/v1/me", headers={"X-Session": token}).status_code == 401
    assert httpx.get(f"{served.url}/api/v1/me", cookies={COOKIE: keys["read"]}).status_code == 401


def test_a_key_in_the_address_is_nothing(served: Served, keys: dict[str, str]) -> None:
    assert httpx.get(f"{served.url}/api/v1/me?key={keys['read']}&api_key={keys['read']}").status_code == 401


@for_each("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
    {"Origin": "null"}, {"Origin": "https://127.0.0.1"}, {},
])  # fmt: skip
def test_another_site_cannot_make_a_browser_change_anything(served: Served, headers: dict[str, str]) -> None:
    with signed_in(served, "admin") as client:
        answer = client.post("/api/v1/inspections", content=b"x", headers={"Content-Type": "image/jpeg", **headers})
        assert answer.status_code == 403
        assert answer.json()["code"] == "cross_site"


def test_a_tls_proxy_that_is_not_trusted_is_named_as_the_reason(served: Served) -> None:
    behind = {"Origin": served.url.replace("http://", "https://"), "Accept-Language": "en"}
    answer = httpx.post(f"{served.url}/login", data={"email": "a@example.org"}, headers=behind)
    assert (answer.status_code, answer.json()["code"]) == (403, "proxy_unknown")
    assert "TRUSTED_PROXIES" in answer.json()["detail"]


def test_our_own_page_can_with_the_token_of_its_session(served: Served) -> None:
    with signed_in(served, "admin") as client, signed_in(served, "inspector") as other:
        mine, theirs = (each.get("/password").text for each in (client, other))
        from people_at import csrf_in

        headers = {"Content-Type": "image/jpeg", "Origin": served.url, "Sec-Fetch-Site": "same-origin"}
        ours = client.post("/api/v1/inspections", content=b"x", headers={**headers, "X-CSRF-Token": csrf_in(mine)})
        stolen = client.post("/api/v1/inspections", content=b"x", headers={**headers, "X-CSRF-Token": csrf_in(theirs)})
    assert ours.status_code == 415  # it went through, and is no photograph
    assert stolen.status_code == 403


def test_every_answer_carries_what_protects_the_browser(served: Served) -> None:
    with signed_in(served, "inspector") as client:
        for path in ("/", "/login", "/api/v1/me", "/static/nothing", "/nowhere", "/healthz", "/api/v1/inspections/9"):
            headers = client.get(path).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "script-src 'unsafe" not in headers["content-security-policy"]
            assert headers["referrer-policy"] == "same-origin"
            assert "camera=(self)" in headers["permissions-policy"]
            assert "strict-transport-security" not in headers  # not without TLS
            assert not [name for name in headers if name.startswith("access-control-")]


def test_what_is_private_is_kept_by_no_cache(served: Served) -> None:
    with signed_in(served, "inspector") as client:
        for path in ("/", "/history", "/api/v1/me", "/_stcore/host-config", "/password"):
            assert {"no-store", "private"} & set(client.get(path).headers["cache-control"].replace(" ", "").split(","))


def test_metrics_are_for_this_machine_and_not_for_what_comes_through_a_proxy(
    served: Served, keys: dict[str, str]
) -> None:
    assert httpx.get(f"{served.url}/metrics").status_code == 200
    proxied = {"X-Forwarded-For": "127.0.0.1"}
    assert httpx.get(f"{served.url}/metrics", headers=proxied).status_code == 401
    assert httpx.get(f"{served.url}/metrics", headers={**proxied, "X-API-Key": keys["read"]}).status_code == 401
    with signed_in(served, "admin") as client:
        assert client.get("/metrics", headers=proxied).status_code == 401


def socket(
    served: Served, token: str | None, origin: str | None = None, path: str = "/_stcore/stream"
) -> ClientConnection:
    return connect(
        served.url.replace("http", "ws") + path,
        origin=origin if origin is not None else served.url,  # type: ignore[arg-type]
        additional_headers={"Cookie": f"{COOKIE}={token}"} if token else {},
        subprotocols=["streamlit"],  # type: ignore[list-item]
        open_timeout=WAIT,
    )


def read_to_the_end(opened: ClientConnection) -> None:
    while True:
        opened.recv(timeout=WAIT)


@for_each("case", ["nobody", "stale", "nonsense", "another site", "no origin", "another path"])
def test_the_websocket_is_refused(served: Served, stale: str, case: str) -> None:
    with signed_in(served, "inspector") as client:
        mine = client.cookies[COOKIE]
        token = {"nobody": None, "stale": stale, "nonsense": "x" * 500}.get(case, mine)
        origin = {"another site": "https://evil.example", "no origin": ""}.get(case)
        with pytest.raises(InvalidStatus) as caught:
            socket(served, token, origin, "/other" if case == "another path" else "/_stcore/stream")
        assert caught.value.response.status_code == 403


@pytest.mark.parametrize("how", ["signed out", "revoked", "disabled"])
def test_an_open_websocket_ends_with_its_session(served: Served, how: str) -> None:
    with signed_in(served, "supervisor") as client, socket(served, client.cookies[COOKIE]) as opened:
        with access_of(served) as access:
            person = person_of(access, "supervisor")
            if how == "signed out":
                access.authentication.sign_out(client.cookies[COOKIE])
            elif how == "revoked":
                access.sessions.end_all(person.id, SYSTEM)
            else:
                access.people.disable(person.id, SYSTEM)
        with pytest.raises(ConnectionClosed) as caught:
            read_to_the_end(opened)
        assert caught.value.rcvd is not None and caught.value.rcvd.code == 4401
        with access_of(served) as access:
            access.people.enable(person.id, SYSTEM)


def test_an_open_websocket_stays_while_its_session_does(served: Served) -> None:
    with signed_in(served, "inspector") as client, socket(served, client.cookies[COOKIE]) as opened:
        with signed_in(served, "supervisor") as other, socket(served, other.cookies[COOKIE]) as ended:
            with access_of(served) as access:
                access.authentication.sign_out(other.cookies[COOKIE])
            with pytest.raises(ConnectionClosed):
                read_to_the_end(ended)
        opened.ping().wait(WAIT)
        assert opened.close_code is None


def test_the_pages_are_told_where_a_websocket_comes_from_and_a_client_cannot_say_so_itself() -> None:
    sent = [(b"host", b"fruit.example"), (b"x-vistobueno-address", b"6.6.6.6"), (b"X-Vistobueno-Request", b"mine")]
    told = telling({"type": "websocket", "headers": sent}, {ADDRESS_HEADER: "203.0.113.7", REQUEST_HEADER: "7"})
    assert told["headers"] == [sent[0], (b"x-vistobueno-address", b"203.0.113.7"), (b"x-vistobueno-request", b"7")]


def test_a_websocket_whose_person_cannot_be_asked_about_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def identify_session(self, token: str, *, seen: bool) -> None:
            raise LookupError

    sent: list[Any] = []

    async def never() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.disconnect"

    monkeypatch.setattr(guard, "RECHECK", 0.01)
    monkeypatch.setattr(guard, "running_accounts", Broken)
    watched = guard.SessionBoundWebSocket("token", "read", never, send)
    awaited(asyncio.wait_for(watched.run(app, {}), 5))
    assert sent == [{"type": "websocket.close", "code": guard.ENDED, "reason": ""}]


@for_each(
    ("origin", "elsewhere"),
    [
        ("https://fruit.example", False),
        ("HTTPS://Fruit.Example", False),
        ("http://fruit.example", True),
        ("https://fruit.example:8443", True),
        ("https://fruit.example.evil.example", True),
        ("https://fruit.example@evil.example", True),
        ("https://[evil", True),
        ("null", True),
        ("", True),
    ],
)
def test_a_page_is_from_here_or_from_elsewhere_whatever_it_calls_itself(origin: str, elsewhere: bool) -> None:
    sent = [(b"host", b"fruit.example"), (b"origin", origin.encode())]
    asked = HTTPConnection({"type": "http", "scheme": "https", "headers": sent})
    assert guard.is_cross_site(asked) is elsewhere and not guard.untrusted_tls_proxy(asked)
