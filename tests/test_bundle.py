import io
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from altered_bundle import ALL_FIT, content_of, facts_of, rewritten
from small_model import SPEC
from vistobueno.core.classes import ClassInfo
from vistobueno.core.errors import BundleRefused
from vistobueno.core.policy import Policy
from vistobueno.model import bundle as room
from vistobueno.model.archive import npz_bytes
from vistobueno.model.bundle import Bundle, read_bundle, write_bundle, zip_bundle

FACTS = ("name", "version", "created", "input", "classes", "labels_proved", "training", "metrics", "origin", "files")


def litter_of(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if each.name.startswith("."))


def same(one: Bundle, other: Bundle) -> bool:
    scopes = [_arrays(each.policy.scope) for each in (one, other)]
    return (
        all(getattr(one, name) == getattr(other, name) for name in FACTS)
        and {**vars(one.policy), "scope": None} == {**vars(other.policy), "scope": None}
        and all(np.array_equal(scopes[0][name], scopes[1][name]) for name in scopes[0])
    )


# A bundle that is whole


def _arrays(scope: room.Scope | None) -> dict[str, object]:
    return {**vars(scope), **(vars(scope.near) if scope.near else {}), "near": None} if scope else {}


def test_a_bundle_written_to_a_folder_reads_back_as_it_was(small_bundle: Bundle, tmp_path: Path) -> None:
    again = rewritten(small_bundle, tmp_path / "again")
    assert same(again, small_bundle)
    assert same(read_bundle(tmp_path / "again"), small_bundle)


def test_the_same_bundle_is_the_same_bytes_wherever_it_is_written(small_bundle: Bundle, tmp_path: Path) -> None:
    again = rewritten(small_bundle, tmp_path / "again")
    assert again.digest == small_bundle.digest
    for name in ("bundle.json", "model.h5", "model.tflite", "golden.npz", "scope.npz"):
        assert (again.path / name).read_bytes() == (small_bundle.path / name).read_bytes()


def test_a_zip_reads_back_as_the_folder_it_was_made_of(small_bundle: Bundle, tmp_path: Path, small_zip: bytes) -> None:
    (tmp_path / "small.zip").write_bytes(small_zip)
    read = read_bundle(tmp_path / "small.zip")
    assert same(read, small_bundle)
    assert read.digest == small_bundle.digest


def test_a_zip_made_twice_is_the_same_bytes(small_bundle: Bundle, tmp_path: Path, small_zip: bytes) -> None:
    copy = rewritten(small_bundle, tmp_path / "copy")
    assert zip_bundle(copy, tmp_path / "copy.zip").read_bytes() == small_zip


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
    square, row = np.ones((2, 2), np.float32), np.ones(2, np.float32)
    scope = room.Scope(np.ones(3, np.float32), threshold, room.Near(row, square, square, row, row))
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


def test_a_machine_that_stops_between_the_renames_loses_no_bundle(
    small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = rewritten(small_bundle, tmp_path / "b")
    files, facts = content_of(small_bundle), {**facts_of(small_bundle), "policy": ALL_FIT}
    rename = Path.rename

    class PowerCut(BaseException):
        pass

    def stops(path: Path, target: Path) -> Path:
        if target.name == "b":
            raise PowerCut
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", stops)
        with pytest.raises(PowerCut):
            write_bundle(tmp_path / "b", files, **facts)
    assert read_bundle(tmp_path / ".b.old").digest == old.digest
    with pytest.raises(BundleRefused):
        write_bundle(tmp_path / "b", {**files, "surprise.py": b"print()"}, **facts)
    assert read_bundle(tmp_path / "b").digest == old.digest  # put back, whatever comes of the next write
    assert write_bundle(tmp_path / "b", files, **facts).digest != old.digest
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
