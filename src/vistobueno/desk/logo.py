"""The sign of the product: one drawing, ``assets/logo.svg``, wherever it is seen; in pixels for what knows no drawings."""

import io
import re
from functools import cache
from importlib.resources import files

from markupsafe import Markup


@cache
def logo() -> Markup:
    """The drawing."""
    text = files(__package__).joinpath("assets", "logo.svg").read_text(encoding="utf-8").strip()
    return Markup(text)  # noqa: S704 a file of ours


@cache
def logo_png(side: int) -> bytes:
    """The same as a PNG of so many pixels a side, its ground to the edges: phones cut their icons as they like."""
    from PIL import Image, ImageDraw

    text = str(logo())
    size, pen_width = (float(found) for found in re.findall(r'(?:rect width|stroke-width)="([\d.]+)"', text))
    ground, ink = re.findall(r'"(#[0-9a-f]{6})"', text)
    numbers = [float(each) for each in re.search(r'd="M([\d. ]+)"', text)[1].split()]  # type: ignore[index]
    scale = 4 * side / size  # drawn large, for smooth edges
    image = Image.new("RGB", (4 * side, 4 * side), ground)
    points = [(x * scale, y * scale) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
    pen, half = ImageDraw.Draw(image), pen_width * scale / 2
    pen.line(points, fill=ink, width=round(2 * half), joint="curve")
    for x, y in points:
        pen.ellipse((x - half, y - half, x + half, y + half), fill=ink)
    out = io.BytesIO()
    image.resize((side, side), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()
