"""Who really asks, behind a proxy: X-Forwarded-* is believed from TRUSTED_PROXIES alone, and taken away from all others.

Addresses and networks with commas. `*` stands for whoever connects, where only a proxy can (a platform's router): then
the last address in X-Forwarded-For, the one that this proxy wrote, is the client's.
"""

import ipaddress
import re
from functools import cache

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ...accounts import running_accounts
from ...core.errors import VistoBuenoError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_TOLD = {b"forwarded", b"x-real-ip"}
_UVICORN_S = "127.0.0.1"  # whom uvicorn believes by itself, as `uvicorn main:app` and `streamlit run` let it


class NetworksRefused(VistoBuenoError):
    """TRUSTED_PROXIES or METRICS_FROM names something that is no address and no network."""


class ProxyHeaders:
    """Puts the client, the scheme and the host of the outermost connection where the rest of the program looks."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on as the client sent it."""
        if scope["type"] in ("http", "websocket"):
            try:
                trusted = running_accounts().settings.trusted_proxies
            except RuntimeError:  # nothing is open yet: nobody is believed
                trusted = ""
            scope = resolve_forwarded(scope, trusted)
        await self.app(scope, receive, send)


def resolve_forwarded(scope: Scope, trusted: str) -> Scope:
    """The scope as the outermost trusted proxy saw it. In its state, ``proxied`` says whether anyone claimed to be one,
    ``address_known`` whether the client's address is that of who asks.
    """
    headers = Headers(scope=scope)
    chain = [each.strip() for line in headers.getlist("x-forwarded-for") for each in line.split(",")]
    peer = _peer(scope, chain)
    told = any(name.startswith(b"x-forwarded-") or name in _TOLD for name, _ in scope["headers"])
    changed = {**scope, "client": peer}
    networks = parse(trusted)
    believed = peer is not None and within(peer[0], networks)
    client = _client(chain, networks) if believed else None
    changed.setdefault("state", {}).update(proxied=told, address_known=client is not None or not told)
    secure = "wss" if scope["type"] == "websocket" else "https"
    plain = secure.removesuffix("s")
    if told and (peer is None or peer[0] == _UVICORN_S):  # what uvicorn made of it is undone
        changed["scheme"] = plain
    kept = [each for each in scope["headers"] if not each[0].startswith(b"x-forwarded-") and each[0] not in _TOLD]
    if peer is not None and believed:
        changed["client"] = (client or peer[0], 0)
        proto = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
        if proto in ("http", "https", "ws", "wss"):
            changed["scheme"] = secure if proto.endswith("s") else plain
        host = headers.get("x-forwarded-host", "").rpartition(",")[2].strip()
        if _HOST.fullmatch(host):
            kept = [each for each in kept if each[0] != b"host"] + [(b"host", host.encode("ascii"))]
    changed["headers"] = kept
    return changed


@cache
def parse(named: str, setting: str = "TRUSTED_PROXIES") -> tuple[Network | str, ...]:
    """Networks, or ``*``.

    Raises:
        NetworksRefused
    """
    try:
        return tuple(
            "*" if each == "*" else ipaddress.ip_network(each, strict=False)
            for each in (part.strip() for part in named.split(","))
            if each
        )
    except ValueError as error:
        raise NetworksRefused(
            "networks_invalid",
            es=f"{setting}={named} no son direcciones ni redes. Use por ejemplo 10.0.0.0/8, o *.",
            en=f"{setting}={named}: not addresses or networks. Use, for example, 10.0.0.0/8, or *.",
        ) from error


def _peer(scope: Scope, chain: list[str]) -> tuple[str, int] | None:
    """Who connects; None where only a claim says who. What uvicorn believed has port 0, which no real connection has, or
    the port that the claim names.
    """
    client = scope.get("client")
    if client is None or {f"{client[0]}:{client[1]}", f"[{client[0]}]:{client[1]}"} & set(chain):
        return None
    return (_UVICORN_S, 1) if client[1] == 0 else (client[0], client[1])


def _client(chain: list[str], networks: tuple[Network | str, ...]) -> str | None:
    """The last address that no trusted proxy of ours has; what stands before it may be invented."""
    named = tuple(each for each in networks if each != "*")
    for address in reversed(chain):
        if not _is_address(address):
            return None
        if not within(address, named):
            return address
    return chain[0] if chain else None


def within(address: str, networks: tuple[Network | str, ...]) -> bool:
    """Whether an address lies in one of these networks."""
    if "*" in networks:
        return True
    if not _is_address(address):
        return False
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return any(parsed in each for each in networks if not isinstance(each, str))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
