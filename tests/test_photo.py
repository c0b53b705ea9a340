import hashlib
import io
import pickle
import re
import struct
import tracemalloc
from dataclasses import fields

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

import broken_photos as files
from broken_photos import CODES, READABLE, REFUSED, SIZE, picture, saved
from cases import for_each
from vistobueno.core.errors import PhotoRefused
from vistobueno.core.photo import Limits, Photo, open_photo
from vistobueno.core.pictures import kept_jpeg

FORMS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF")


def refusal(data: bytes, limits: Limits = Limits()) -> PhotoRefused:
    with pytest.raises(PhotoRefused) as caught:
        open_photo(data, limits)
    return caught.value


def difference(photo: Photo, image: Image.Image) -> float:
    """Mean absolute difference of two pictures of one size, in grey levels."""
    return float(np.abs(photo.pixels.astype(int) - np.asarray(image.convert("RGB"), int)).mean())


def mean_colour(data: bytes) -> np.ndarray:
    return open_photo(data).pixels.reshape(-1, 3).mean(axis=0)


@for_each("kind", READABLE)
def test_every_kind_of_file_becomes_an_upright_rgb_picture(kind: str) -> None:
    photo = open_photo(READABLE[kind])
    assert (photo.width, photo.height) == SIZE
    assert photo.pixels.dtype == np.uint8 and photo.pixels.shape == (SIZE[1], SIZE[0], 3)
    assert photo.format == kind.rsplit(" ")[-1]
    expected = picture().convert("1" if kind == "1-bit png" else "L" if "grey" in kind else "RGB")
    assert difference(photo, expected) < 5


@for_each("kind", [kind for kind in READABLE if kind.endswith("png") or "lossless" in kind])
def test_what_is_stored_without_loss_is_read_to_the_last_bit(kind: str) -> None:
    mode = {"1-bit png": "1", "16-bit grey png": "L", "grey and alpha png": "L"}.get(kind, "RGB")
    expected = picture().quantize(64) if kind == "palette png" else picture().convert(mode)
    assert difference(open_photo(READABLE[kind]), expected) == 0


@for_each("kind", REFUSED)
def test_every_broken_file_is_refused_with_its_own_code_in_two_languages(kind: str) -> None:
    error = refusal(REFUSED[kind])
    assert error.code == CODES[kind]
    assert error.es != error.en


def test_the_corpus_meets_every_refusal_that_is_documented() -> None:
    documented = re.findall(r"``(\w+)``", str(open_photo.__doc__))
    assert set(CODES.values()) == set(documented)


def test_no_two_refusals_say_the_same() -> None:
    said = {code: refusal(REFUSED[kind]).es for kind, code in CODES.items()}
    assert len(set(said.values())) == len(said)


@for_each(
    ("data", "limits", "words"),
    lambda: [
        (bytes(3_000_000), Limits(max_bytes=2_000_000), "2 MB"),
        (READABLE["jpeg"], Limits(min_side=500), "320 × 240"),
        (READABLE["jpeg"], Limits(min_side=500), "500"),
        (READABLE["jpeg"], Limits(max_pixels=70_000), "0.07 "),
        (files.png_that_declares(100_000, 100_000), Limits(max_pixels=12_000_000), "12 "),
        (saved(picture(), "GIF"), Limits(), "GIF"),
    ],
)
def test_the_sentence_names_what_broke_which_limit(data: bytes, limits: Limits, words: str) -> None:
    error = refusal(data, limits)
    assert words in error.es and words in error.en


def test_what_just_meets_the_limits_is_read() -> None:
    data = READABLE["png"]
    assert open_photo(data, Limits(max_bytes=len(data), max_pixels=320 * 240, min_side=240)).width == 320


@for_each("form", FORMS)
@for_each("orientation", range(1, 9))
def test_a_photo_is_upright_however_the_camera_was_held(orientation: int, form: str) -> None:
    photo = open_photo(files.turned_by_the_camera(orientation, form))
    assert (photo.width, photo.height) == SIZE
    assert difference(photo, picture()) < 3


def test_orientation_and_reduced_decoding_go_together() -> None:
    large = picture((1280, 960)).transpose(files.TURNS[6])
    exif = Image.Exif()
    exif[files.ORIENTATION] = 6
    photo = open_photo(saved(large, "JPEG", quality=95, exif=exif), Limits(cover=240))
    assert (photo.width, photo.height) == (1280, 960) and photo.pixels.shape == (240, 320, 3)
    assert difference(photo, picture()) < 5


