"""DATABASE_URL as platforms write it: understood, translated for libpq, or refused in one sentence that shows no secret."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

from ..settings import SWITCH, SettingRefused, unquoted

_KEY = re.compile(r"[A-Za-z_][\w.-]{0,39}")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^:\[\]]*)(?::(.*))?")
_WORDS = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "sslnegotiation": ("postgres", "direct"),
    "load_balance_hosts": ("disable", "random"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
}
"""Parameters of libpq that it would refuse only when it connects, as if the server were away."""
_NUMBERS = {"connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
            "tcp_user_timeout", "connection_limit", "pool_timeout", "statement_cache_size", "preparethreshold"}  # fmt: skip
_SAME = {
    "currentschema": "schema",
    "search_path": "schema",
    "database": "dbname",
    "prepare_threshold": "preparethreshold",
}
_PASSED_OVER = {"client_encoding", "charset", "encoding", "unicode", "serverversion", "uselibpqcompat", "supa", "workaround",
                "socket_timeout", "max_connection_lifetime", "max_idle_connection_lifetime"}  # fmt: skip
"""What other drivers are told that changes nothing here: text is always UTF-8, connections are always kept and proved."""
_OF_SQLITE = {"check_same_thread", "timeout", "connection_limit", "pool_timeout", "socket_timeout"}


@dataclass(frozen=True)
class Server:
    """A PostgreSQL.

    Attributes:
        libpq: connection parameters by libpq's names.
        schema: where the tables are; empty for what the server says.
        prepares: whether statements may be prepared; not where PgBouncer gives each transaction another connection.
        pooled: whether it stands behind such a pooler, which knows settings of a transaction alone.
        connections, overflow: kept open, and opened for a moment.
        patience: seconds to wait for one of them; None for ours.
    """

    libpq: Mapping[str, str] = field(repr=False)
    schema: str = ""
    prepares: bool = True
    pooled: bool = False
    connections: int = 8
    overflow: int = 8
    patience: int | None = None


def read_address(url: str) -> Path | Server:
    """The file or the server that ``url`` names.

    Raises:
        SettingRefused: ``setting_invalid``. Nothing of the address but a parameter's name is repeated.
    """
    scheme, found, rest = unquoted(url).partition("://")
    kind = scheme.lower().partition("+")[0]
    if not found or not rest.isprintable() or kind not in ("postgres", "postgresql", "sqlite"):
        _refuse_kind()
    return _file(rest) if kind == "sqlite" else _server(rest)


def _file(rest: str) -> Path:
    name, _, query = rest.partition("?")
    for parameter, _ in _pairs(query):
        if parameter.lower() not in _OF_SQLITE:
            _refuse_parameter(parameter)
    path = Path.home() / name[3:] if name.startswith("/~/") else Path(name[1:])
    if not name.startswith("/") or len(name) < 2 or name[1:].startswith((":memory:", "file:")) or path.is_dir():
        _refuse_kind()
    return path


def _server(rest: str) -> Server:
    signed, place, query = _parts(rest)
    user, _, password = signed.partition(":")
    hosts, _, name = place.partition("/")
    libpq = {"user": unquote(user), "password": unquote(password), **_hosts(hosts), "dbname": unquote(name)}
    found = Server({keyword: value for keyword, value in libpq.items() if value})
    for parameter, value in _pairs(query):
        found = _with(found, parameter, value)
    return found


def _parts(rest: str) -> tuple[str, str, str]:
    """Who signs in, where, and the query. Passwords hold ``@ / ? #`` as they are more often than as the standard has it."""
    before, _, query = rest.partition("?")
    if "@" in query and not re.match(r"[A-Za-z_][\w.-]*=", query):  # this ? is the password's
        signed, _, after = rest.rpartition("@")
        place, _, query = after.partition("?")
        return signed, place, query
    signed, _, place = before.rpartition("@")
    return signed, place, query


def _hosts(said: str) -> dict[str, str]:
    """One host or several, each with its port or none, as libpq is told them."""
    hosts: list[str] = []
    ports: list[str] = []
    for each in said.split(","):
        known = _HOST.fullmatch(each)
        if known is None:
            _refuse_port()
        host, port = known.groups()
        hosts.append(unquote(host).strip("[]"))
        ports.append(_port(port or ""))
    return {
        "host": ",".join(hosts).strip(","),
        "port": ",".join(each or "5432" for each in ports) if any(ports) else "",
    }


