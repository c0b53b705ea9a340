"""What every answer says to the browser: where programs may come from, who may frame it, what may be kept."""

import base64
import hashlib
import re
from functools import cache, lru_cache
from importlib.resources import files

from starlette.datastructures import MutableHeaders
from starlette.types import Message

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # Streamlit's emotion writes its styles into the page
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "media-src": "'self' blob:",
    "worker-src": "'self' blob:",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
OURS = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""The policy of the pages that we render: no script at all."""

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HSTS = "max-age=31536000"


@lru_cache(maxsize=32)  # a host is whatever a client says
def content_policy(host: str, secure: bool) -> str:
    """The policy of Streamlit's pages. Its index has one script written into it, which is named by its hash."""
    socket = f"{'wss' if secure else 'ws'}://{host}"
    policy = _POLICY | {
        "script-src": " ".join(["'self'", "blob:", "'wasm-unsafe-eval'", *inline_scripts()]),
        "connect-src": f"'self' data: {socket}",  # its camera reads the picture that it took from one
    }
    return "; ".join(f"{name} {value}" for name, value in policy.items())


@cache
def inline_scripts() -> tuple[str, ...]:
    """Hashes of the scripts that stand in Streamlit's index, whatever its version."""
    index = files("streamlit").joinpath("static", "index.html").read_text(encoding="utf-8")
    found = re.findall(r"<script>(.*?)</script>", index, re.DOTALL)
    return tuple(f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'" for each in found)


def protect(message: Message, *, host: str, secure: bool, public: bool) -> None:
    """Add to the start of an answer what it does not say itself; what is private is never kept by anyone."""
    headers = MutableHeaders(raw=message["headers"])
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", content_policy(host, secure))
    if secure:
        headers.setdefault("Strict-Transport-Security", _HSTS)
    kept = headers.get("Cache-Control", "")
    if not public and not {"no-store", "private"} & {part.strip() for part in kept.split(",")}:
        headers["Cache-Control"] = "no-store"
    raw = [each for each in headers.raw if not each[0].lower().startswith(b"access-control-")]  # no other site may ask
    message["headers"] = [_secured(*each) if secure else each for each in raw]


def _secured(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name.lower() == b"set-cookie" and b"; secure" not in value.lower():
        return name, value + b"; Secure"  # Streamlit's own do not know of a proxy's TLS
    return name, value
