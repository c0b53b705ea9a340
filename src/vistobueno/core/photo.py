"""Bytes → a validated, upright, small RGB picture. Nothing of a file but its pixels gets past this room."""

import hashlib
import io
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile

from .errors import PhotoRefused
from .formats import Header, UnknownFormat, UnsupportedFormat, open_picture, orientation, read_header, webp_decoder

_MEASURED_SIDE = 256  # sharpness and exposure are measured on a luma copy with this longest side
_SRGB = ImageCms.createProfile("sRGB")
_LARGEST_PROFILE = 4_000_000  # bytes
_MOST_MEMORY, _MOST_SECONDS = 200_000_000, 2.0  # of one core: what any photograph may cost
_LIGHT, _HEAVY = 80_000_000, threading.Lock()  # bytes; above them one at a time: two would not fit in 512 MB
_ALWAYS, _FINISHING = 2_000_000, 20  # bytes: for any photograph, and for each pixel of the reduced picture
_STRIP = 1_000_000  # pixels that are made 8 bits deep and reduced at once
_LONGEST = 8  # times the shortest side: what is kept at 1,024 pixels then still has 128 across
_WHITE = (255, 255, 255, 255)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # by EXIF orientation, to upright


@dataclass(frozen=True)
class Limits:
    """What a photograph may be: bytes, declared pixels, shortest side; and ``cover``, the shortest side in pixels that
    reduced decoding must still reach (twice the model's input).
    """

    max_bytes: int = 15_000_000
    max_pixels: int = 50_000_000
    min_side: int = 64
    cover: int = 448


@dataclass(frozen=True, eq=False)
class Photo:
    """A photograph that can be judged.

    Attributes:
        picture: RGB (sRGB), upright, reduced to about ``Limits.cover`` on the shortest side; not to be changed in place.
        width, height: of the original, upright, in pixels.
        format: ``jpeg``, ``png``, ``webp``, ``heic`` or ``avif``, by content.
        sha256: of the bytes given, hex.
        sharpness: deviation of the Laplacian of luma (0 to 255) on a copy with a longest side of 256 pixels.
        brightness: mean luma, 0 to 1.
        clipped: share of pixels that are black (luma < 4) or white (luma > 251), the larger of the two, 0 to 1.
    """

    picture: Image.Image
    width: int
    height: int
    format: str
    sha256: str
    sharpness: float
    brightness: float
    clipped: float

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture as (H, W, 3) uint8; made when it is asked for, which a verdict never does."""
        packed = np.frombuffer(self.picture.tobytes(), np.uint8)  # np.asarray copies twice
        return packed.reshape(self.picture.height, self.picture.width, 3)


def open_photo(data: bytes, limits: Limits = Limits()) -> Photo:
    """Check and decode a photograph, the cheapest check first.

    Raises:
        PhotoRefused: ``empty_file``, ``file_too_large``, ``not_a_photo``, ``unsupported_format``, ``too_many_pixels``,
            ``too_small``, ``too_narrow``, ``too_costly`` or ``damaged_photo``.
    """
    if not data:
        raise PhotoRefused("empty_file", es="El archivo está vacío. Tome o elija la foto otra vez.",
                           en="The file is empty. Take or choose the photo again.")  # fmt: skip
    if len(data) > limits.max_bytes:
        megabytes = limits.max_bytes / 1e6
        raise PhotoRefused("file_too_large", es=f"La foto pesa más de {megabytes:g} MB. Envíela con menos resolución.",
                           en=f"The photo is over {megabytes:g} MB. Send it at a lower resolution.")  # fmt: skip
    try:
        header = read_header(data)
        with _HEAVY if _check(header, limits) > _LIGHT else nullcontext():
            if header.untold and not webp_decoder.succeeds(header.data, header.memory, _MOST_SECONDS):
                raise _too_costly(header)
            with open_picture(header) as image:
                return _decoded(image, header, hashlib.sha256(data).hexdigest(), limits.cover)
    except PhotoRefused:
        raise
    except UnknownFormat as error:
        raise PhotoRefused(
            "not_a_photo",
            es="El archivo no es una foto. Envíe una foto JPEG, PNG, WebP, HEIC o AVIF.",
            en="The file is not a photo. Send a JPEG, PNG, WebP, HEIC or AVIF photo.",
        ) from error
    except UnsupportedFormat as error:
        raise PhotoRefused(
            "unsupported_format",
            es=f"El formato {error} no se admite. Envíe una foto JPEG, PNG, WebP, HEIC o AVIF.",
            en=f"The format {error} is not supported. Send a JPEG, PNG, WebP, HEIC or AVIF photo.",
        ) from error
    except Exception as error:  # forty decoders meet untrusted bytes: what they raise cannot be listed
        raise PhotoRefused(
            "damaged_photo",
            es="La foto está dañada o incompleta. Tómela o envíela otra vez.",
            en="The photo is damaged or incomplete. Take it or send it again.",
        ) from error


def _check(header: Header, limits: Limits) -> float:
    """Refuse what its header tells that it cannot be judged, or not at a bearable cost; nothing is decoded yet.

    Returns:
        bytes that opening it takes at its peak.
    """
    width, height = header.width, header.height
    shortest, longest = sorted((width, height))
    if width * height > limits.max_pixels:
        most = f"{limits.max_pixels / 1e6:g}"
        raise PhotoRefused(
            "too_many_pixels",
            es=f"La foto declara más de {most} megapíxeles. Envíela con menos resolución.",
            en=f"The photo has more than {most} megapixels. Send it at a lower resolution.",
        )
    if shortest < limits.min_side:
        raise PhotoRefused(
            "too_small",
            es=f"La foto mide {width} × {height} píxeles; hacen falta al menos {limits.min_side} por lado. Acérquese.",
            en=f"The photo is {width} × {height} pixels; each side needs at least {limits.min_side}. Move closer.",
        )
    if longest > _LONGEST * shortest:
        raise PhotoRefused(
            "too_narrow",
            es=f"La foto mide {width} × {height} píxeles: es más de {_LONGEST} veces más larga que ancha. Recórtela o tome otra.",
            en=f"The photo is {width} × {height} pixels, more than {_LONGEST} times as long as wide. Crop it or take another.",
        )
    reduced = width * height / max(1, shortest // limits.cover) ** 2
    memory = _ALWAYS + max(header.memory, header.picture + _FINISHING * reduced)
    if memory > _MOST_MEMORY or header.seconds > _MOST_SECONDS:
        raise _too_costly(header)
    return memory


def _decoded(image: ImageFile.ImageFile, header: Header, sha256: str, cover: int) -> Photo:
    width, height = image.size
    if width * height > header.width * header.height:
        raise ValueError("the decoder found another picture than the header told of")
    if header.format == "jpeg":
        image.draft(None, (cover, cover))  # the smallest DCT scale that still covers it
    if header.format in (
        "jpeg",
        "png",
    ):  # the file at once, or each block waits for Python's lock; the others copy pixels so
        image.decodermaxblock = max(image.decodermaxblock, len(header.data))
    image.load()
    # libheif turns by itself; libavif tells how to turn, in the EXIF that Pillow makes of it
    turn = orientation(image.info.get("exif", b"")) if header.format == "avif" else header.orientation
    small = _bare(_upright(_srgb(_reduced(image, cover), image.info.get("icc_profile")), turn))
    if turn >= 5:
        width, height = height, width
    return Photo(small, width, height, header.format, sha256, *_measured(small))


def _reduced(image: Image.Image, cover: int) -> Image.Image:
    """A picture of 8-bit bands, at most a little over ``cover`` on its shortest side."""
    factor = max(1, min(image.size) // cover)
    if image.mode in ("L", "RGB", "CMYK") and "transparency" not in image.info:
        return image.reduce(factor) if factor > 1 else image
    # Strip by strip: a whole copy with alpha, or as numbers, would be several times the picture.
    rows = factor * max(1, _STRIP // (image.width * factor))
    strips = []
    for top in range(0, image.height, rows):
        strip = _eight_bits(image.crop((0, top, image.width, min(top + rows, image.height))))
        strips.append(strip.reduce(factor) if factor > 1 else strip)
    reduced = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
    for place, strip in enumerate(strips):
        reduced.paste(strip, (0, place * rows // factor))
    return reduced


def _eight_bits(image: Image.Image) -> Image.Image:
    """Bands of 8 bits: grey of 16 in the range that its depth declares, colours instead of a palette, alpha as a band."""
    transparent = image.info.get("transparency")
    if image.mode.startswith("I;16"):
        values = np.asarray(image)
        grey = ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
        if transparent is None:
            return Image.fromarray(grey)
        return Image.fromarray(np.dstack([grey, np.where(values == transparent, 0, 255).astype(np.uint8)]))
    if transparent is not None:
        return image.convert("RGBA")
    return image.convert({"1": "L", "P": "RGB"}.get(image.mode, image.mode))


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB in sRGB: an embedded profile is applied, alpha lies on white. A broken profile is as good as none."""
    if "A" in image.getbands() or "a" in image.getbands():
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), image).convert("RGB")
    if profile and _is_bearable(profile) and b"sRGB" not in profile[:1024]:
        try:
            return ImageCms.profileToProfile(image, io.BytesIO(profile), _SRGB, outputMode="RGB") or image
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return image if image.mode == "RGB" else image.convert("RGB")


