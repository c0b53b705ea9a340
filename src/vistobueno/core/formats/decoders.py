"""The one decoder that a picture's container asks for: no other sees the file."""

import io

from PIL import AvifImagePlugin
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from .header import Header
from .webp_decoder import WebP

AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a photograph may take one core; each thread would have buffers of its own


def open_picture(header: Header) -> ImageFile:
    """Open what `read_header` left of a file; pixels are not decoded yet."""
    if header.format == "heic":
        import pillow_heif  # loads a library of 10 MB

        _DECODERS["heic"] = pillow_heif.HeifImageFile
    opened = _DECODERS[header.format](io.BytesIO(header.bare))
    if header.data is not header.bare:
        opened.fp = io.BytesIO(header.data)
    return opened


class _Avif(AvifImagePlugin.AvifImageFile):
    """Lets libavif's planes go when its picture is there as bytes, before Pillow copies them."""

    def load_prepare(self) -> None:
        self._decoder = None
        super().load_prepare()


_DECODERS: dict[str, type[ImageFile]] = {"jpeg": JpegImageFile, "png": PngImageFile, "webp": WebP, "avif": _Avif}
