"""The architecture as a drawing (SVG) that follows the page's colours, light or dark."""

from html import escape

# Each: x, y, width, title, line below. The words are by language.
_BOXES = {
    "person": (20, 20, 200),
    "machine": (20, 150, 200),
    "proxy": (290, 85, 160),
    "guard": (520, 85, 130),
    "pages": (720, 20, 200),
    "api": (720, 150, 200),
    "station": (720, 280, 200),
    "model": (400, 280, 220),
    "records": (620, 410, 200),
    "evidence": (860, 410, 200),
}
_ARROWS = (
    ("person", "proxy"), ("machine", "proxy"), ("proxy", "guard"), ("guard", "pages"), ("guard", "api"),
    ("pages", "station"), ("api", "station"), ("station", "model"), ("station", "records"), ("station", "evidence"),
)  # fmt: skip
_WORDS = {
    "es": {
        "title": "Arquitectura: un puerto y un proceso; la guarda está delante de todo",
        "person": ("Persona", "teléfono o computador"),
        "machine": ("Máquina", "clasificadora, ERP, script"),
        "proxy": ("Proxy con TLS", "Caddy, nginx, Render"),
        "guard": ("Guarda", "sesión o clave"),
        "pages": ("Páginas", "Streamlit"),
        "api": ("API", "/api/v1, /v2"),
        "station": ("Estación", "cola con límite"),
        "model": ("Foto → modelo → veredicto", "LiteRT, calibrado"),
        "records": ("Registros", "SQLite o PostgreSQL"),
        "evidence": ("Fotografías", "carpeta, S3 o base de datos"),
    },
    "en": {
        "title": "Architecture: one port and one process; the guard stands before everything",
        "person": ("Person", "phone or computer"),
        "machine": ("Machine", "sorter, ERP, script"),
        "proxy": ("Proxy with TLS", "Caddy, nginx, Render"),
        "guard": ("Guard", "session or key"),
        "pages": ("Pages", "Streamlit"),
        "api": ("API", "/api/v1, /v2"),
        "station": ("Station", "bounded queue"),
        "model": ("Photo → model → verdict", "LiteRT, calibrated"),
        "records": ("Records", "SQLite or PostgreSQL"),
        "evidence": ("Photographs", "folder, S3 or database"),
    },
}
_HEIGHT = 64


def drawing(language: str) -> str:
    """The drawing, with its words."""
    words = _WORDS[language]
    title = str(words["title"])
    parts = [
        (
            f'<svg viewBox="0 0 1080 490" role="img" aria-label="{escape(title)}" style="width:100%;height:auto" '
            'font-family="inherit" font-size="15" text-anchor="middle" fill="none" stroke="currentColor">'
        ),
        (
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="9" markerHeight="9" orient="auto">'
            '<path d="M0 0 8 4 0 8z" fill="currentColor" stroke="none"/></marker></defs>'
        ),
    ]
    parts += [_arrow(_BOXES[start], _BOXES[end]) for start, end in _ARROWS]
    for name, (x, y, width) in _BOXES.items():
        head, below = words[name]
        middle = x + width / 2
        parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{_HEIGHT}" rx="10" fill="var(--color-background-secondary)"/>'
            f'<g fill="currentColor" stroke="none"><text x="{middle}" y="{y + 27}" font-weight="600">{escape(head)}</text>'
            f'<text x="{middle}" y="{y + 48}" font-size="13">{escape(below)}</text></g>'
        )
    return "".join([*parts, "</svg>"])


def _arrow(start: tuple[int, int, int], end: tuple[int, int, int]) -> str:
    """From the side of one box that faces the other: sideways where there is room, else up or down."""
    (x1, y1, w1), (x2, y2, w2) = start, end
    if x1 + w1 < x2 and abs(y1 - y2) < 100:
        points = x1 + w1, y1 + _HEIGHT / 2, x2, y2 + _HEIGHT / 2
    elif x2 + w2 < x1 and abs(y1 - y2) < 100:
        points = x1, y1 + _HEIGHT / 2, x2 + w2, y2 + _HEIGHT / 2
    elif (x1, w1) == (x2, w2) and y2 - y1 > 200:  # past a box that stands between
        return f'<path d="M{x1 + w1} {y1 + _HEIGHT / 2} h40 V{y2 + _HEIGHT / 2} h-40" marker-end="url(#tip)"/>'
    else:
        points = x1 + w1 / 2, y1 + _HEIGHT, x2 + w2 / 2, y2
    return '<path d="M{} {} L{} {}" marker-end="url(#tip)"/>'.format(*points)
