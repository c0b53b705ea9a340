"""Where a webhook may be sent: what its address must look like, and which addresses on the network it may lead to."""

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..core.events import WebhookRefused
from ..settings import SettingRefused

_LONGEST = 2000  # characters
_PORTS = {"https": 443, "http": 80}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


@dataclass(frozen=True)
class Destination:
    """Where to connect: only these addresses were looked at, so no other is ever asked for."""

    url: str
    port: int
    addresses: tuple[str, ...]


def allowed_networks(named: str) -> Networks:
    """The networks that WEBHOOK_NETWORKS names.

    Raises:
        SettingRefused: ``setting_invalid``.
    """
    try:
        return tuple(ipaddress.ip_network(each.strip(), strict=False) for each in named.split(",") if each.strip())
    except ValueError as error:
        raise SettingRefused(
            "setting_invalid",
            es=f"WEBHOOK_NETWORKS={named} no son direcciones ni redes. Use por ejemplo 10.0.5.0/24.",
            en=f"WEBHOOK_NETWORKS={named}: not addresses or networks. Use, for example, 10.0.5.0/24.",
        ) from error


def plain_url(url: str) -> str:
    """An address that can be that of an endpoint.

    Raises:
        WebhookRefused: ``webhook_url``.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        sound = (
            parts.scheme in _PORTS
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and "\\" not in url
            and parts.port != 0
            and not parts.fragment
            and url.isascii()
            and url.isprintable()
            and " " not in url
        )
    except ValueError:
        sound = False
    if not sound or len(url) > _LONGEST:
        raise WebhookRefused(
            "webhook_url",
            es="Esa dirección no sirve. Escriba una como https://erp.ejemplo.com/avisos, sin usuario ni contraseña.",
            en="That address cannot be used. Write one like https://erp.example.com/events, without a user or password.",
        )
    return url


def destination(url: str, allowed: Networks) -> Destination:
    """Where an address leads now.

    Every address that its name stands for must be public or in ``allowed``; plain http is for those in ``allowed``.

    Raises:
        WebhookRefused: ``webhook_url``, ``webhook_unknown_host``, ``webhook_own_network`` or ``webhook_not_encrypted``.
    """
    parts = urlsplit(plain_url(url))
    host, port = str(parts.hostname), parts.port or _PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise WebhookRefused(
            "webhook_unknown_host",
            es=f"No se encuentra {host}. Revise la dirección y el DNS de la estación.",
            en=f"{host} was not found. Check the address and the station's DNS.",
        ) from error
    addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))
    if not all(_is_in(each, allowed) or is_public(each) for each in addresses):
        raise WebhookRefused(
            "webhook_own_network",
            es=f"{host} lleva a una red propia, a la que no se envía. Si es lo que quiere, póngala en WEBHOOK_NETWORKS.",
            en=f"{host} leads to a private network, where nothing is sent. If you mean it, add it to WEBHOOK_NETWORKS.",
        )
    if parts.scheme == "http" and not all(_is_in(each, allowed) for each in addresses):
        raise WebhookRefused(
            "webhook_not_encrypted",
            es="Use https. Sin cifrar solo se envía a las redes de WEBHOOK_NETWORKS.",
            en="Use https. Only networks in WEBHOOK_NETWORKS are sent anything unencrypted.",
        )
    return Destination(url, port, addresses)


def is_public(address: str) -> bool:
    """Whether an address is everybody's, whatever it is written in: an IPv4 address in an IPv6 one counts as itself."""
    ip = _inner(_read(address))
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or getattr(ip, "is_site_local", False))


def _is_in(address: str, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    ip = _read(address)
    return any(each in network for network in networks for each in (ip, _inner(ip)))


def _read(address: str) -> IPAddress:
    return ipaddress.ip_address(address.partition("%")[0])


def _inner(ip: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 one stands for: mapped, 6to4, NAT64."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        return ip.ipv4_mapped or ip.sixtofour or ip
    return ip
