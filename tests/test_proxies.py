import ipaddress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from aside import awaited
from cases import for_each
from vistobueno.settings import Settings
from vistobueno.web import logs
from vistobueno.web.app import running
from vistobueno.web.middleware.proxies import NetworksRefused, parse, resolve_forwarded


def scope(
    peer: str = "10.0.0.5", port: int = 4000, kind: str = "http", scheme: str = "http", **headers: str
) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": kind,
        "scheme": scheme,
        "client": (peer, port),
        "headers": [(b"host", b"inside:8000"), *raw],
        "state": {},
    }


def told(found: Any) -> tuple[str, str, str]:
    hosts = [value for name, value in found["headers"] if name == b"host"]
    assert len(hosts) == 1
    return found["client"][0], found["scheme"], hosts[0].decode()


FORWARDED = {
    "x_forwarded_for": "203.0.113.7",
    "x_forwarded_proto": "https",
    "x_forwarded_host": "fruit.example",
}


def test_a_trusted_proxy_is_believed() -> None:
    assert told(resolve_forwarded(scope(**FORWARDED), "10.0.0.0/8")) == ("203.0.113.7", "https", "fruit.example")
    assert told(resolve_forwarded(scope(kind="websocket", scheme="ws", **FORWARDED), "10.0.0.5"))[1] == "wss"


@pytest.mark.parametrize("trusted", ["", "10.0.0.6", "192.168.0.0/16", "::1"])
def test_anyone_else_is_not_and_their_claims_go_no_further(trusted: str) -> None:
    found = resolve_forwarded(scope(**FORWARDED), trusted)
    assert told(found) == ("10.0.0.5", "http", "inside:8000")
    assert [name for name, _ in found["headers"]] == [b"host"]
    assert found["state"]["proxied"]


def test_what_a_client_writes_before_the_proxy_s_word_is_not_believed() -> None:
    found = resolve_forwarded(scope(x_forwarded_for="1.2.3.4, 127.0.0.1, 203.0.113.7, 10.1.1.1"), "10.0.0.0/8")
    assert told(found)[0] == "203.0.113.7"


@pytest.mark.parametrize("claimed", ["nonsense", "", "203.0.113.7, <script>", "203.0.113.7:1234"])
def test_a_claim_that_is_no_address_leaves_the_proxy_s_own(claimed: str) -> None:
    assert told(resolve_forwarded(scope(x_forwarded_for=claimed), "10.0.0.5"))[0] == "10.0.0.5"


@for_each("host", ["evil.example/path", "a b", "x@y", "", "fruit.example:99999999", "[::1"])
def test_a_host_that_is_none_is_passed_over(host: str) -> None:
    assert told(resolve_forwarded(scope(x_forwarded_host=host), "10.0.0.5"))[2] == "inside:8000"


def test_a_star_believes_whoever_connects_and_takes_the_last_address() -> None:
    assert (
        told(resolve_forwarded(scope("198.51.100.1", x_forwarded_for="1.1.1.1, 203.0.113.7"), "*"))[0] == "203.0.113.7"
    )


def through_uvicorn(**given: Any) -> Any:
    """What uvicorn's own handling, which trusts 127.0.0.1, hands on."""
    found = []

    async def keep(scope: Any, receive: Any, send: Any) -> None:
        found.append(scope)

    awaited(ProxyHeadersMiddleware(keep)(scope("127.0.0.1", **given), None, None))  # type: ignore[arg-type]
    return found[0]


def test_what_uvicorn_believed_already_is_undone() -> None:
    for claim in ({}, {"x_forwarded_for": "203.0.113.7"}, {"x_forwarded_for": "203.0.113.7:1234"},
                  {"x_forwarded_for": "[2001:db8::7]:1234"}, {"x_forwarded_for": "10.0.0.7:1234, 127.0.0.1"}):  # fmt: skip
        for trusted in ("", "10.0.0.0/8"):
            found = resolve_forwarded(through_uvicorn(x_forwarded_proto="https", **claim), trusted)
            assert found["client"] is None or found["client"][0] == "127.0.0.1", claim
            assert found["scheme"] == "http" and found["state"]["proxied"]
    believed = resolve_forwarded(through_uvicorn(**FORWARDED), "127.0.0.1")
    assert told(believed) == ("203.0.113.7", "https", "fruit.example")
    assert told(resolve_forwarded(through_uvicorn(), ""))[:2] == ("127.0.0.1", "http")


def test_who_claims_an_own_address_is_not_the_proxy() -> None:
    found = resolve_forwarded(scope("203.0.113.9", 5555, x_forwarded_for="203.0.113.9:5555"), "127.0.0.1, 203.0.113.9")
    assert found["client"] is None and not found["state"]["address_known"]


def test_an_address_of_version_six_that_carries_one_of_four_is_that_one() -> None:
    assert told(resolve_forwarded(scope("::ffff:10.0.0.5", **FORWARDED), "10.0.0.0/8"))[0] == "203.0.113.7"


def test_without_a_peer_nobody_is_believed() -> None:
    unnamed = scope(**FORWARDED) | {"client": None}
    found = resolve_forwarded(unnamed, "10.0.0.0/8")
    assert found["client"] is None and found["scheme"] == "http"


def test_networks_that_are_none_are_refused_in_words() -> None:
    with pytest.raises(NetworksRefused) as caught:
        parse("10.0.0.0/8, nonsense")
    assert "TRUSTED_PROXIES" in caught.value.es and "TRUSTED_PROXIES" in caught.value.en


@given(st.lists(st.ip_addresses().map(str), max_size=5), st.ip_addresses(v=4).map(str))
def test_no_list_of_claims_makes_a_stranger_s_connection_anyone_else_s(claims: list[str], peer: str) -> None:
    trusted = ipaddress.ip_address(peer) in ipaddress.ip_network("10.0.0.0/8")
    found = resolve_forwarded(scope(peer, x_forwarded_for=", ".join(claims)), "10.0.0.0/8")
    if not trusted:
        assert found["client"][0] == peer


def test_a_station_whose_proxies_make_no_sense_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "configure_logs", lambda level: None)

    async def start() -> None:
        async with running(None, Settings(trusted_proxies="nonsense", data_dir=tmp_path)):
            raise AssertionError

    with pytest.raises(NetworksRefused):
        awaited(start())