def test_a_heic_is_turned_by_its_own_word_and_not_again_by_exif() -> None:
    exif = Image.Exif()
    exif[files.ORIENTATION] = 6
    data = saved(picture(), "HEIF", quality=90, exif=exif)  # as an object it is stored, but turns nothing
    assert b"irot" not in data and b"Exif" in data
    assert difference(open_photo(data), picture()) < 3


@for_each("form", ["JPEG", "PNG", "WEBP"])
@for_each(
    "exif",
    [
        b"Exif\0\0nonsense, not a TIFF",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff",
        files.exif_entry(3, 1, b"\0\0\0\0"),
        files.exif_entry(3, 1, b"\x09\0\0\0"),
        files.exif_entry(2, 2, b"6\0\0\0"),
        files.exif_entry(7, 4, b"\6\0\6\0"),
        files.exif_entry(11, 1, struct.pack("<f", float("nan"))),
        files.exif_entry(99, 1, b"\6\0\0\0"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*EXIF.*:UserWarning", "ignore:.*Metadata.*:UserWarning")
def test_an_orientation_that_cannot_be_understood_is_as_good_as_none(exif: bytes, form: str) -> None:
    photo = open_photo(saved(picture(), form, quality=95, exif=exif))
    assert (photo.width, photo.height) == SIZE
    assert difference(photo, picture()) < 4


@for_each("form", FORMS)
def test_nothing_of_exif_gets_past_this_room(form: str) -> None:
    data = files.turned_by_the_camera(6, form)
    assert b"SECRET CAMERA" in data
    photo = open_photo(data)
    assert b"SECRET" not in pickle.dumps(photo)
    assert not photo.picture.info
    assert {each.name for each in fields(photo)} == {
        "picture", "width", "height", "format", "sha256", "sharpness", "brightness", "clipped"
    }  # fmt: skip


@for_each("mode", ["RGBA", "LA", "P"])
@for_each("form", ["PNG", "WEBP"])
def test_what_is_transparent_lies_on_white(mode: str, form: str) -> None:
    image = Image.new("RGBA", SIZE, (10, 90, 10, 0))
    image.paste((200, 30, 30, 255), (100, 60, 220, 180))
    data = saved(image.quantize(8) if mode == "P" else image.convert(mode), form, lossless=True)
    pixels = open_photo(data).pixels
    assert (pixels[:20, :20] == 255).all()
    assert pixels[120, 160].astype(int).sum() < 300


@pytest.mark.parametrize(("depth", "colour"), [(8, 0), (16, 0), (8, 2)])
def test_a_colour_that_a_png_declares_transparent_lies_on_white(depth: int, colour: int) -> None:
    channels, kind = 3 if colour == 2 else 1, ">u2" if depth == 16 else "u1"
    values = np.full((*SIZE[::-1], channels), 40, kind)
    values[60:180, 100:220] = 200
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    data = files.png(*SIZE, depth, colour, rows)
    key = files.png_chunk(b"tRNS", struct.pack(">H", 40) * channels)
    pixels = open_photo(data[:33] + key + data[33:]).pixels
    assert (pixels[:40, :40] == 255).all()
    assert (pixels[100:140, 140:180] < 210).all()


@pytest.mark.parametrize("top", [255, 4095, 65535])
def test_a_png_of_16_bits_keeps_its_own_range(top: int) -> None:
    values = np.linspace(0, top, SIZE[0] * SIZE[1]).reshape(SIZE[::-1]).astype(np.uint16)
    photo = open_photo(saved(Image.fromarray(values), "PNG"))
    assert photo.brightness == pytest.approx(top / 65535 / 2, abs=0.003)


@pytest.mark.parametrize("more", [False, True], ids=["10 bits", "12 bits"])
@pytest.mark.parametrize("mode", ["I;16", "RGB;16"])
def test_a_heic_of_more_than_8_bits_keeps_its_own_range(mode: str, more: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pillow_heif.options.SAVE_HDR_TO_12_BIT", more)
    for top in (255 * 16, 65535):
        grey = np.linspace(0, top, SIZE[0] * SIZE[1]).reshape(SIZE[::-1]).astype(np.uint16)
        values = np.repeat(grey, 3 if mode == "RGB;16" else 1).tobytes()
        file = io.BytesIO()
        pillow_heif.from_bytes(mode, SIZE, values).save(file, quality=90)
        assert open_photo(file.getvalue()).brightness == pytest.approx(top / 65535 / 2, abs=0.01)


def test_half_transparent_is_half_white() -> None:
    assert mean_colour(saved(Image.new("RGBA", SIZE, (0, 0, 0, 128)), "PNG")) == pytest.approx([127] * 3, abs=1)


def test_hidden_colours_do_not_leak_into_a_reduced_picture() -> None:
    image = Image.new("RGBA", (640, 480), (0, 255, 0, 0))
    image.paste((200, 30, 30, 255), (101, 61, 401, 361))
    pixels = open_photo(saved(image, "PNG"), Limits(cover=160)).pixels.astype(int)
    assert (pixels[..., 1] - pixels[..., 0]).max() <= 1  # nowhere greener than red or white


@pytest.mark.parametrize("form", ["WEBP", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_is_judged(form: str) -> None:
    red, green, blue = mean_colour(files.animated(form))
    assert red > 180 and green < 60 and blue < 60


@pytest.mark.parametrize("primary", [0, 1])
def test_of_an_album_the_picture_that_its_maker_shows_is_judged(primary: int) -> None:
    colour = mean_colour(files.heic_album(primary))
    assert colour.argmax() == (0, 2)[primary]


@for_each("form", FORMS)
def test_an_embedded_profile_is_applied(form: str) -> None:
    red = Image.new("RGB", SIZE, (200, 60, 60))
    assert mean_colour(saved(red, form)) == pytest.approx([200, 60, 60], abs=2)
    swapped = saved(red, form, icc_profile=files.swapped_profile())
    assert mean_colour(swapped) == pytest.approx([60, 60, 200], abs=2)


@for_each("form", FORMS)
def test_a_phone_s_wide_colours_are_brought_to_srgb(form: str) -> None:
    profile = files.profile_with(files.P3_TO_XYZ)
    wide = saved(Image.new("RGB", SIZE, (200, 60, 60)), form, icc_profile=profile)
    assert mean_colour(wide) == pytest.approx(p3_to_srgb((200, 60, 60)), abs=2.5)


def p3_to_srgb(colour: tuple[int, int, int]) -> np.ndarray:
    """By the textbook: sRGB's curve, P3's primaries to sRGB's (CSS Color 4), the curve back."""
    value = np.array(colour) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    matrix = [[1.2249401, -0.2249402, 0], [-0.0420570, 1.0420571, 0], [-0.0196376, -0.0786361, 1.0982735]]
    linear = np.array(matrix) @ linear
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_grey_profile_is_applied_at_either_depth(depth: int) -> None:
    values = np.full(SIZE[::-1], 128 if depth == 8 else 128 * 257, np.uint8 if depth == 8 else np.uint16)
    linear = saved(Image.fromarray(values), "PNG", icc_profile=files.grey_profile(1.0))
    assert mean_colour(linear) == pytest.approx([188] * 3, abs=1)  # sRGB's code for half the light


@pytest.mark.parametrize("kind", ["nonsense", "cut", "of ink", "of grey"])
def test_a_profile_that_cannot_be_applied_is_as_good_as_none(kind: str) -> None:
    whole = files.swapped_profile()
    profile = {
        "nonsense": b"nonsense" * 30,
        "cut": whole[: len(whole) // 2],
        "of ink": whole[:16] + b"CMYK" + whole[20:],
        "of grey": files.grey_profile(1.0),
    }[kind]
    assert difference(open_photo(saved(picture(), "PNG", icc_profile=profile)), picture()) == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(130, 900), st.integers(130, 900), st.integers(64, 300), st.sampled_from(["JPEG", "PNG"]))
def test_reduced_decoding_always_covers_and_never_by_far(width: int, height: int, cover: int, form: str) -> None:
    data = saved(Image.linear_gradient("L").resize((width, height)), form)
    photo = open_photo(data, Limits(cover=cover))
    assert (photo.width, photo.height) == (width, height)
    assert min(cover, width, height) <= min(photo.pixels.shape[:2]) <= 2 * cover
    ratio = photo.pixels.shape[1] / photo.pixels.shape[0]
    assert ratio == pytest.approx(width / height, rel=2 / min(photo.pixels.shape[:2]))


@for_each("side", [894, 895, 896, 1791, 1792, 3583, 3584])
def test_the_scale_of_a_jpeg_changes_at_exact_multiples(side: int) -> None:
    photo = open_photo(saved(Image.new("L", (side, side)), "JPEG"))
    assert 448 <= photo.pixels.shape[0] < 896


@for_each("form", FORMS)
@for_each("cover", [100, 150, 240])
def test_reduced_decoding_shows_what_full_decoding_shows(form: str, cover: int) -> None:
    data = saved(picture((1000, 750)), form, quality=92, method=0)
    whole, small = open_photo(data, Limits(cover=10**6)), open_photo(data, Limits(cover=cover))
    assert whole.pixels.shape == (750, 1000, 3)
    height, width = small.pixels.shape[:2]
    expected = Image.fromarray(whole.pixels).resize((width, height), Image.Resampling.BOX)
    assert difference(small, expected) < 2
    assert small.brightness == pytest.approx(whole.brightness, abs=0.01)


@pytest.mark.parametrize("kind", [kind for kind, code in CODES.items() if code == "too_many_pixels"])
def test_a_bomb_is_refused_before_a_pixel_is_decoded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal(REFUSED[kind])  # whatever is imported at the first call is not counted
    decoded: list[str] = []
    for family in (Image.Image, *subclasses(Image.Image)):
        if "load" in vars(family):
            monkeypatch.setattr(family, "load", lambda image: decoded.append(type(image).__name__))
    made = Image.core.get_stats()["new_count"]
    tracemalloc.start()
    try:
        assert refusal(REFUSED[kind]).code == "too_many_pixels"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert decoded == []
    assert Image.core.get_stats()["new_count"] == made  # Pillow made room for no picture
    assert peak < 1_000_000


def subclasses(kind: type) -> list[type]:
    return [each for child in kind.__subclasses__() for each in (child, *subclasses(child))]


@pytest.mark.parametrize("limits", [Limits(max_bytes=100), Limits(max_pixels=1000), Limits(min_side=1000)])
def test_what_breaks_a_limit_is_not_decoded_either(limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda _: pytest.fail("decoded"))
    assert refusal(READABLE["jpeg"], limits).code in {"file_too_large", "too_many_pixels", "too_small"}


@for_each("kind", READABLE)
def test_the_hash_is_of_the_bytes_given(kind: str) -> None:
    assert open_photo(READABLE[kind]).sha256 == hashlib.sha256(READABLE[kind]).hexdigest()


def png_of(image: Image.Image) -> Photo:
    return open_photo(saved(image, "PNG"))


def test_blur_lowers_sharpness_step_by_step() -> None:
    values = [png_of(picture().filter(ImageFilter.GaussianBlur(radius))).sharpness for radius in (0, 0.5, 1, 2, 4, 8)]
    assert values == sorted(values, reverse=True) and values[0] > 4 * values[-1]


@settings(max_examples=15, deadline=None)
@given(st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted))
def test_less_light_is_never_measured_as_more(light: list[float]) -> None:
    darker, lighter = (png_of(picture().point(lambda value, share=share: value * share)) for share in light)
    assert 0 <= darker.brightness <= lighter.brightness <= 1


@pytest.mark.parametrize("shares", [(1, 2, 3, 8), (0.5, 0.1, 0.03, 0.01)])
def test_light_that_runs_out_at_either_end_is_measured(shares: tuple[float, ...]) -> None:
    values = [png_of(picture().point(lambda value, share=share: value * share)).clipped for share in shares]
    assert values == sorted(values) and values[0] < 0.05 and 0.5 < values[-1] <= 1


@pytest.mark.parametrize(("level", "brightness", "clipped"), [(0, 0, 1), (128, 128 / 255, 0), (255, 1, 1)])
def test_an_even_picture_measures_as_it_is(level: int, brightness: float, clipped: float) -> None:
    photo = png_of(Image.new("RGB", SIZE, (level,) * 3))
    assert (photo.sharpness, photo.brightness, photo.clipped) == pytest.approx((0, brightness, clipped))


def test_measurements_hardly_depend_on_resolution() -> None:
    soft = picture().filter(ImageFilter.GaussianBlur(2))
    small, large = png_of(soft), png_of(soft.resize((1280, 960), Image.Resampling.BICUBIC))
    assert large.brightness == pytest.approx(small.brightness, abs=0.01)
    assert large.clipped == pytest.approx(small.clipped, abs=0.01)
    assert large.sharpness == pytest.approx(small.sharpness, rel=0.25)


def photo_or_refusal(data: bytes) -> Photo | PhotoRefused:
    """Whatever `open_photo` makes of the bytes; any other exception ends the test."""
    try:
        photo = open_photo(data)
    except PhotoRefused as error:
        assert error.code and error.es and error.en
        return error
    assert photo.pixels.dtype == np.uint8 and photo.pixels.shape[2] == 3
    assert min(photo.pixels.shape[:2]) >= 128 or min(photo.width, photo.height) < 448
    return photo


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused(data: bytes) -> None:
    assert isinstance(photo_or_refusal(data), PhotoRefused)


MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8 ", b"\0\0\0\x18ftypheic", b"GIF89a", b"II*\0",
         b"BM", b"8BPS\0\1", b"DDS ", b"\1\0\0\0", b"\0\0\0\x18ftypavif", b"\0\0\1\0", b"icns", b"\x0a\5\1\x08")  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(MAGIC), st.binary(max_size=300))
def test_any_bytes_after_a_known_beginning_are_refused(magic: bytes, data: bytes) -> None:
    assert isinstance(photo_or_refusal(magic + data), PhotoRefused)


@pytest.mark.parametrize("failure", [ZeroDivisionError, MemoryError, RecursionError])
def test_a_decoder_that_fails_in_a_way_of_its_own_says_no_more_than_a_damaged_file(
    failure: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(image: Image.Image) -> None:
        raise failure

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fails)
    assert refusal(READABLE["jpeg"]).code == "damaged_photo"


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(READABLE)), st.data())
def test_a_file_damaged_anywhere_is_a_photo_or_refused(kind: str, data: st.DataObject) -> None:
    content = bytearray(READABLE[kind])
    reach = len(content) if data.draw(st.booleans()) else 700  # headers are a small part and the greater danger
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, reach - 1))] = data.draw(st.integers(0, 255))
    photo_or_refusal(bytes(content))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(READABLE)), st.floats(0, 0.98))
