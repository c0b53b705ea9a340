"""Bytes → a validated, upright, small RGB picture. Nothing of a file but its pixels gets past this room."""

import hashlib
import io
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageFile, UnidentifiedImageError

from .errors import PhotoRefused

_FORMATS = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png", "WEBP": "webp", "HEIF": "heic"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_MEASURED_SIDE = 256  # sharpness and exposure are measured on a luma copy with this longest side
_SRGB = ImageCms.createProfile("sRGB")
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
    min_side: int = 128
    cover: int = 448


@dataclass(frozen=True, eq=False)
class Photo:
    """A photograph that can be judged.

    Attributes:
        picture: RGB (sRGB), upright, reduced to about ``Limits.cover`` on the shortest side; not to be changed in place.
        width, height: of the original, upright, in pixels.
        format: ``jpeg``, ``png``, ``webp`` or ``heic``, by content.
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
            ``too_small`` or ``damaged_photo``.
    """
    if not data:
        raise PhotoRefused("empty_file", es="El archivo está vacío. Tome o elija la foto otra vez.",
                           en="The file is empty. Take or choose the photo again.")  # fmt: skip
    if len(data) > limits.max_bytes:
        megabytes = limits.max_bytes / 1e6
        raise PhotoRefused("file_too_large", es=f"La foto pesa más de {megabytes:g} MB. Envíela con menos resolución.",
                           en=f"The photo is over {megabytes:g} MB. Send it at a lower resolution.")  # fmt: skip
    try:
        with _opened(data, limits) as image:
            return _decoded(image, data, limits)
    except PhotoRefused:
        raise
    except Exception as error:  # forty decoders meet a stranger's bytes: what they raise cannot be listed
        raise PhotoRefused(
            "damaged_photo",
            es="La foto está dañada o incompleta. Tómela o envíela otra vez.",
            en="The photo is damaged or incomplete. Take it or send it again.",
        ) from error


def _opened(data: bytes, limits: Limits) -> Image.Image:
    """Open by content; pixels are not decoded yet."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    try:
        image = Image.open(io.BytesIO(data))
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(limits) from error
    except UnidentifiedImageError as error:
        raise PhotoRefused(
            "not_a_photo",
            es="El archivo no es una foto. Envíe una foto JPEG, PNG, WebP o HEIC.",
            en="The file is not a photo. Send a JPEG, PNG, WebP or HEIC photo.",
        ) from error
    if image.format not in _FORMATS:
        raise PhotoRefused(
            "unsupported_format",
            es=f"El formato {image.format} no se admite. Envíe una foto JPEG, PNG, WebP o HEIC.",
            en=f"The format {image.format} is not supported. Send a JPEG, PNG, WebP or HEIC photo.",
        )
    return image


def _decoded(image: Image.Image, data: bytes, limits: Limits) -> Photo:
    width, height = image.size
    if width * height > limits.max_pixels:
        raise _too_many_pixels(limits)
    if min(width, height) < limits.min_side:
        raise PhotoRefused(
            "too_small",
            es=f"La foto mide {width} × {height} píxeles; hacen falta al menos {limits.min_side} por lado. Acérquese.",
            en=f"The photo is {width} × {height} pixels; each side needs at least {limits.min_side}. Move closer.",
        )
    file_format = _FORMATS[str(image.format)]
    if file_format == "jpeg":
        image.draft(None, (limits.cover, limits.cover))  # the smallest DCT scale that still covers it
    if isinstance(image, ImageFile.ImageFile):
        image.decodermaxblock = len(data)  # all at once: it is in memory, and each block would wait for Python's lock
    image.load()
    orientation = 1 if file_format == "heic" else _orientation(image)  # libheif turns by itself
    small = _bare(_upright(_srgb(_reduced(image, limits.cover)), orientation))
    if orientation >= 5:
        width, height = height, width
    return Photo(small, width, height, file_format, hashlib.sha256(data).hexdigest(), *_measured(small))


def _reduced(image: Image.Image, cover: int) -> Image.Image:
    """A picture of 8-bit bands, at most a little over ``cover`` on its shortest side."""
    factor = min(image.size) // cover
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        values = np.asarray(image, np.float32)
        top = 65535.0 if values.max() > 255 else 255.0
        image = Image.fromarray((values / top * 255).clip(0, 255).astype(np.uint8))
    if image.mode in ("P", "1", "PA"):
        image = image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB")
    if factor >= 2:
        image = image.reduce(factor)
    image.info["icc_profile"] = profile  # what was made anew has none
    return image


def _srgb(image: Image.Image) -> Image.Image:
    """RGB in sRGB: an embedded profile is applied, alpha lies on white. A broken profile is as good as none."""
    profile = image.info.get("icc_profile")
    if "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), image).convert("RGB")
    if profile and b"sRGB" not in profile[:1024]:
        try:
            return ImageCms.profileToProfile(image, io.BytesIO(profile), _SRGB, outputMode="RGB") or image
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return image if image.mode == "RGB" else image.convert("RGB")


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 where there is none, or none that can be understood."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # the pixels are good: a broken EXIF is as good as none
        return 1
    return value if isinstance(value, int) and value in _TURNS else 1


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


def _too_many_pixels(limits: Limits) -> PhotoRefused:
    most = f"{limits.max_pixels / 1e6:g}"
    return PhotoRefused(
        "too_many_pixels",
        es=f"La foto declara más de {most} megapíxeles. Envíela con menos resolución.",
        en=f"The photo declares more than {most} megapixels. Send it at a lower resolution.",
    )
