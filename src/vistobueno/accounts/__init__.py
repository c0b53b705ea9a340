"""Who may come in and what they may do: people, sessions, keys, throttling, audit. It knows no web."""

from .accounts import Accounts
from .errors import AccessRefused, LinkRefused, PasswordRefused, ProviderRefused, SignInRefused, Throttled
from .identity import ROLES, SCOPES, Identity

__all__ = [
    "COOKIE",
    "ROLES",
    "SCOPES",
    "AccessRefused",
    "Accounts",
    "Identity",
    "LinkRefused",
    "PasswordRefused",
    "ProviderRefused",
    "SignInRefused",
    "Throttled",
    "cookie_name",
    "running_accounts",
    "set_running_accounts",
]

COOKIE = "vistobueno_session"
_running: Accounts | None = None


def cookie_name(secure: bool) -> str:
    """The session's cookie; behind TLS its name binds it to this host, this path and TLS."""
    return f"__Host-{COOKIE}" if secure else COOKIE


def set_running_accounts(accounts: Accounts | None) -> None:
    """The accounts of this process, for pages and guard; the web's lifespan says so."""
    global _running
    _running = accounts


def running_accounts() -> Accounts:
    """The accounts of this process; RuntimeError before it is open."""
    if _running is None:
        raise RuntimeError("accounts are not open")
    return _running
