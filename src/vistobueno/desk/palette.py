"""The colours of every page, in each theme, and how well two of them are told apart (WCAG 2.2)."""

from collections.abc import Mapping

Colours = Mapping[str, str]

LIGHT: Colours = {
    "ink": "#1b2a22", "muted": "#56635b",
    "paper": "#faf8f3", "card": "#ffffff", "sand": "#f1ede3",
    "line": "#ddd6c6",
    "edge": "#868476",  # of what can be touched
    "leaf": "#1f7a4d", "leaf-deep": "#17603c", "leaf-pale": "#e3f0e8",
    "blue": "#1b4f8f", "blue-pale": "#e4ecf6",
    "amber": "#b26a00", "amber-deep": "#8a5200", "amber-pale": "#fbefd9",
    "red": "#b3261e", "red-deep": "#8f1d17", "red-pale": "#fae5e2",
}  # fmt: skip
DARK: Colours = {
    "ink": "#e9efe9", "muted": "#a5b2a9",
    "paper": "#111714", "card": "#19211d", "sand": "#242e28",
    "line": "#344039",
    "edge": "#77867d",
    "leaf": "#4fbe84", "leaf-deep": "#72d39f", "leaf-pale": "#17382a",
    "blue": "#92bdf4", "blue-pale": "#1b2d47",
    "amber": "#e09a3c", "amber-deep": "#efb562", "amber-pale": "#3a2b12",
    "red": "#f17d73", "red-deep": "#f6a099", "red-pale": "#45201d",
}  # fmt: skip
CONTRAST: Colours = {
    "ink": "#000000", "muted": "#2b352f",
    "paper": "#ffffff", "card": "#ffffff", "sand": "#efeeea",
    "line": "#6d6d66",
    "edge": "#33332f",
    "leaf": "#0a5730", "leaf-deep": "#06401f", "leaf-pale": "#e8f5ed",
    "blue": "#0a2f68", "blue-pale": "#e8f0fa",
    "amber": "#6b3d00", "amber-deep": "#522f00", "amber-pale": "#fdf3e0",
    "red": "#8a0f08", "red-deep": "#690a05", "red-pale": "#fceae8",
}  # fmt: skip
CONTRAST_DARK: Colours = {
    "ink": "#ffffff", "muted": "#d6dfd9",
    "paper": "#000000", "card": "#000000", "sand": "#1d2521",
    "line": "#8c9991",
    "edge": "#c4cdc7",
    "leaf": "#63e29e", "leaf-deep": "#8df0b9", "leaf-pale": "#0c2a1c",
    "blue": "#b3d3ff", "blue-pale": "#132540",
    "amber": "#ffb959", "amber-deep": "#ffcc85", "amber-pale": "#2e2009",
    "red": "#ff9c94", "red-deep": "#ffb9b3", "red-pale": "#381512",
}  # fmt: skip
PALETTES = {
    "light": (LIGHT, 4.5),
    "dark": (DARK, 4.5),
    "contrast": (CONTRAST, 7.0),
    "contrast-dark": (CONTRAST_DARK, 7.0),
}
"""Each with the contrast that its words must have; the high contrast ones keep to WCAG's AAA."""

CHOICES = ("light", "dark", "contrast")
"""What a person may choose in place of what the system asks for."""
COOKIE = "vb_theme"

READ = (
    *(("ink", ground) for ground in ("paper", "sand", "card", "amber-pale", "leaf-pale", "red-pale", "blue-pale")),
    *(("muted", ground) for ground in ("paper", "sand", "card")),
    *(("blue", ground) for ground in ("paper", "card", "sand", "blue-pale", "amber-pale")),
    *(("leaf-deep", ground) for ground in ("paper", "card", "leaf-pale", "sand")),
    *(("amber-deep", ground) for ground in ("paper", "card", "amber-pale")),
    *(("red-deep", ground) for ground in ("paper", "card", "red-pale")),
    *(("card", ground) for ground in ("muted", "leaf", "leaf-deep", "amber-deep", "red", "red-deep", "ink", "blue")),
)
"""Every pair of text and ground that the pages use; each must reach 4.5 to 1."""

SEEN = (
    *((mark, "paper") for mark in ("blue", "leaf", "amber", "red", "edge")),
    *((mark, "card") for mark in ("blue", "leaf", "amber", "edge")),
)
"""Marks and edges that must be seen, not read; each must reach 3 to 1."""


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours ``#rrggbb``, 1 (none) to 21."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def css() -> str:
    """The palette as CSS custom properties such as ``--leaf-deep``: what ``data-theme`` of the root asks for, else the system."""
    dark, more = "(prefers-color-scheme: dark)", "(prefers-contrast: more)"
    rules = (
        ("", ":root", "light", LIGHT),
        ("", ":root[data-theme=dark]", "dark", DARK),
        (dark, ":root:not([data-theme=light])", "dark", DARK),
        ("", ":root[data-theme=contrast]", "light", CONTRAST),
        (more, ":root:not([data-theme=dark])", "light", CONTRAST),
        (more, ":root[data-theme=dark]", "dark", CONTRAST_DARK),
        (dark, ":root[data-theme=contrast]", "dark", CONTRAST_DARK),
        (f"{more} and {dark}", ":root:not([data-theme=light])", "dark", CONTRAST_DARK),
    )
    return "\n".join(_rule(*each) for each in rules)


def chosen(cookies: Mapping[str, str]) -> str:
    """The theme that this browser keeps for its person; empty where the system decides."""
    kept = cookies.get(COOKIE, "")
    return kept if kept in CHOICES else ""


def _rule(media: str, selector: str, scheme: str, colours: Colours) -> str:
    named = "; ".join(f"--{name}: {value}" for name, value in colours.items())
    rule = f"{selector} {{ color-scheme: {scheme}; {named} }}"
    return f"@media {media} {{ {rule} }}" if media else rule


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
