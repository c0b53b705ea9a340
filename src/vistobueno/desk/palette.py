"""The colours of the pages, and how well two of them are told apart (WCAG 2.2)."""

INK = "#1b2a22"
MUTED = "#56635b"
PAPER = "#faf8f3"
SAND = "#f1ede3"
LINE = "#ddd6c6"
EDGE = "#868476"  # of what can be touched: 3 to 1 on paper
WHITE = "#ffffff"
LEAF = "#1f7a4d"
LEAF_DEEP = "#17603c"
LEAF_PALE = "#e3f0e8"
BLUE = "#1b4f8f"
BLUE_PALE = "#e4ecf6"
AMBER = "#b26a00"
AMBER_DEEP = "#8a5200"
AMBER_PALE = "#fbefd9"
RED = "#b3261e"
RED_DEEP = "#8f1d17"
RED_PALE = "#fae5e2"

READ = (
    (INK, PAPER), (INK, SAND), (INK, WHITE), (INK, AMBER_PALE), (INK, LEAF_PALE), (INK, RED_PALE),
    (MUTED, PAPER), (MUTED, SAND), (MUTED, WHITE),
    (INK, BLUE_PALE), (BLUE, PAPER), (BLUE, WHITE), (BLUE, SAND), (BLUE, BLUE_PALE), (BLUE, AMBER_PALE), (WHITE, MUTED),
    (LEAF_DEEP, PAPER), (LEAF_DEEP, WHITE), (LEAF_DEEP, LEAF_PALE), (LEAF_DEEP, SAND),
    (AMBER_DEEP, PAPER), (AMBER_DEEP, WHITE), (AMBER_DEEP, AMBER_PALE),
    (RED_DEEP, PAPER), (RED_DEEP, WHITE), (RED_DEEP, RED_PALE),
    (WHITE, LEAF), (WHITE, LEAF_DEEP), (WHITE, AMBER_DEEP), (WHITE, RED), (WHITE, INK),
)  # fmt: skip
"""Every pair of text and ground that the pages use; each must reach 4.5 to 1."""

SEEN = (
    (BLUE, PAPER),
    (BLUE, WHITE),
    (LEAF, PAPER),
    (AMBER, PAPER),
    (RED, PAPER),
    (EDGE, PAPER),
    (EDGE, WHITE),
    (LEAF, WHITE),
    (AMBER, WHITE),
)
"""Marks and edges that must be seen, not read; each must reach 3 to 1."""


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours ``#rrggbb``, 1 (none) to 21."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def variables() -> str:
    """The palette as CSS custom properties, such as ``--leaf-deep: #17603c;``."""
    colours = {name: value for name, value in globals().items() if name.isupper() and isinstance(value, str)}
    return " ".join(f"--{name.lower().replace('_', '-')}: {value};" for name, value in colours.items())


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
