import io
import shutil
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from altered_bundle import edited, rehashed
from vistobueno.core.errors import BundleRefused
from vistobueno.model import archive
from vistobueno.model import bundle as room
from vistobueno.model.archive import npz_bytes
from vistobueno.model.bundle import Bundle, read_bundle
from vistobueno.model.runtime import load_model

FILES = ("model.h5", "model.tflite", "golden.npz", "scope.npz")


def refusal(path: Path) -> BundleRefused:
    """Why a bundle is refused; both languages say it and what to do."""
    with pytest.raises(BundleRefused) as caught:
        read_bundle(path)
    error = caught.value
    assert error.es != error.en
    for sentence in (error.message("es"), error.message("en")):
        assert sentence.endswith(".")
        assert len(sentence.rstrip(".").split(". ")) >= 2, f"says what happened but not what to do: {sentence}"
    return error


def zip_of(members: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


# A bundle that is refused


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir(), lambda p: zip_of({"readme.txt": b"hello"}, p)])
def test_a_place_without_a_bundle_is_refused_by_the_name_the_user_gave(
    make: Callable[[Path], object], tmp_path: Path
) -> None:
    make(tmp_path / "nothing-here")
    error = refusal(tmp_path / "nothing-here")
    assert error.code == "bundle_missing"
    assert str(tmp_path / "nothing-here") in error.es
    assert str(tmp_path / "nothing-here") in error.en


@pytest.mark.parametrize("name", FILES)
def test_a_bundle_that_lacks_a_file_is_incomplete(name: str, small_bundle: Bundle, tmp_path: Path) -> None:
    shutil.copytree(small_bundle.path, tmp_path / "part")
    (tmp_path / "part" / name).unlink()
    error = refusal(tmp_path / "part")
    assert error.code == "bundle_incomplete"
    assert name in error.en


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_bundle_json_does_not_vouch_for_is_never_trusted(
    name: str, small_bundle: Bundle, tmp_path: Path
) -> None:
    assert refusal(edited(small_bundle, tmp_path / "b", lambda raw: raw["files"].pop(name))).code == "bundle_incomplete"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
def test_one_changed_byte_of_any_file_is_refused(name: str, where: float, small_bundle: Bundle, tmp_path: Path) -> None:
    shutil.copytree(small_bundle.path, tmp_path / "b")
    content = bytearray((tmp_path / "b" / name).read_bytes())
    content[int(where * (len(content) - 1))] ^= 1
    (tmp_path / "b" / name).write_bytes(content)
    error = refusal(tmp_path / "b")
    assert error.code == "bundle_damaged"
    assert name in error.en


def test_one_changed_character_of_bundle_json_is_another_model(small_bundle: Bundle, tmp_path: Path) -> None:
    folder = edited(small_bundle, tmp_path / "b", lambda raw: raw["policy"].update(fit_below=0.31))
    assert read_bundle(folder).digest != small_bundle.digest


@pytest.mark.parametrize("name", ["run.py", "../model.h5", "/etc/passwd", "model.pkl"])
def test_a_file_that_no_bundle_has_is_refused(name: str, small_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "run.py").write_bytes(b"")
    folder = edited(small_bundle, tmp_path / "b", lambda raw: raw["files"].update({name: "0" * 64}))
    assert refusal(folder).code == "bundle_damaged"


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"{}", b'{"format": "x"}', b"\xff\xfe\x00",
                                  b'{"format": Infinity}', b'{"format": 1}', b"[" * 100_000, b" " * 16_000_001])  # fmt: skip
def test_a_bundle_json_that_is_not_one_is_invalid(text: bytes, small_bundle: Bundle, tmp_path: Path) -> None:
    shutil.copytree(small_bundle.path, tmp_path / "b")
    (tmp_path / "b" / "bundle.json").write_bytes(text)
    assert refusal(tmp_path / "b").code == "bundle_invalid"


PARTS = ("name", "version", "created", "input", "classes", "policy", "labels_proved", "training", "metrics", "origin")


@pytest.mark.parametrize("key", [*PARTS, "files"])
def test_a_bundle_json_that_lacks_a_part_is_invalid(key: str, small_bundle: Bundle, tmp_path: Path) -> None:
    assert refusal(edited(small_bundle, tmp_path / "b", lambda raw: raw.pop(key))).code == "bundle_invalid"


@pytest.mark.parametrize("key", ["input", "classes", "policy", "training", "metrics", "origin", "files"])
@pytest.mark.parametrize("value", [5, [1], "x"])
def test_a_part_of_bundle_json_that_is_nonsense_is_invalid(
    key: str, value: Any, small_bundle: Bundle, tmp_path: Path
) -> None:
    folder = edited(small_bundle, tmp_path / "b", lambda raw: raw.update({key: value}))
    assert refusal(folder).code == "bundle_invalid"


