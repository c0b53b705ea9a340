"""What a form calls the file it carries: the header Content-Disposition of a part, in every way that it is written."""

import unicodedata
from email.message import Message
from email.utils import collapse_rfc2231_value

from python_multipart.multipart import parse_options_header


def file_name(disposition: bytes) -> str | None:
    """The name without folders (old browsers sent the whole path), accents one with their letters; None where there is none."""
    _, options = parse_options_header(disposition)
    name = _extended(disposition) or options.get(b"filename", b"").decode("utf-8", "replace")
    return unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2]) or None


def _extended(disposition: bytes) -> str | None:
    """``filename*=UTF-8''pl%C3%A1tano.jpg`` (RFC 8187), which programs write though RFC 7578 tells them not to."""
    message = Message()
    message["Content-Disposition"] = disposition.decode("latin-1")
    try:
        found = message.get_params([], "Content-Disposition")
        names = [value for key, value in found if key.lower() == "filename" and isinstance(value, tuple)]
        return collapse_rfc2231_value(names[0]) if names else None
    except ValueError:  # parts numbered by thousands of digits; a code that takes no such bytes
        return None
