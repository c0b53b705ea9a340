"""Who may come in and what they may do: people, sessions, keys, throttling, audit. It knows no web."""

from .doors import Access
from .errors import AccessRefused, LinkRefused, PasswordRefused, ProviderRefused, SignInRefused, Throttled
from .identity import ROLES, SCOPES, Identity

__all__ = [
    "COOKIE",
    "ROLES",
    "SCOPES",
    "Access",
    "AccessRefused",
    "Identity",
    "LinkRefused",
    "PasswordRefused",
    "ProviderRefused",
    "SignInRefused",
    "Throttled",
    "cookie_name",
    "running_access",
    "set_running_access",
]

COOKIE = "vistobueno_session"
_running: Access | None = None


def cookie_name(secure: bool) -> str:
    """The session's cookie; behind TLS its name binds it to this host, this path and TLS."""
    return f"__Host-{COOKIE}" if secure else COOKIE


def set_running_access(access: Access | None) -> None:
    """The access of this process, for pages and guard; the web's lifespan says so."""
    global _running
    _running = access


def running_access() -> Access:
    """The access of this process; RuntimeError before it is open."""
    if _running is None:
        raise RuntimeError("access is not open")
    return _running