@pytest.mark.parametrize(
    ("part", "wrong"),
    [("policy", {name: value}) for name, value in
     {"temperature": 0, "fit_below": "0.3", "unfit_above": None, "min_sharpness": "x", "alpha": float("nan"),
      "surprise": 1, "scope_threshold": "far", "doubt": -1.0}.items()]
    + [("policy", {"fit_below": 0.8, "unfit_above": 0.7})]
    + [("input", {name: value}) for name, value in
       {"width": "64", "height": 0, "colour": "grb", "resize": "magic", "fit": "squeeze", "scale": [1, 2],
        "offset": [0, 0, float("inf")]}.items()],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_found_when_the_bundle_is_read_not_at_the_first_photograph(
    part: str, wrong: dict[str, Any], small_bundle: Bundle, tmp_path: Path
) -> None:
    folder = edited(small_bundle, tmp_path / "b", lambda raw: raw[part].update(wrong))
    assert refusal(folder).code == "bundle_invalid"


@pytest.mark.parametrize(
    "classes",
    [
        [],
        [{"key": "a", "product": "apple", "condition": "fit", "names": {}}],
        [{"key": "a", "product": "apple", "condition": "fit", "names": {}}] * 2,
        [{"key": key, "product": "apple", "condition": "bad", "names": {}} for key in "ab"],
        [{"key": key, "product": "apple", "condition": None, "names": {}} for key in "ab"],
        [{"key": key, "product": None, "condition": None, "names": {}} for key in "ab"],
        [{"key": "a"}, {"key": "b"}],
    ],
)
def test_classes_that_no_verdict_can_come_of_are_invalid(
    classes: list[dict[str, Any]], small_bundle: Bundle, tmp_path: Path
) -> None:
    folder = edited(small_bundle, tmp_path / "b", lambda raw: raw.update(classes=classes))
    assert refusal(folder).code == "bundle_invalid"


def test_a_scope_that_is_no_archive_is_invalid(small_bundle: Bundle, tmp_path: Path) -> None:
    shutil.copytree(small_bundle.path, tmp_path / "b")
    (tmp_path / "b" / "scope.npz").write_bytes(b"PK\x03\x04 and nothing more")
    assert refusal(rehashed(tmp_path / "b")).code == "bundle_invalid"


def test_a_bundle_of_a_later_format_asks_for_a_newer_program(small_bundle: Bundle, tmp_path: Path) -> None:
    error = refusal(edited(small_bundle, tmp_path / "b", lambda raw: raw.update(format=room.FORMAT + 1)))
    assert error.code == "bundle_too_new"
    assert str(room.FORMAT + 1) in error.es


# Archives that mean harm, or were harmed


def test_names_that_climb_out_of_the_archive_write_nothing_anywhere(small_bundle: Bundle, tmp_path: Path) -> None:
    members = {name: (small_bundle.path / name).read_bytes() for name in ("bundle.json", *FILES)}
    slips = {"../evil.txt": b"x", "../../model.h5.txt": b"x", str(tmp_path / "evil.txt"): b"x", "..\\evil.txt": b"x"}
    read = read_bundle(zip_of({**slips, **members}, tmp_path / "slip.zip"))
    assert read.files == small_bundle.files
    assert [each.name for each in tmp_path.iterdir()] == ["slip.zip"]


def test_an_archive_that_would_swell_beyond_a_model_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LARGEST", 1_000_000)
    bomb = zip_of({"bundle.json": b"{}", "model.h5": bytes(1_000_001)}, tmp_path / "bomb.zip")
    assert bomb.stat().st_size < 5_000
    assert refusal(bomb).code == "bundle_damaged"


def test_an_archive_that_lies_about_its_size_unpacks_no_more_than_it_declared(tmp_path: Path) -> None:
    bomb = zip_of({"bundle.json": bytes(1_000_000)}, tmp_path / "bomb.zip")
    bomb.write_bytes(bomb.read_bytes().replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    assert refusal(bomb).code == "bundle_damaged"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_packed_by_a_method_without_measure_is_refused_unread(
    method: int, small_bundle: Bundle, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "m.zip", "w", method) as packed:
        for name in ("bundle.json", *FILES):
            packed.write(small_bundle.path / name, name)
    assert refusal(tmp_path / "m.zip").code == "bundle_damaged"


def test_an_archive_with_two_files_of_one_name_is_refused_by_it(small_bundle: Bundle, tmp_path: Path) -> None:
    members = {name: (small_bundle.path / name).read_bytes() for name in ("bundle.json", *FILES)}
    error = refusal(zip_of({**members, "other/bundle.json": b"{}"}, tmp_path / "two.zip"))
    assert (error.code, "bundle.json" in error.en) == ("bundle_damaged", True)
    beside = {"__MACOSX/small/bundle.json": b"x", "small/.trash/model.h5": b"x"}
    assert read_bundle(zip_of({**members, **beside}, tmp_path / "mac.zip")).files == small_bundle.files


# Arrays that mean harm


def npy(header: str, data: bytes = b"") -> bytes:
    """An array as a file, which says of itself what it likes."""
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data


def with_arrays(name: str, arrays: dict[str, bytes], method: int, bundle: Bundle, folder: Path) -> Path:
    shutil.copytree(bundle.path, folder)
    with zipfile.ZipFile(bundle.path / name) as own:
        members = {each: own.read(each) for each in own.namelist()}
    with zipfile.ZipFile(folder / name, "w", method) as written:
        for each, content in {**members, **arrays}.items():
            written.writestr(each, content)
    return rehashed(folder)


HUGE = "{'descr': '<f4', 'fortran_order': False, 'shape': (30000, 30000)}\n"
HARMFUL = {
    "more than is there": npy(HUGE, bytes(100)),
    "more than there can be": npy(HUGE.replace("30000", "9" * 30), bytes(100)),
    "objects": npy(HUGE.replace("<f4", "|O").replace("30000", "1"), bytes(8)),
    "nothing at all": npy(HUGE.replace("<f4", "<U0")),
    "a side that is negative": npy(HUGE.replace("30000", "-1"), bytes(4)),
    "words": npy(HUGE.replace("<f4", "<U1").replace("(30000, 30000)", "(1,)"), bytes(4)),
    "a header that is cut": npy("{'descr': ("),
    "a header without end": npy("(" * 9_000),
    "a header that does not line up": npy("  {\n 'a'\n:"),
    "no array": b"no array",
    "an unknown version": b"\x93NUMPY\x09\x00" + bytes(100),
}


@pytest.mark.parametrize("name", ["scope.npz", "golden.npz"])
def test_arrays_that_are_not_what_they_declare_are_refused_and_take_no_memory(
    name: str, small_bundle: Bundle, tmp_path: Path
) -> None:
    own = {"scope.npz": "components.npy", "golden.npz": "logits.npy"}[name]
    for number, harmful in enumerate(HARMFUL.values()):
        folder = with_arrays(name, {own: harmful}, zipfile.ZIP_STORED, small_bundle, tmp_path / str(number))
        tracemalloc.start()
        with pytest.raises(BundleRefused):
            load_model(folder)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["scope.npz", "golden.npz"])
def test_compressed_arrays_are_refused_unread(name: str, small_bundle: Bundle, tmp_path: Path) -> None:
    """In 1.5 MB there is room for an array of 1.5 GB."""
    for number, method in enumerate((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)):
        with pytest.raises(BundleRefused):
            load_model(with_arrays(name, {}, method, small_bundle, tmp_path / str(number)))


def test_a_scope_whose_arrays_do_not_fit_each_other_or_the_model_is_refused_at_once(
    small_bundle: Bundle, tmp_path: Path
) -> None:
    scope = small_bundle.policy.scope
    assert scope is not None and scope.near is not None
    wide, reduced = scope.near.components.shape
    for number, wrong in enumerate(
        (
            {"centres": np.zeros((0, reduced), np.float32)},
            {"mean": scope.near.mean[:-1]},
            {"weights": np.ones(4, np.float32)},
            {"background_scale": np.ones((1, reduced), np.float32)},
            {"mean": np.zeros(wide + 1, np.float32), "components": np.zeros((wide + 1, reduced), np.float32)},
        )
    ):
        arrays = {key: npz_bytes(x=value) for key, value in wrong.items()}
        for key, packed in arrays.items():
            with zipfile.ZipFile(io.BytesIO(packed)) as one:
                arrays[key] = one.read("x.npy")
        changed = {f"{key}.npy": value for key, value in arrays.items()}
        folder = with_arrays("scope.npz", changed, zipfile.ZIP_STORED, small_bundle, tmp_path / str(number))
        with pytest.raises(BundleRefused):
            load_model(folder)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04", b"<html>quota</html>"])
def test_a_file_that_is_no_zip_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.zip").write_bytes(content)
    error = refusal(tmp_path / "model.zip")
    assert error.code == "bundle_damaged"
    assert "model.zip" in error.es


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_zip_harmed_anywhere_is_read_whole_or_refused(
    small_zip: bytes, small_bundle: Bundle, data: st.DataObject
) -> None:
    harmed = bytearray(small_zip)
    for _ in range(data.draw(st.integers(1, 3))):
        harmed[data.draw(st.integers(0, len(small_zip) - 1))] ^= data.draw(st.integers(1, 255))
    harmed = harmed[: data.draw(st.one_of(st.just(len(small_zip)), st.integers(0, len(small_zip))))]
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        file.write(harmed)
        file.flush()
        try:
            read = read_bundle(Path(file.name))
        except BundleRefused as error:
            assert error.code.startswith("bundle_")
        else:
            assert read.files == small_bundle.files
