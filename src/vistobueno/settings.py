"""Every environment variable, its default and its meaning."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .core.errors import VistoBuenoError

_WEB = ("http", "https")


class SettingRefused(VistoBuenoError):
    """An environment variable has a value that cannot be used."""


def _setting(
    default: Any,
    *,
    es: str,
    en: str,
    secret: bool = False,
    choices: tuple[str, ...] = (),
    most: int = 100_000,
    schemes: tuple[str, ...] = (),
) -> Any:
    metadata = {"es": es, "en": en, "secret": secret, "choices": choices, "most": most, "schemes": schemes}
    return field(default=default, repr=not secret, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """The settings of one process. The variable's name is the field's in capitals; its meaning is in its metadata."""

    port: int = _setting(8000, es="Puerto en que atiende.", en="Port it listens on.", most=65_535)
    bind_address: str = _setting(
        "127.0.0.1",
        es="Dirección en que atiende; 0.0.0.0 para toda la red.",
        en="Address it listens on; 0.0.0.0 for the whole network.",
    )
    env: str = _setting(
        "development",
        es="Dónde corre; production exige SECRET_KEY y cookies seguras.",
        en="Where it runs; production requires SECRET_KEY and secure cookies.",
        choices=("development", "production"),
    )
    debug: bool = _setting(
        False, es="Errores con su traza, para desarrollar.", en="Errors with their traceback, for development."
    )
    secret_key: str = _setting(
        "",
        es="Firma lo que el navegador guarda. Vacía: se crea una y se guarda en DATA_DIR.",
        en="Signs what the browser keeps; empty: one is created and kept in DATA_DIR.",
        secret=True,
    )
    data_dir: Path = _setting(  # noqa: RUF009 a Path does not change
        Path("data"),
        es="Carpeta de la base de datos SQLite, las fotografías y los modelos.",
        en="Folder of the SQLite database, the photographs and the models.",
    )
    database_url: str = _setting(
        "",
        es="Base de datos, postgresql://… o sqlite:///…; vacía: SQLite en DATA_DIR.",
        en="Database, postgresql://… or sqlite:///…; empty: SQLite in DATA_DIR.",
        secret=True,
    )
    evidence_url: str = _setting(
        "",
        es="Dónde van las fotografías: una carpeta, s3://bucket/prefijo o database:; vacía: una carpeta en DATA_DIR.",
        en="Where photographs go: a folder, s3://bucket/prefix or database:; empty: a folder in DATA_DIR.",
        schemes=("", "file", "s3", "database"),
    )
    s3_endpoint: str = _setting(
        "", es="Dirección del almacén compatible con S3.", en="Address of the S3-compatible storage.", schemes=_WEB
    )
    s3_region: str = _setting("us-east-1", es="Región del almacén S3.", en="Region of the S3 storage.")
    s3_access_key_id: str = _setting("", es="Clave de acceso a S3.", en="Access key for S3.")
    s3_secret_access_key: str = _setting("", es="Clave secreta de S3.", en="Secret key for S3.", secret=True)
    model_path: str = _setting(
        "",
        es="Carpeta o .zip del modelo; vacía: el que trae el programa.",
        en="Folder or .zip of the model; empty: the one that ships.",
    )
    model_url: str = _setting(
        "",
        es="De dónde descargar un modelo si MODEL_PATH está vacía (Google Drive, HTTPS, archivo, carpeta).",
        en="Where to download a model when MODEL_PATH is empty (Google Drive, HTTPS, file, folder).",
        schemes=("", "file", *_WEB),
    )
    model_sha256: str = _setting("", es="SHA-256 esperado de la descarga.", en="SHA-256 that the download must have.")
    runtime: str = _setting(
        "litert",
        es="litert sirve; tensorflow compara.",
        en="litert serves; tensorflow compares.",
        choices=("litert", "tensorflow"),
    )
    judging_threads: int = _setting(
        0,
        es="Fotografías que se juzgan a la vez; 0: una por núcleo.",
        en="Photographs judged at once; 0: one per core.",
    )
    judging_queue: int = _setting(
        16,
        es="Fotografías que pueden esperar; más reciben 503 con Retry-After.",
        en="Photographs that may wait; any more get 503 with Retry-After.",
    )
    public_url: str = _setting(
        "",
        es="Dirección con que la gente entra (https://…); para enlaces, informes y OpenID Connect. En Render, la del servicio.",
        en="Address that people use (https://…); for links, reports and OpenID Connect. On Render, the service's.",
        schemes=_WEB,
    )
    trusted_proxies: str = _setting(
        "",
        es="Direcciones o redes, con comas, cuyas cabeceras X-Forwarded-* se aceptan.",
        en="Addresses or networks, separated by commas, whose X-Forwarded-* headers are trusted.",
    )
    metrics_from: str = _setting(
        "127.0.0.0/8, ::1",
        es="Direcciones o redes, con comas, que pueden leer /metrics sin clave; por defecto este equipo, * para cualquiera.",
        en="Addresses or networks, separated by commas, that read /metrics without a key; default: this machine; *: anyone.",
    )
    metrics_key: str = _setting(
        "",
        es="Clave con que se lee /metrics desde otro sitio (Authorization: Bearer); vacía: desde ninguno.",
        en="Key to read /metrics from elsewhere (Authorization: Bearer); empty: from nowhere.",
        secret=True,
    )
    admin_email: str = _setting(
        "",
        es="Correo del primer administrador; vacío: un enlace de un solo uso al arrancar.",
        en="E-mail of the first administrator; empty: a one-time link at start.",
    )
    admin_password: str = _setting(
        "", es="Contraseña del primer administrador.", en="Password of the first administrator.", secret=True
    )
    session_hours: int = _setting(12, es="Horas que dura una sesión.", en="Hours that a session lasts.")
    oidc_issuer: str = _setting(
        "",
        es="Emisor de OpenID Connect; vacío: solo correo y contraseña.",
        en="OpenID Connect issuer; empty: e-mail and password only.",
        schemes=_WEB,
    )
    oidc_client_id: str = _setting("", es="Cliente de OpenID Connect.", en="OpenID Connect client.")
    oidc_client_secret: str = _setting(
        "", es="Secreto del cliente de OpenID Connect.", en="Secret of the OpenID Connect client.", secret=True
    )
    seal_pkcs12: str = _setting(
        "",
        es="Archivo .p12 o .pfx con la clave que sella los informes; vacío: una propia, en DATA_DIR.",
        en=".p12 or .pfx file with the key that seals reports; empty: the station's own, in DATA_DIR.",
    )
    seal_password: str = _setting("", es="Contraseña de SEAL_PKCS12.", en="Password of SEAL_PKCS12.", secret=True)
    seal_tsa_url: str = _setting(
        "",
        es="Autoridad de sellado de tiempo (RFC 3161) de los informes; vacía: ninguna.",
        en="Timestamp authority (RFC 3161) for reports; empty: none.",
        schemes=_WEB,
    )
    audit_share: float = _setting(
        0.05,
        es="Parte al azar de las fotografías de cada línea que se pregunta sin mostrar el veredicto; 0: ninguna.",
        en="Random share of each line's photographs that people answer without seeing the verdict; 0: none.",
    )
    audit_first: int = _setting(
        60,
        es="Cuántas fotografías de una línea, las primeras, se preguntan todas así; con AUDIT_SHARE=0 y 0 aquí no hay auditoría.",
        en="How many of a line's first photographs are all audited; with AUDIT_SHARE=0 and 0 here there is no audit.",
    )
    audit_second: float = _setting(
        0.2,
        es="Parte de las auditadas que se pregunta también a una segunda persona.",
        en="Share of the audited photographs that a second person answers too.",
    )
    inspectors_review: str = _setting(
        "off",
        es="own: cada inspector responde sobre sus propias fotos por revisar; off: solo supervisores y "
        "administradores.",
        en="own: each inspector answers for their own photos that went to review; off: supervisors and "
        "administrators only.",
        choices=("off", "own"),
    )
    webhook_networks: str = _setting(
        "",
        es="Direcciones o redes propias, con comas, a las que pueden ir webhooks, también por http; vacía: solo a Internet por "
        "https.",
        en="Private addresses or networks, separated by commas, that webhooks may go to, over http too; empty: only "
        "the Internet, over https.",
    )
    retention_days: int = _setting(
        0,
        es="Días que se guardan las fotografías; 0: siempre. Los veredictos quedan.",
        en="Days that photographs are kept; 0: for ever. Verdicts are always kept.",
    )
    backup_url: str = _setting(
        "",
        es="Dónde deja `vistobueno nightly` el respaldo de cada noche: una carpeta o s3://bucket/prefijo; vacía: ninguno.",
        en="Where `vistobueno nightly` puts each night's backup: a folder or s3://bucket/prefix; empty: none.",
        schemes=("", "file", "s3"),
    )
    backups_kept: int = _setting(14, es="Respaldos que quedan en BACKUP_URL.", en="Backups to keep in BACKUP_URL.")
    demo: bool = _setting(
        False,
        es="`vistobueno serve` llena una estación nueva con un mes inventado, que cada página señala; con datos reales no "
        "arranca.",
        en="`vistobueno serve` fills a new station with an invented month, marked on every page; with real data it does not "
        "start.",
    )
    render: bool = _setting(
        False,
        es="Lo define Render: el disco se pierde en cada arranque, y se avisa si algo se guarda en él.",
        en="Render sets it: the disk is lost at each start, and a warning says if anything is kept there.",
    )
    default_language: str = _setting(
        "es",
        es="Idioma de quien no ha elegido uno.",
        en="Language for people who have not chosen one.",
        choices=("es", "en"),
    )
    log_level: str = _setting(
        "INFO",
        es="Nivel de detalle del registro.",
        en="How much is logged.",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
    )


MASK = "••••••"  # of one length: it tells nothing of the secret, not even how long it is


def without_secrets(url: str) -> str:
    """An address for people to read: who signs in with it, and what its query or fragment asks with, is hidden."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    if not parts.netloc:
        return url
    user, at, host = parts.netloc.rpartition("@")
    hidden = {name: MASK for name in ("query", "fragment") if getattr(parts, name)}
    return parts._replace(netloc=f"{MASK}{at}{host}" if user or at else host, **hidden).geturl()


SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings in ``environment`` (default: this process's). An empty variable is as good as none.

    Raises:
        SettingRefused: ``setting_invalid``.
    """
    given = os.environ if environment is None else environment
    if not given.get("PUBLIC_URL", "").strip() and given.get("RENDER_EXTERNAL_URL"):  # which Render sets by itself
        given = {**given, "PUBLIC_URL": given["RENDER_EXTERNAL_URL"]}
    values = {each.name: value for each in fields(Settings) if (value := given.get(each.name.upper(), "").strip())}
    return Settings(**{name: _read(name, value) for name, value in values.items()})


def _read(name: str, value: str) -> Any:
    known = next(each for each in fields(Settings) if each.name == name)
    choices = known.metadata["choices"]
    if choices:
        return value if value in choices else _refuse(name, value, " o ".join(choices), " or ".join(choices))
    if known.type is bool:
        switch = SWITCH.get(value.lower())
        return _refuse(name, value, "true o false", "true or false") if switch is None else switch
    if known.type is int:
        most = known.metadata["most"]
        if value.isdecimal() and value.isascii() and len(value) <= len(str(most)) and int(value) <= most:
            return int(value)
        return _refuse(name, value, f"un número entero hasta {most}", f"a whole number up to {most}")
    if known.type is float:
        if re.fullmatch(r"0*(\d?\.)?\d+", value, re.ASCII) and float(value) <= 1:
            return float(value)
        return _refuse(name, value, "un número de 0 a 1, con punto: 0.05", "a number from 0 to 1: 0.05")
    if known.metadata["schemes"]:
        return _address(name, unquoted(value), known.metadata["schemes"])
    return Path(value) if known.type is Path else value


def unquoted(value: str) -> str:
    """An address without the quotes that were copied with it: Docker and systemd keep them."""
    plain = value.strip()
    return plain[1:-1].strip() if len(plain) > 1 and plain[0] in "\"'" and plain[0] == plain[-1] else plain


def _address(name: str, value: str, schemes: tuple[str, ...]) -> Any:
    """An address with one of ``schemes``, or, where one of them is empty, a path; a host is somewhere, a port a number."""
    scheme = value.partition(":")[0].lower() if ":" in value else ""
    if len(scheme) < 2 and "" in schemes:  # one letter is a Windows drive
        return value
    try:
        parts = urlsplit(value)
        sound = parts.port != 0 and (scheme not in (*_WEB, "s3") or bool(parts.hostname))
    except ValueError:
        sound = False
    if scheme in schemes and sound and value.isprintable() and " " not in (parts.netloc or ""):
        return value
    written = [f"{each}:" if each == "database" else f"{each}://…" for each in schemes if each]
    es, en = (["una carpeta"], ["a folder"]) if "" in schemes else ([], [])
    return _refuse(name, without_secrets(value), " o ".join(es + written), " or ".join(en + written))


def _refuse(name: str, value: str, es: str, en: str) -> Any:
    raise SettingRefused(
        "setting_invalid",
        es=f"{name.upper()}={value} no se puede usar. Use {es}.",
        en=f"{name.upper()}={value} cannot be used. Use {en}.",
    )
