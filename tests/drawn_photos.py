"""Photographs as files, drawn by the project: what a camera would send."""

import io

from vistobueno.cli.drawn import draw_photo


def jpeg(key: str = "apple_fit", seed: int = 1, size: tuple[int, int] = (640, 480), **options: object) -> bytes:
    """A picture of a class as a JPEG; ``options`` are Pillow's for writing one."""
    out = io.BytesIO()
    drawn = draw_photo(key, seed, (min(size[0], 1000), min(size[1], 1000)))  # drawing 12 megapixels takes many seconds
    drawn.resize(size).save(out, "JPEG", **options)
    return out.getvalue()


PHOTO = jpeg()