def test_a_file_cut_anywhere_is_never_half_a_photo(kind: str, share: float) -> None:
    found = photo_or_refusal(files.cut(kind, share))
    assert isinstance(found, PhotoRefused) or difference(found, open_image(READABLE[kind])) == 0


def open_image(data: bytes) -> Image.Image:
    return Image.fromarray(open_photo(data).pixels)


def test_a_multi_picture_file_of_a_phone_is_a_jpeg() -> None:
    file = io.BytesIO()
    picture().save(file, "MPO", save_all=True, append_images=[picture().rotate(180)], quality=95)
    photo = open_photo(file.getvalue())
    assert photo.format == "jpeg" and difference(photo, picture()) < 5


def test_a_picture_is_known_by_what_it_holds_whatever_its_brand_says() -> None:
    for form, name in (("HEIF", "heic"), ("AVIF", "avif")):
        data = saved(picture(), form, quality=90)
        for brand in (b"heic", b"avif", b"avis", b"mif1", b"msf1", b"hevc"):
            assert open_photo(data[:8] + brand + data[12:]).format == name


def test_other_items_of_a_heif_are_as_good_as_not_there() -> None:
    data = files.heic_album(0)
    second = data.replace(b"hvc1", b"zzzz", 2).replace(b"zzzz", b"hvc1", 1)
    assert second != data
    assert difference(open_photo(second), open_image(data)) == 0


def test_a_film_behind_a_progressive_jpeg_counts_for_nothing() -> None:
    film = b"\xff\xda\0\4" * 100_000
    assert difference(open_photo(READABLE["progressive jpeg"] + film), open_image(READABLE["progressive jpeg"])) == 0


@pytest.mark.parametrize("side", [128, 448, 1000])
def test_of_the_longest_strip_that_is_accepted_what_is_kept_is_still_legible(side: int) -> None:
    strip = Image.linear_gradient("L").resize((side, 8 * side))
    kept = Image.open(io.BytesIO(kept_jpeg(open_photo(saved(strip, "JPEG")).picture)))
    assert min(kept.size) >= 120
    longer = saved(strip.resize((side, 8 * side + 8)), "JPEG")
    assert refusal(longer).code == "too_narrow"
