import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from altered_bundle import ALL_FIT, content_of, edited, facts_of, rehashed, rewritten
from small_model import SPEC
from vistobueno.errors import BundleRefused
from vistobueno.model import archive
from vistobueno.model import bundle as room
from vistobueno.model.archive import npz_bytes
from vistobueno.model.bundle import Bundle, ClassInfo, Policy, read_bundle, write_bundle, zip_bundle

FILES = ("model.h5", "model.tflite", "golden.npz", "scope.npz")
FACTS = ("name", "version", "created", "input", "classes", "labels_proved", "training", "metrics", "origin", "files")


@pytest.fixture(scope="module")
def zipped(small_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return zip_bundle(small_bundle, tmp_path_factory.mktemp("zip") / "small.zip").read_bytes()


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


def litter_of(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if each.name.startswith("."))


def same(one: Bundle, other: Bundle) -> bool:
    scopes = [vars(each.policy.scope) if each.policy.scope else {} for each in (one, other)]
    return (
        all(getattr(one, name) == getattr(other, name) for name in FACTS)
        and {**vars(one.policy), "scope": None} == {**vars(other.policy), "scope": None}
        and all(np.array_equal(scopes[0][name], scopes[1][name]) for name in scopes[0])
    )


# A bundle that is whole


def test_a_bundle_written_to_a_folder_reads_back_as_it_was(small_bundle: Bundle, tmp_path: Path) -> None:
    again = rewritten(small_bundle, tmp_path / "again")
    assert same(again, small_bundle)
    assert same(read_bundle(tmp_path / "again"), small_bundle)


def test_the_same_bundle_is_the_same_bytes_wherever_it_is_written(small_bundle: Bundle, tmp_path: Path) -> None:
    again = rewritten(small_bundle, tmp_path / "again")
    assert again.digest == small_bundle.digest
    for name in ("bundle.json", *FILES):
        assert (again.path / name).read_bytes() == (small_bundle.path / name).read_bytes()


def test_a_zip_reads_back_as_the_folder_it_was_made_of(small_bundle: Bundle, tmp_path: Path, zipped: bytes) -> None:
    (tmp_path / "small.zip").write_bytes(zipped)
    read = read_bundle(tmp_path / "small.zip")
    assert same(read, small_bundle)
    assert read.digest == small_bundle.digest


def test_a_zip_made_twice_is_the_same_bytes(small_bundle: Bundle, tmp_path: Path, zipped: bytes) -> None:
    copy = rewritten(small_bundle, tmp_path / "copy")
    assert zip_bundle(copy, tmp_path / "copy.zip").read_bytes() == zipped


def test_a_zip_of_the_folder_itself_is_read_too(small_bundle: Bundle, tmp_path: Path) -> None:
    made = shutil.make_archive(str(tmp_path / "by-hand"), "zip", small_bundle.path.parent, small_bundle.path.name)
    assert read_bundle(Path(made)).digest == small_bundle.digest


def test_another_threshold_is_another_identity(small_bundle: Bundle, tmp_path: Path) -> None:
    assert rewritten(small_bundle, tmp_path / "bold", policy=ALL_FIT).digest != small_bundle.digest


def test_a_bundle_without_scope_carries_no_scope_file(small_bundle: Bundle, tmp_path: Path) -> None:
    bundle = rewritten(small_bundle, tmp_path / "plain", policy=Policy())
    assert bundle.policy.scope is None
    assert not (bundle.path / "scope.npz").exists()


@settings(max_examples=25, deadline=None)
@given(
    temperature=st.floats(0.05, 20),
    low=st.floats(-1, 1),
    gap=st.floats(1e-9, 1),
    threshold=st.floats(-1e6, 1e6),
    es=st.text(st.characters(codec="utf-8"), max_size=20),
)
def test_every_number_and_name_survives_the_round_trip_exactly(
    temperature: float, low: float, gap: float, threshold: float, es: str
) -> None:
    scope = room.Scope(*(np.ones((2, 2), np.float32),) * 5, np.ones(3, np.float32), threshold)
    policy = Policy(temperature=temperature, fit_below=low, unfit_above=low + gap, scope=scope)
    classes = (ClassInfo("a", "apple", "fit", {"es": es}), ClassInfo("b", "apple", "unfit", {}))
    files = dict.fromkeys(("model.h5", "model.tflite", "golden.npz"), b"x")
    facts = {
        "name": es,
        "version": "1",
        "created": "",
        "input": SPEC,
        "labels_proved": None,
        "training": {es: [1, None]},
    }
    with tempfile.TemporaryDirectory() as home:
        read = write_bundle(Path(home) / "b", files, classes=classes, policy=policy, metrics={}, origin={}, **facts)
    assert (read.policy.temperature, read.policy.fit_below, read.policy.unfit_above) == (temperature, low, low + gap)
    assert read.policy.scope is not None
    assert read.policy.scope.threshold == threshold
    assert (read.name, read.classes, read.input, read.training) == (es, classes, SPEC, {es: [1, None]})


def test_arrays_as_npz_are_the_same_bytes_each_time_and_carry_no_pickle() -> None:
    one, other = (npz_bytes(b=np.arange(3), a=np.array(["x", "yy"])) for _ in range(2))
    assert one == other
    with np.load(io.BytesIO(one), allow_pickle=False) as arrays:
        assert arrays["a"].tolist() == ["x", "yy"]
    with pytest.raises(ValueError, match="Object arrays"):
        npz_bytes(a=np.array([{}], object))


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
                                  b'{"format": Infinity}', b'{"format": 1}', b"[" * 100_000])  # fmt: skip
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


