"""Secrets that are handed out once and kept only as hashes: sessions, one-time links, API keys, signed marks.

SHA-256 is enough for them, unlike for passwords: each has 256 random bits, so there is nothing to guess.
"""

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from itsdangerous import Signer

from ..settings import SettingRefused, Settings
from ..store.private import made_once

KEY_START = "vb_"
_PREFIX_BYTES, _SECRET_BYTES = 5, 32
_PREFIX = re.compile(r"[0-9a-f]{10}")


def new_token() -> str:
    """256 random bits that fit in a cookie and an address."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def hashed(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_key() -> tuple[str, str]:
    """A public prefix and the whole key, ``vb_PREFIX_SECRET``."""
    prefix = secrets.token_hex(_PREFIX_BYTES)
    return prefix, f"{KEY_START}{prefix}_{secrets.token_urlsafe(_SECRET_BYTES)}"


def key_prefix(key: str) -> str | None:
    """The prefix of what looks like a key of ours."""
    start, _, rest = key.partition("_")
    prefix, _, secret = rest.partition("_")
    return prefix if f"{start}_" == KEY_START and _PREFIX.fullmatch(prefix) and secret else None


def same(first: str, second: str) -> bool:
    """Compare without telling by time where they part."""
    return hmac.compare_digest(first.encode("utf-8", "surrogatepass"), second.encode("utf-8", "surrogatepass"))


def signer(secret: bytes, purpose: str) -> Signer:
    """Makes and knows marks that only this station can make: a form's token, a browser that signed in before."""
    return Signer(secret, salt=purpose, key_derivation="hmac", digest_method=hashlib.sha256)


def secret_key(settings: Settings) -> bytes:
    """SECRET_KEY, or one made at the first start and kept in DATA_DIR, readable by its owner alone.

    Raises:
        SettingRefused: ``secret_key_missing`` in production, where DATA_DIR may be another one tomorrow.
    """
    if settings.secret_key:
        return hashlib.sha256(settings.secret_key.encode()).digest()
    if settings.env == "production":
        raise SettingRefused(
            "secret_key_missing",
            es="ENV=production exige SECRET_KEY. Cree una con: openssl rand -hex 32.",
            en="ENV=production requires SECRET_KEY. Make one with: openssl rand -hex 32.",
        )
    kept = made_once(Path(settings.data_dir) / "secret.key", lambda: secrets.token_hex(32).encode())
    return hashlib.sha256(kept).digest()
