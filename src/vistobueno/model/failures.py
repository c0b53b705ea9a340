"""What can go wrong while a model is fetched: one code and one sentence in each language, which says what to do."""

from ..core.errors import DownloadFailed

_SENTENCES = {
    "sha256_missing": (
        (
            "Falta el SHA-256 de {url}: sin él nadie sabe si llega el modelo que se pidió. Pídalo a quien lo publicó "
            "e indíquelo (--sha256 o MODEL_SHA256)."
        ),
        (
            "The SHA-256 of {url} is missing: without it nobody can tell whether what arrives is the model you asked for. "
            "Ask whoever published it and give it (--sha256 or MODEL_SHA256)."
        ),
    ),
    "sha256_invalid": (
        "«{sha256}» no es un SHA-256: son 64 cifras hexadecimales. Cópielo otra vez entero.",
        "'{sha256}' is not a SHA-256, which has 64 hexadecimal digits. Copy all of it again.",
    ),
    "download_address": (
        (
            "No se entiende la dirección {url}. Use un enlace o identificador de Google Drive, una dirección "
            "https://, un archivo o una carpeta."
        ),
        "The address {url} cannot be understood. Use a Google Drive link or id, an https:// address, a file or folder.",
    ),
    "download_not_found": (
        "En {url} no hay nada. Compruebe la dirección.",
        "There is nothing at {url}. Check the address.",
    ),
    "download_forbidden": (
        "{url} no permite el acceso (HTTP {status}). Pida un enlace público o con permiso.",
        "{url} does not let you in (HTTP {status}). Ask for a link that is public or carries permission.",
    ),
    "download_server": (
        "El servidor de {url} respondió con un error (HTTP {status}). Inténtelo más tarde.",
        "The server at {url} answered with an error (HTTP {status}). Try again later.",
    ),
    "download_unreachable": (
        "No se puede conectar con {url}. Compruebe la red y la dirección.",
        "{url} cannot be reached. Check the network and the address.",
    ),
    "download_timeout": (
        "{url} dejó de responder. Inténtelo otra vez; lo ya recibido no se pierde si el servidor lo permite.",
        "{url} stopped responding. Try again; what has arrived is not lost if the server allows it.",
    ),
    "download_cut": (
        (
            "La conexión con {url} se cortó varias veces. Inténtelo otra vez; lo ya recibido no se pierde si el "
            "servidor lo permite."
        ),
        "The connection to {url} was cut several times. Try again; what has arrived is not lost if the server allows it.",
    ),
    "download_tls": (
        (
            "No se pudo comprobar la identidad de {url} (error TLS). Revise la fecha del equipo y los certificados; "
            "no se ha descargado nada."
        ),
        (
            "The identity of {url} could not be verified (TLS error). Check this computer's date and its certificates; "
            "nothing was downloaded."
        ),
    ),
    "download_redirects": (
        "{url} redirige una y otra vez sin llegar a ningún archivo. Pida la dirección directa.",
        "{url} redirects again and again and never reaches a file. Ask for the direct address.",
    ),
    "download_downgrade": (
        "{url} redirige a una dirección sin cifrar. No se sigue; pida una dirección https:// directa.",
        "{url} redirects to an unencrypted address, which is not followed. Ask for a direct https:// address.",
    ),
    "download_html": (
        (
            "{url} entrega una página web y no un archivo. Quizá pide iniciar sesión o es la página que lleva el "
            "enlace; use el enlace directo."
        ),
        (
            "{url} gives a web page and not a file. It may ask to sign in, or be the page that holds the link; use "
            "the direct link."
        ),
    ),
    "download_too_large": (
        "Lo que hay en {url} supera {limit} MB, más de lo que puede ocupar un modelo. Compruebe la dirección.",
        "The file at {url} is larger than {limit} MB, the most a model may take. Check the address.",
    ),
    "download_wrong_hash": (
        (
            "Lo descargado de {url} tiene el SHA-256 {found} y se esperaba {expected}. No se usa: compruebe el hash y"
            " la dirección con quien publicó el modelo."
        ),
        (
            "What came from {url} has SHA-256 {found}, and {expected} was expected. It is not used: check the hash "
            "and the address with whoever published the model."
        ),
    ),
    "download_busy": (
        "Otro proceso lleva mucho tiempo descargando {to}. Espere a que termine o ciérrelo.",
        "Another process has been downloading {to} for a long time. Wait until it ends, or stop it.",
    ),
    "download_disk_full": (
        "No queda espacio en disco en {folder}. Libere espacio e inténtelo otra vez.",
        "There is no space left on the disk of {folder}. Free some and try again.",
    ),
    "download_disk": (
        "No se puede escribir en {folder} ({reason}). Elija otro lugar o revise los permisos.",
        "{folder} cannot be written to ({reason}). Choose another place or check the permissions.",
    ),
    "drive_quota": (
        (
            "Google Drive ha limitado este archivo: demasiadas descargas en poco tiempo. Espere hasta 24 horas o pida"
            " otra dirección."
        ),
        (
            "Google Drive has limited this file: too many downloads in a short time. Wait up to 24 hours, or ask for "
            "another address."
        ),
    ),
    "drive_not_shared": (
        (
            "Google Drive no entrega este archivo: no está compartido o no existe. Pida a su dueño que lo comparta "
            "con «Cualquier persona con el enlace». Si ya lo está, espere: puede tener demasiados accesos."
        ),
        (
            "Google Drive does not hand out this file: it is not shared, or does not exist. Ask its owner to share it "
            "with 'Anyone with the link'. If it is already, wait: it may be asked for too often."
        ),
    ),
    "drive_refused": (
        "Google Drive no entrega este archivo. Dice: «{reason}»",
        "Google Drive does not hand out this file. It says: '{reason}'",
    ),
    "drive_folder": (
        "{url} es una carpeta de Google Drive. Comparta el .zip del modelo y use su enlace.",
        "{url} is a Google Drive folder. Share the model's .zip and use its link.",
    ),
}

CODES = frozenset(_SENTENCES)


def failed(code: str, **facts: object) -> DownloadFailed:
    """The error ``code`` with ``facts`` in its sentences."""
    spanish, english = _SENTENCES[code]
    return DownloadFailed(code, es=spanish.format(**facts), en=english.format(**facts))