def _port(said: str) -> str:
    if said and not (said.isdecimal() and said.isascii() and len(said) < 6 and 0 < int(said) < 65_536):
        _refuse_port()
    return said


def _with(server: Server, parameter: str, value: str) -> Server:
    """What one parameter of the query changes."""
    name = parameter.lower()
    name = _SAME.get(name, name)
    if name in _NUMBERS and not (value.isdecimal() and value.isascii() and len(value) < 7):
        _refuse_value(name, "a whole number", "un número entero")
    match name:
        case "pgbouncer":
            return replace(server, pooled=True, prepares=False) if _switch(name, value) else server
        case "prepared_statements":
            return replace(server, prepares=_switch(name, value))
        case "statement_cache_size" | "preparethreshold":
            return replace(server, prepares=server.prepares and int(value) > 0)
        case "connection_limit":
            return replace(server, connections=max(2, int(value)), overflow=0)  # a backup reads while it asks
        case "pool_timeout":
            return replace(server, patience=int(value) or None)
        case "schema":
            return replace(server, schema=value)
        case "ssl":
            return _told(server, "sslmode", _ssl(value))
        case "sslaccept" if value == "accept_invalid_certs":  # as libpq does unless sslmode says verify-…
            return server
        case "sslmode" if value == "no-verify":  # node's word
            return _told(server, name, "require")
        case "port":
            return _told(server, name, ",".join(map(_port, value.split(","))))
        case "options":
            return _told(server, name, value.replace("+", " "))
        case _ if name in _PASSED_OVER:
            return server
    if name in _WORDS and value not in _WORDS[name]:
        words = ", ".join(_WORDS[name])
        _refuse_value(name, f"one of {words}", f"una de {words}")
    if name not in _keywords():
        _refuse_parameter(parameter)
    return _told(server, name, value)


def _told(server: Server, keyword: str, value: str) -> Server:
    return replace(server, libpq={**server.libpq, keyword: value})


def _ssl(value: str) -> str:
    if value in _WORDS["sslmode"]:
        return value
    if value == "no-verify":
        return "require"
    return "require" if _switch("ssl", value) else "disable"


def _switch(name: str, value: str) -> bool:
    switch = SWITCH.get(value.lower())
    return _refuse_value(name, "true or false", "true o false") if switch is None else switch


def _keywords() -> set[str]:
    """What this libpq knows."""
    from psycopg.pq import Conninfo

    return {each.keyword.decode() for each in Conninfo.get_defaults()} - {"replication"}


def _pairs(query: str) -> Iterable[tuple[str, str]]:
    """Names and values, percent signs undone as libpq does: a plus stays one."""
    for each in filter(None, query.split("&")):
        name, _, value = each.partition("=")
        yield unquote(name).strip(), unquote(value).strip()


def _refuse_kind() -> NoReturn:
    """The value is not repeated: there may be a password in it."""
    raise SettingRefused(
        "setting_invalid",
        es="DATABASE_URL no se puede usar. Use postgresql://… o sqlite:///archivo.",
        en="DATABASE_URL cannot be used. Use postgresql://… or sqlite:///file.",
    )


def _refuse_port() -> NoReturn:
    raise SettingRefused(
        "setting_invalid",
        es="El puerto de DATABASE_URL no es un número de 1 a 65535. Use postgresql://usuario:clave@servidor:5432/base.",
        en="The port in DATABASE_URL is not a number from 1 to 65535. Use postgresql://user:password@host:5432/database.",
    )


def _refuse_parameter(parameter: str) -> NoReturn:
    named = f" {parameter}" if _KEY.fullmatch(parameter) else ""  # else it may be a piece of a password
    raise SettingRefused(
        "setting_invalid",
        es=f"DATABASE_URL lleva un parámetro{named} que no se puede usar. Quítelo.",
        en=f"DATABASE_URL has a parameter{named} that cannot be used. Remove it.",
    )


def _refuse_value(name: str, en: str, es: str) -> Any:
    raise SettingRefused(
        "setting_invalid",
        es=f"El parámetro {name} de DATABASE_URL no se puede usar así. Use {es}.",
        en=f"The parameter {name} in DATABASE_URL cannot be used like this. Use {en}.",
    )
