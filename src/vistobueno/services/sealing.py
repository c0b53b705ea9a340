"""The key that seals a station's reports: one that somebody was issued, or its own, made the first time."""

from pathlib import Path
from urllib.parse import urlsplit

from ..report.report import ReportRefused
from ..report.seal import Key, new_key, open_key
from ..settings import Settings
from ..store.private import made_once


def station_key(settings: Settings) -> Key:
    """The key in SEAL_PKCS12, else the station's own in DATA_DIR, which only its owner can read.

    Raises:
        ReportRefused: ``seal_key_missing`` or ``seal_key_invalid``.
    """
    if not settings.seal_pkcs12:
        host = urlsplit(settings.public_url).hostname
        name = f"Visto Bueno, {host}" if host else "Visto Bueno"
        return open_key(made_once(Path(settings.data_dir) / "seal.p12", lambda: new_key(name)))
    try:
        held = Path(settings.seal_pkcs12).read_bytes()
    except OSError as error:
        raise ReportRefused(
            "seal_key_missing",
            es=f"No se puede leer {settings.seal_pkcs12} ({error.strerror}). Revise SEAL_PKCS12 y los permisos del archivo.",
            en=f"{settings.seal_pkcs12} cannot be read ({error.strerror}). Check SEAL_PKCS12 and the file's permissions.",
        ) from error
    return open_key(held, settings.seal_password)
