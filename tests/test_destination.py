"""Where webhooks may not go, however the address is written or whatever its name stands for; and what a receiver may do."""

import base64
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from cases import for_each
from kept import ANA
from receiver import Receiver
from vistobueno.core.events import Endpoint, WebhookRefused
from vistobueno.jobs import sending
from vistobueno.jobs.sending import Outcome, send
from vistobueno.services.destination import allowed_networks, destination, is_public
from vistobueno.services.signing import new_salts, secret_of
from vistobueno.settings import SettingRefused

KEY = b"of the tests"
HERE = allowed_networks("127.0.0.0/8, ::1")
SALTS = new_salts(KEY)


def endpoint(url: str) -> Endpoint:
    return Endpoint(1, url, (), datetime.now(UTC), ANA, None, None, None)


def sent(url: str, networks: Any = HERE) -> Outcome:
    return send(endpoint(url), SALTS, KEY, networks, "msg_1", '{"type":"x","data":{}}')


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Any:
    """A receiver that speaks as ``answer`` does; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    try:
                        peer.recv(65536)
                        answer(peer)
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


OWN = (
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0.0.0.0", "0",  # noqa: S104
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "2852039166", "0xa9fea9fe",
    "224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[::ffff:10.0.0.1]",
    "[::127.0.0.1]", "[fe80::1]", "[fe80::1%251]", "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]",
    "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[2002:a00:1::]", "[2001:db8::1]", "localhost",
)  # fmt: skip


@for_each("host", OWN)
def test_nothing_is_sent_to_one_s_own_network_however_it_is_written(host: str) -> None:
    for scheme in ("https", "http"):
        with pytest.raises(WebhookRefused) as caught:
            destination(f"{scheme}://{host}/x", ())
        assert caught.value.code in ("webhook_own_network", "webhook_unknown_host", "webhook_url")
    assert sent(f"https://{host}/x", ()).problem == caught.value.code


@for_each(
    "address",
    ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"],
)
def test_everybody_s_addresses_are_public(address: str) -> None:
    assert is_public(address)


def test_nothing_goes_unencrypted_beyond_the_networks_that_were_named() -> None:
    assert destination("https://8.8.8.8/x", ()).addresses == ("8.8.8.8",)
    with pytest.raises(WebhookRefused, match="webhook_not_encrypted"):
        destination("http://8.8.8.8/x", HERE)
    assert destination("http://127.0.0.1:8080/x", HERE).port == 8080
    assert destination("https://[::ffff:127.0.0.1]/x", HERE).port == 443


@for_each(
    "url",
    [
        "", "erp.example.com", "//erp.example.com", "ftp://erp.example.com", "file:///etc/passwd", "gopher://x/", "https://",
        "https:///x", "https://user:word@erp.example.com/", "https://user@erp.example.com/", "https://8.8.8.8\\@10.0.0.1/",
        "https://erp.example.com:0/", "https://erp.example.com:99999/", "https://erp.example.com/#there",
        "https://erp.example.com/a b", "https://erp.example.com/\r\nHost: x", "https://①②⑦.⓪.⓪.①/", "https://[::1/",
        f"https://erp.example.com/{'x' * 3000}", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_what_is_no_address_of_an_endpoint_is_refused(url: str) -> None:
    with pytest.raises(WebhookRefused, match="webhook_url"):
        destination(url, HERE)


def test_a_name_is_refused_where_one_of_its_addresses_is_one_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, 1, 6, "", (each, 443)) for each in ("8.8.8.8", "10.0.0.7")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(WebhookRefused, match="webhook_own_network"):
        destination("https://erp.example.com/x", ())


def test_a_name_that_changes_between_the_look_and_the_connection_leads_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    with Receiver() as looked_at, Receiver() as later:
        ports = [int(each.url.rpartition(":")[2].partition("/")[0]) for each in (looked_at, later)]
        real = socket.getaddrinfo

        def changes(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
            if host != "rebinding.example":
                return real(host, port, *rest, **more)
            asked.append(host)
            address = ("127.0.0.1", ports[0]) if len(asked) == 1 else ("127.0.0.2", ports[1])
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address)]

        monkeypatch.setattr(socket, "getaddrinfo", changes)
        assert sent(f"http://rebinding.example:{ports[0]}/hook").problem == ""
    assert asked == ["rebinding.example"] and len(looked_at.got) == 1 and later.got == []
    assert looked_at.got[0].headers["host"] == f"rebinding.example:{ports[0]}"


def test_a_redirect_is_not_followed() -> None:
    with Receiver() as elsewhere, Receiver(lambda _: 307, {"Location": elsewhere.url}) as receiver:
        assert sent(receiver.url).problem == "307"
    assert elsewhere.got == []


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Receiver() as receiver:
        assert sent(receiver.url).problem == ""


def test_a_receiver_that_never_ends_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "WITHIN", 0.6)

    def trickles(peer: socket.socket) -> None:
        for letter in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100:
            peer.sendall(bytes([letter]))
            time.sleep(0.1)

    for answer in (trickles, lambda _: time.sleep(2)):
        with listening(answer) as port:
            begin = time.monotonic()
            assert sent(f"http://127.0.0.1:{port}/").problem == "timeout"
            assert time.monotonic() - begin < 2


def test_an_answer_without_an_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def floods(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 10_000_000)

    with listening(floods) as port:
        assert sent(f"http://127.0.0.1:{port}/").problem == "connection"

    def long(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n" + b"y" * 1_000_000)

    with listening(long) as port:
        assert sent(f"http://127.0.0.1:{port}/").problem == ""


def test_a_receiver_that_is_not_there_or_speaks_no_http_is_said_to_be_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert sent(f"http://127.0.0.1:{port}/").problem == "connection"
    with listening(lambda peer: peer.sendall(b"220 mail.example.com\r\n")) as port:
        assert sent(f"http://127.0.0.1:{port}/").problem == "connection"


def test_a_certificate_must_be_of_the_host_and_of_somebody_who_is_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    for name, host, problem in (
        ("trusted", "127.0.0.1", ""), ("of another host", "erp.example.com", "tls"), ("not trusted", "127.0.0.1", "tls")
    ):  # fmt: skip
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(server)
        client = ssl.create_default_context()
        if name != "not trusted":
            authority.configure_trust(client)
        monkeypatch.setattr(sending, "_tls", lambda client=client: client)
        with Receiver() as receiver:
            receiver._http.socket = server.wrap_socket(receiver._http.socket, server_side=True)
            assert sent(receiver.url.replace("http:", "https:")).problem == problem, name


def test_networks_are_named_or_refused() -> None:
    assert allowed_networks("") == ()
    assert len(allowed_networks("10.0.5.0/24, fd00::/8,")) == 2
    for wrong in ("*", "erp.example.com", "10.0.0.0/40"):
        with pytest.raises(SettingRefused, match="setting_invalid"):
            allowed_networks(wrong)


def test_a_receiver_may_say_how_long_to_wait() -> None:
    for said, seconds in (("120", 120), ("999999999", 6 * 3600), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("-5", 0)):
        with Receiver(lambda _: 429, {"Retry-After": said}) as receiver:
            outcome = sent(receiver.url)
        assert (outcome.problem, outcome.retry_after) == ("429", seconds)


def test_a_secret_that_is_lost_signs_nothing() -> None:
    with Receiver() as receiver:
        outcome = send(endpoint(receiver.url), SALTS, b"another key", HERE, "msg_1", '{"type":"x","data":{}}')
    assert outcome.problem == "webhook_secret_lost" and receiver.got == []


def test_for_a_time_both_secrets_sign_and_then_the_new_one_alone() -> None:
    now, old = datetime.now(UTC), secret_of(KEY, SALTS)
    for until, both in ((now + timedelta(hours=1), True), (now - timedelta(seconds=1), False)):
        salts = new_salts(KEY, SALTS, until)
        with Receiver() as receiver:
            assert send(endpoint(receiver.url), salts, KEY, HERE, "msg_1", '{"type":"x","data":{}}').problem == ""
        (got,) = receiver.got
        assert got.is_signed_by(secret_of(KEY, salts)) and got.is_signed_by(old) == both
        assert not got.is_signed_by("whsec_" + "A" * 44)


def test_a_secret_is_as_long_as_the_specification_asks() -> None:
    secret = secret_of(KEY, SALTS)
    assert secret.startswith("whsec_") and 24 <= len(base64.b64decode(secret.removeprefix("whsec_"))) <= 64
    assert KEY.hex() not in repr(SALTS) and secret not in repr(SALTS)
