"""Behind a real nginx that ends TLS: secure cookies, the websocket, Streamlit's own upload, and who the client is."""

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from nginx import nginx
from people_at import access_of, browser, csrf_in, person_of, sign_in
from serving import Served, serving
from vistobueno.accounts import COOKIE
from vistobueno.model.bundle import Bundle
from vistobueno.services import open_records
from vistobueno.store import schema
from vistobueno.store.database import reading

SECURE = f"__Host-{COOKIE}"
WAIT = 30.0


@dataclass
class Outside:
    """The station as people reach it."""

    served: Served
    url: str
    trust: ssl.SSLContext

    def browser(self) -> httpx.Client:
        return browser(self.url, verify=self.trust)


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Outside]:
    folder = tmp_path_factory.mktemp("nginx")
    with serving(folder, MODEL_PATH=str(small_bundle.path), TRUSTED_PROXIES="127.0.0.1") as served:
        with access_of(served) as access:
            for role in ("inspector", "supervisor", "admin"):
                person_of(access, role)
        with nginx(folder, [served.port]) as found:
            yield Outside(served, found.url, found.trust)


@pytest.fixture
def client(outside: Outside) -> Iterator[httpx.Client]:
    """A signed-in browser."""
    with outside.browser() as opened:
        answer = sign_in(opened, "inspector@example.org", Origin=outside.url)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        yield opened


def test_every_cookie_is_secure_and_the_session_s_is_bound_to_this_host(outside: Outside) -> None:
    with outside.browser() as opened:
        page = opened.get("/login")
        answer = sign_in(opened, "inspector@example.org", Origin=outside.url)
        health = opened.get("/_stcore/health")
    cookies = [each for one in (page, answer, health) for each in one.headers.get_list("set-cookie")]
    assert any(each.startswith("_streamlit_xsrf=") for each in cookies)
    assert all("; secure" in each.lower() for each in cookies)
    (session,) = [each for each in cookies if each.startswith(f"{SECURE}=")]
    assert (
        "HttpOnly" in session and "Path=/" in session and "samesite=lax" in session.lower() and "Domain" not in session
    )


def test_the_answers_hold_the_browser_to_tls(client: httpx.Client) -> None:
    headers = client.get("/").headers
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert "connect-src 'self' data: wss://localhost:" in headers["content-security-policy"]


def test_a_cookie_that_a_neighbour_could_have_set_is_not_ours(outside: Outside, client: httpx.Client) -> None:
    token = client.cookies[SECURE]
    assert httpx.get(f"{outside.url}/api/v1/me", cookies={COOKIE: token}, verify=outside.trust).status_code == 401


def test_the_audit_log_knows_the_client_and_not_the_proxy(outside: Outside) -> None:
    with outside.browser() as opened:
        sign_in(opened, "inspector@example.org", Origin=outside.url, **{"X-Forwarded-For": "203.0.113.77"})
    engine, _ = open_records(outside.served.settings)
    with reading(engine) as connection:
        newest = select(schema.audit.c.address).order_by(schema.audit.c.id.desc()).limit(1)
        address = connection.execute(newest).scalar_one()
    engine.dispose()
    assert address == "203.0.113.77"  # nginx added 127.0.0.1, which is trusted, behind it


def socket(outside: Outside, client: httpx.Client, origin: str) -> ClientConnection:
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return connect(
        outside.url.replace("https", "wss") + "/_stcore/stream",
        ssl=outside.trust,
        origin=origin,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookies},
        subprotocols=["streamlit", client.cookies["_streamlit_xsrf"]],  # type: ignore[list-item]
        open_timeout=WAIT,
        max_size=None,
    )


def streamlit_session(opened: ClientConnection) -> str:
    """Run the page once; what Streamlit calls this visit."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    rerun = BackMsg()
    rerun.rerun_script.query_string = ""
    opened.send(rerun.SerializeToString())
    while True:
        message = ForwardMsg()
        message.ParseFromString(bytes(opened.recv(timeout=WAIT)))  # type: ignore[arg-type]
        if message.WhichOneof("type") == "new_session":
            return str(message.new_session.initialize.session_id)


def test_the_websocket_opens_and_streamlit_s_upload_passes_with_its_own_token(
    outside: Outside, client: httpx.Client
) -> None:
    assert (
        client.put("/_stcore/upload_file/s/f", headers={"Origin": outside.url}).status_code == 403
    )  # may not try models
    client.cookies.clear()
    sign_in(client, "supervisor@example.org", Origin=outside.url)
    client.get("/_stcore/health")
    xsrf = client.cookies["_streamlit_xsrf"]
    with socket(outside, client, outside.url) as opened:
        place = f"/_stcore/upload_file/{streamlit_session(opened)}/file-1"
        picture = {"file": ("a.txt", b"what is sent", "text/plain")}
        right = {"X-Xsrftoken": xsrf, "Origin": outside.url, "Sec-Fetch-Site": "same-origin"}
        assert client.put(place, files=picture, headers=right).status_code == 204
        assert client.put(place, files=picture).status_code == 403
        assert client.put(place, files=picture, headers={"X-Xsrftoken": "2|0|0|0"}).status_code == 403
        assert client.put(place, files=picture, headers={**right, "Origin": "https://evil.example"}).status_code == 403
        assert client.delete(place, headers=right).status_code == 204
    with outside.browser() as nobody:
        assert nobody.put(place, files=picture, headers=right).status_code == 401


@pytest.mark.parametrize("origin", ["http://localhost", "https://evil.example", "null"])
def test_the_websocket_is_refused_to_another_origin(outside: Outside, client: httpx.Client, origin: str) -> None:
    client.get("/_stcore/health")
    with pytest.raises(InvalidStatus):
        socket(outside, client, origin)


def test_our_own_form_signs_out_and_the_cookie_is_gone(outside: Outside, client: httpx.Client) -> None:
    token = client.cookies[SECURE]
    fields = {"csrf": csrf_in(client.get("/logout").text)}
    assert client.post("/logout", data=fields, headers={"Origin": outside.url}).status_code == 303
    assert SECURE not in client.cookies
    again = httpx.get(f"{outside.url}/api/v1/me", cookies={SECURE: token}, verify=outside.trust)
    assert again.status_code == 401


def test_a_link_for_another_leads_to_where_people_come_in(outside: Outside, tmp_path: Path) -> None:
    with outside.browser() as opened:
        page = opened.get("/history")
    assert re.fullmatch(r"/login\?next=/history", page.headers["location"])