def _is_bearable(profile: bytes) -> bool:
    """Whether applying a profile has an end: one of multi-process elements can have any number of them."""
    return len(profile) <= _LARGEST_PROFILE and b"mpet" not in profile


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def _bare(image: Image.Image) -> Image.Image:
    """The pixels alone: a decoder's own picture keeps the file, and comments that Pillow would write again."""
    image = image.copy() if isinstance(image, ImageFile.ImageFile) else image
    image.info = {}
    return image


def _measured(image: Image.Image) -> tuple[float, float, float]:
    ratio = max(1.0, max(image.size) / _MEASURED_SIDE)
    size = (max(3, round(image.width / ratio)), max(3, round(image.height / ratio)))
    luma = image.convert("L").resize(
        size, Image.Resampling.BOX, reducing_gap=1.0
    )  # whole pixels first: three times as fast
    y = np.asarray(luma, np.float32)
    laplacian = 4 * y[1:-1, 1:-1] - y[:-2, 1:-1] - y[2:, 1:-1] - y[1:-1, :-2] - y[1:-1, 2:]
    clipped = max(float((y < 4).mean()), float((y > 251).mean()))
    return float(laplacian.std()), float(y.mean() / 255), clipped


def _too_costly(header: Header) -> PhotoRefused:
    kind = f"{header.format.upper()}, {header.width * header.height / 1e6:.0f}"
    return PhotoRefused(
        "too_costly",
        es=f"Abrir esta foto ({kind} megapíxeles) costaría demasiada memoria o demasiado tiempo. "
        "Envíela con menos resolución o como JPEG normal, no progresivo.",
        en=f"Opening this photo ({kind} megapixels) would take too much memory or time. "
        "Send it at a lower resolution, or as an ordinary JPEG, not a progressive one.",
    )
