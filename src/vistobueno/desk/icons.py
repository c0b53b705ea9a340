"""Signs and icons as inline SVG, drawn here: each answer has a shape of its own, for eyes that tell no green from red."""

from markupsafe import Markup

_HEAD = '<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">'  # noqa: E501
_PATHS = {
    "home": '<path d="M4 11.5 12 5l8 6.5V20h-5.5v-5h-5v5H4z"/>',
    "inspect": '<path d="M4 8.5h3.5L9 6h6l1.5 2.5H20V19H4z"/><circle cx="12" cy="13.5" r="3.5"/>',
    "review-tab": '<path d="M4 6h16M4 12h9M4 18h7"/><path d="m14.5 16.5 2.3 2.3 4.2-4.6"/>',
    "history": '<path d="M4.5 12a7.5 7.5 0 1 0 2.3-5.4L4.5 9"/><path d="M4.5 4.5V9H9"/><path d="M12 8v4.3l3 1.7"/>',
    "control": '<path d="M4 5.5h16M4 18.5h16" stroke-dasharray="2.5 2.5"/><path d="m4 13 3.5-3 3.5 4.5L15 8l5 5.5"/>',
    "model": '<path d="M4 19V5"/><path d="M4 19h16"/><path d="m7.5 15 3.5-4.5 3 2.5L19 7"/>',
    "administration": '<circle cx="9" cy="9" r="3.2"/><path d="M3.5 19c.5-3.3 2.7-5 5.5-5s5 1.7 5.5 5"/>'
    '<path d="M16 6.2a3 3 0 0 1 0 5.7M17.5 14.3c1.8.7 2.8 2.3 3 4.7"/>',
    "fit": '<circle cx="12" cy="12" r="10.2" fill="currentColor" stroke="none"/>'
    '<path d="m7.3 12.4 3.2 3.2 6.2-6.7" stroke="var(--sign, #fff)" stroke-width="2.7"/>',
    "unfit": '<path d="M7.8 1.8h8.4l6 6v8.4l-6 6H7.8l-6-6V7.8z" fill="currentColor" stroke="none"/>'
    '<path d="m8.2 8.2 7.6 7.6m0-7.6-7.6 7.6" stroke="var(--sign, #fff)" stroke-width="2.7"/>',
    "review": '<path d="M12 1.2 23.6 21.4a1 1 0 0 1-.9 1.5H1.3a1 1 0 0 1-.9-1.5z" fill="currentColor" stroke="none"/>'
    '<path d="M9.4 11.7c.1-1.6 1.1-2.5 2.6-2.5s2.6.9 2.6 2.3c0 1.9-2.6 2-2.6 4.1M12 19.1v.1" '
    'stroke="var(--sign, #fff)" stroke-width="2.2"/>',
    "other": '<circle cx="12" cy="12" r="10" stroke-width="2.2"/><path d="m5.2 18.8 13.6-13.6" stroke-width="2.2"/>',
    "retake": '<path d="M4 9h3.2l1.5-2.5h6.6L16.8 9H20v10.5H4z" stroke-width="2.2"/>'
    '<path d="M15 13.6a3.1 3.1 0 1 1-.9-1.9l1 .9m.2-2.2v2.4h-2.4"/>',
    "broken": '<path d="M12 7v6M12 16.7v.1" stroke-width="2.4"/><circle cx="12" cy="12" r="10" stroke-width="2.2"/>',
}


def icon(name: str) -> Markup:
    """The drawing of this name; it says nothing to a screen reader, the word beside it does."""
    return Markup(_HEAD + _PATHS[name] + "</svg>")  # noqa: S704 drawn above
