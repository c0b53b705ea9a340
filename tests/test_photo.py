import hashlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from broken_photos import READABLE, REFUSED, SIZE, animated, picture, png_that_declares, saved, swapped_profile
from broken_photos import turned_by_the_camera as turned
from vistobueno.errors import PhotoRefused
from vistobueno.photo import Limits, Photo, open_photo


def refusal(data: bytes, limits: Limits = Limits()) -> PhotoRefused:
    with pytest.raises(PhotoRefused) as caught:
        open_photo(data, limits)
    return caught.value


def difference(photo: Photo, image: Image.Image) -> float:
    """Mean absolute difference of two pictures of one size, in grey levels."""
    return float(np.abs(photo.pixels.astype(int) - np.asarray(image.convert("RGB"), int)).mean())


@pytest.mark.parametrize("kind", READABLE)
def test_every_kind_of_file_becomes_an_upright_rgb_picture(kind: str) -> None:
    photo = open_photo(READABLE[kind])
    assert (photo.width, photo.height) == SIZE
    assert photo.pixels.dtype == np.uint8 and photo.pixels.shape == (SIZE[1], SIZE[0], 3)
    assert photo.format == kind.rsplit(" ")[-1]
    grey = any(word in kind for word in ("grey", "bit"))
    expected = picture().convert("1" if kind == "1-bit png" else "L" if grey else "RGB")
    assert difference(photo, expected) < (9 if "cmyk" in kind or "palette" in kind else 5)


@pytest.mark.parametrize("kind", REFUSED)
def test_every_broken_file_is_refused_with_its_own_code_and_what_to_do(kind: str) -> None:
    data, code = REFUSED[kind]
    error = refusal(data)
    assert error.code == code
    assert error.es != error.en
    for message in (error.message("es"), error.message("en")):
        assert message.count(".") >= 1 and len(message) > 30


def test_a_name_is_never_asked_so_a_wrong_extension_does_no_harm() -> None:
    assert open_photo(READABLE["png"]).format == "png"  # whatever the file was called


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_upright_however_the_camera_was_held(orientation: int) -> None:
    photo = open_photo(turned(orientation))
    assert (photo.width, photo.height) == SIZE
    assert difference(photo, picture()) < 3


def test_an_unknown_orientation_is_as_good_as_none() -> None:
    assert open_photo(turned(9)).pixels.shape[:2] == (SIZE[1], SIZE[0])


def test_nothing_of_exif_gets_past_this_room() -> None:
    photo = open_photo(turned(6))
    assert not any("SECRET" in str(value) for value in vars(photo).values())
    assert set(vars(photo)) == {
        "pixels", "width", "height", "format", "sha256", "sharpness", "brightness", "clipped"
    }  # fmt: skip


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_what_is_transparent_lies_on_white(mode: str) -> None:
    image = Image.new("RGBA", SIZE, (10, 90, 10, 0))
    image.paste((200, 30, 30, 255), (100, 60, 220, 180))
    data = saved(image.convert(mode) if mode != "PA" else image.quantize(8), "PNG")
    pixels = open_photo(data).pixels
    assert (pixels[:20, :20] == 255).all()
    assert pixels[120, 160].astype(int).sum() < 300


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_judged(form: str) -> None:
    red, green, blue = open_photo(animated(form)).pixels.reshape(-1, 3).mean(axis=0)
    assert red > 180 and green < 60 and blue < 60


def test_an_embedded_profile_is_applied() -> None:
    red = Image.new("RGB", SIZE, (220, 30, 30))
    plain = open_photo(saved(red, "PNG")).pixels.reshape(-1, 3).mean(axis=0)
    swapped = open_photo(saved(red, "PNG", icc_profile=swapped_profile())).pixels.reshape(-1, 3).mean(axis=0)
    assert plain[0] > 200 and plain[2] < 60
    assert swapped[2] > swapped[0] + 50


def test_a_broken_profile_is_as_good_as_none() -> None:
    plain = open_photo(READABLE["png"]).pixels
    assert (open_photo(saved(picture(), "PNG", icc_profile=b"nonsense" * 30)).pixels == plain).all()


def test_reduced_decoding_still_covers_twice_the_input_and_shows_the_same() -> None:
    large = picture((1280, 960))
    for form in ("JPEG", "PNG", "WEBP", "HEIF"):
        photo = open_photo(saved(large, form, quality=92, method=0), Limits(cover=224))
        height, width = photo.pixels.shape[:2]
        assert (photo.width, photo.height) == (1280, 960)
        assert 224 <= height < 2 * 224 + 8 and width > height
        assert difference(photo, large.resize((width, height), Image.Resampling.BOX)) < 4


def test_a_bomb_is_refused_before_a_pixel_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", never)
    assert refusal(png_that_declares(60_000, 1000)).code == "too_many_pixels"
    assert refusal(READABLE["jpeg"], Limits(max_pixels=1000)).code == "too_many_pixels"
    assert refusal(READABLE["jpeg"], Limits(max_bytes=100)).code == "file_too_large"


def test_the_sentence_names_the_limit_that_was_broken() -> None:
    assert "2 MB" in refusal(bytes(3_000_000), Limits(max_bytes=2_000_000)).es
    assert "320 × 240" in refusal(READABLE["jpeg"], Limits(min_side=500)).en


def test_the_hash_is_of_the_bytes_given() -> None:
    assert open_photo(READABLE["webp"]).sha256 == hashlib.sha256(READABLE["webp"]).hexdigest()


def test_blur_lowers_sharpness_step_by_step() -> None:
    values = [
        open_photo(saved(picture().filter(ImageFilter.GaussianBlur(radius)), "PNG")).sharpness
        for radius in (0, 1, 2, 4)
    ]
    assert values == sorted(values, reverse=True) and values[0] > 2 * values[-1]


def test_light_is_measured() -> None:
    dark, bright = (open_photo(saved(picture().point(lambda v, f=f: v * f), "PNG")) for f in (0.05, 3.0))
    middle = open_photo(READABLE["png"])
    assert dark.brightness < middle.brightness < bright.brightness
    assert 0 <= dark.brightness <= 1 and middle.clipped < 0.05 < bright.clipped <= 1


def test_measurements_hardly_depend_on_resolution() -> None:
    small, large = (open_photo(saved(picture((size * 4, size * 3)), "JPEG", quality=95)) for size in (160, 800))
    assert abs(small.brightness - large.brightness) < 0.05


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_photo_or_refused(data: bytes) -> None:
    assert refusal(data).code in {"empty_file", "not_a_photo", "unsupported_format", "damaged_photo", "too_small"}


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(READABLE)), st.data())
def test_a_file_damaged_anywhere_is_a_photo_or_refused(kind: str, data: st.DataObject) -> None:
    content = bytearray(READABLE[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(len(content) // 3, len(content)))
    try:
        photo = open_photo(bytes(content[:cut]))
    except PhotoRefused as error:
        assert error.es and error.en
    else:
        assert photo.pixels.shape[2] == 3 and min(photo.pixels.shape[:2]) > 0


def test_a_mpo_of_a_phone_is_a_jpeg() -> None:
    file = io.BytesIO()
    picture().save(file, "MPO", save_all=True, append_images=[picture()])
    assert open_photo(file.getvalue()).format == "jpeg"