def test_names_that_climb_out_of_the_archive_write_nothing_outside(
    small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    members = {name: (small_bundle.path / name).read_bytes() for name in ("bundle.json", *FILES)}
    slips = {"../evil.txt": b"x", "../../model.h5.txt": b"x", str(tmp_path / "evil.txt"): b"x", "..\\evil.txt": b"x"}
    read = read_bundle(zip_of({**slips, **members}, tmp_path / "slip.zip"))
    assert sorted(each.name for each in read.path.iterdir()) == sorted(("bundle.json", *FILES))
    assert not list(tmp_path.rglob("evil*"))
    assert not list(tmp_path.rglob("*.txt"))


def test_an_archive_that_would_swell_beyond_a_model_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_LARGEST", 1_000_000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    bomb = zip_of({"bundle.json": b"{}", "model.h5": bytes(1_000_001)}, tmp_path / "bomb.zip")
    assert bomb.stat().st_size < 5_000
    assert refusal(bomb).code == "bundle_damaged"
    assert not list((tmp_path / "tmp").iterdir())


def test_an_archive_that_lies_about_its_size_unpacks_no_more_than_it_declared(tmp_path: Path) -> None:
    bomb = zip_of({"model.h5": bytes(1_000_000)}, tmp_path / "bomb.zip")
    bomb.write_bytes(bomb.read_bytes().replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    assert refusal(bomb).code == "bundle_damaged"


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04", b"<html>quota</html>"])
def test_a_file_that_is_no_zip_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.zip").write_bytes(content)
    error = refusal(tmp_path / "model.zip")
    assert error.code == "bundle_damaged"
    assert "model.zip" in error.es


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_zip_harmed_anywhere_is_read_whole_or_refused(
    zipped: bytes, small_bundle: Bundle, data: st.DataObject
) -> None:
    harmed = bytearray(zipped)
    for _ in range(data.draw(st.integers(1, 3))):
        harmed[data.draw(st.integers(0, len(zipped) - 1))] ^= data.draw(st.integers(1, 255))
    harmed = harmed[: data.draw(st.one_of(st.just(len(zipped)), st.integers(0, len(zipped))))]
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        file.write(harmed)
        file.flush()
        try:
            read = read_bundle(Path(file.name))
        except BundleRefused as error:
            assert error.code.startswith("bundle_")
        else:
            assert read.files == small_bundle.files


# Writing: whole or not at all


def test_writing_over_an_old_bundle_leaves_only_the_new_one(small_bundle: Bundle, tmp_path: Path) -> None:
    old = rewritten(small_bundle, tmp_path / "b")
    new = rewritten(small_bundle, tmp_path / "b", policy=ALL_FIT)
    assert new.digest != old.digest
    assert read_bundle(tmp_path / "b").digest == new.digest
    assert [each.name for each in tmp_path.iterdir()] == ["b"]
    assert not (tmp_path / "b" / "scope.npz").exists()


@pytest.mark.parametrize("step", ["write", "rename", "arrive"])
def test_a_failure_half_way_leaves_the_old_bundle_whole_and_no_litter(
    step: str, small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = rewritten(small_bundle, tmp_path / "b")
    files, facts = content_of(small_bundle), {**facts_of(small_bundle), "policy": ALL_FIT}
    calls = {"count": 0}
    rename = Path.rename

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def second_rename_fails(path: Path, target: Path) -> Path:
        calls["count"] += 1
        if calls["count"] == (1 if step == "rename" else 2):
            fails()
        return rename(path, target)

    with monkeypatch.context() as patch:
        if step == "write":
            patch.setattr(room.os, "fsync", fails)
        else:
            patch.setattr(Path, "rename", second_rename_fails)
        with pytest.raises(OSError, match="No space left"):
            write_bundle(tmp_path / "b", files, **facts)
    assert read_bundle(tmp_path / "b").digest == old.digest
    assert [each.name for each in tmp_path.iterdir()] == ["b"]


def test_a_failure_where_nothing_was_leaves_nothing(
    small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {**content_of(small_bundle), "surprise.py": b"print()"}
    with pytest.raises(BundleRefused) as caught:
        write_bundle(tmp_path / "b", files, **facts_of(small_bundle))
    assert caught.value.code == "bundle_damaged"
    assert not list(tmp_path.iterdir())


def test_a_folder_with_anything_else_in_it_is_never_written_over(small_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "lot" / "apples").mkdir(parents=True)
    (tmp_path / "lot" / "apples" / "photo.jpg").write_bytes(b"precious")
    with pytest.raises(BundleRefused) as caught:
        rewritten(small_bundle, tmp_path / "lot")
    assert caught.value.code == "folder_taken"
    assert "apples" in caught.value.es
    assert "Choose another folder" in caught.value.en
    assert (tmp_path / "lot" / "apples" / "photo.jpg").read_bytes() == b"precious"


def test_a_file_in_the_place_of_the_folder_is_never_written_over(small_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("precious")
    with pytest.raises(BundleRefused, match="folder_taken"):
        rewritten(small_bundle, tmp_path / "notes")
    assert (tmp_path / "notes").read_text() == "precious"


def test_an_empty_folder_takes_a_bundle(small_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    assert rewritten(small_bundle, tmp_path / "b").digest == small_bundle.digest


def test_a_zip_that_cannot_be_finished_leaves_the_old_one_and_no_litter(small_bundle: Bundle, tmp_path: Path) -> None:
    broken = rewritten(small_bundle, tmp_path / "b")
    zip_bundle(broken, tmp_path / "b.zip")
    before = (tmp_path / "b.zip").read_bytes()
    (tmp_path / "b" / "model.h5").unlink()
    with pytest.raises(FileNotFoundError):
        zip_bundle(broken, tmp_path / "b.zip")
    assert (tmp_path / "b.zip").read_bytes() == before
    assert litter_of(tmp_path) == []
