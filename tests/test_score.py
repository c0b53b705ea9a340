"""`vistobueno score`: an archive judged into Parquet, each photograph once, and as `inspect` judges it to the bit."""

import json
import os
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from altered_bundle import ALL_FIT, ALL_UNFIT, rewritten
from cases import for_each
from command_line import Run, lines_of, vistobueno
from drawn_photos import jpeg
from kept import ANA
from opened import open_station
from servers import free_port
from test_calibrated import calibration
from test_commission_command import remembering
from test_line_calibrations import LINE, answering
from vistobueno.core.composed import composed
from vistobueno.core.errors import DataRefused
from vistobueno.core.photo import open_photo
from vistobueno.core.verdict import Verdict
from vistobueno.model.bundle import CALIBRATION, Bundle
from vistobueno.model.calibrated import write_calibrated
from vistobueno.model.inspector import inspect, limits_for
from vistobueno.model.runtime import Model, load_model
from vistobueno.services import Station
from vistobueno.services.archives.manifest import keys_of
from vistobueno.services.archives.photographs import Photographs
from vistobueno.services.archives.results import Results
from vistobueno.services.archives.scored import Judge, Row
from vistobueno.services.archives.scoring import Run as Scored
from vistobueno.services.archives.scoring import score
from vistobueno.services.engine import Local
from vistobueno.settings import Settings

__all__ = ["answering", "open_station", "remembering", "vistobueno"]
pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not here")


@pytest.fixture
def archive(drawn: Path, tmp_path: Path) -> Path:
    """Photographs in folders, one under a strange name, two that are none, and what a system left."""
    folder = tmp_path / "archive"
    shutil.copytree(drawn, folder)
    (folder / "apple_fit" / "café ñ #1 100%.jpg").write_bytes(jpeg("apple_fit", 77))
    (folder / "broken.jpg").write_bytes(b"no photograph")
    (folder / "empty.jpg").touch()
    (folder / "notes.txt").write_text("aside")
    return folder


def scored(places: Any, out: Path, model: Model, settings: Settings | None = None, stop: int = 0) -> Scored:
    """Score in this process; ``stop``: the engine dies after as many."""
    photographs = Photographs(settings or Settings())

    class Dying(Local[str, Row]):
        def submit(self, batch: Any, /) -> Any:
            for number, row in enumerate(super().submit(batch)):
                if stop and number == stop:
                    raise KeyboardInterrupt
                yield row

    with Results(out, model.name) as results:
        keys, _ = keys_of([str(each) for each in places], photographs)
        return score(keys, results, photographs, lambda known: Dying(Judge(model, photographs, known), 2))


def rows_of(out: Path) -> list[Row]:
    return pq.read_table(out).to_pylist()  # type: ignore[no-any-return]


def verdict_of(row: Row) -> Verdict:
    plain = {"product": row["resembles"], "reasons": tuple(row["reasons"]), "probabilities": dict(row["probabilities"])}
    return composed(Verdict, row | plain)


def same_as_inspect(row: Row, model: Model, data: bytes) -> bool:
    """Every number is the same to the bit, and so is what was measured."""
    photo = open_photo(data, limits_for(model))
    told = inspect(photo, model)
    measured = all(row[name] == getattr(photo, name) for name in ("width", "height", "format", "sharpness", "clipped"))
    product = row["product"] == told.recognised_product
    return verdict_of(row) == told and measured and product and row["photo_sha256"] == photo.sha256


def judged_files(model: Model, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes of what is judged from now on."""
    seen: list[str] = []
    really = Model.score

    def noted(self: Model, photo: Any) -> Any:
        seen.append(photo.sha256)
        return really(self, photo)

    monkeypatch.setattr(Model, "score", noted)
    return seen


def test_each_photograph_has_one_row_as_inspect_judges_it_and_a_refusal_has_its_code(
    archive: Path, small_model: Model, tmp_path: Path
) -> None:
    done = scored([archive], tmp_path / "out", small_model)
    rows = rows_of(tmp_path / "out")
    names = sorted(str(each) for each in archive.rglob("*.jpg"))
    assert sorted(row["file"] for row in rows) == names and done.photographs == len(names)
    refused = {Path(row["file"]).name: row["error"] for row in rows if row["error"]}
    assert refused == {"broken.jpg": "not_a_photo", "empty.jpg": "empty_file"} and done.refusals.total() == 2
    for row in rows:
        assert row["model_digest"] == small_model.bundle.digest and row["model_calibration"] is None
        if not row["error"]:
            assert same_as_inspect(row, small_model, Path(row["file"]).read_bytes()), row["file"]


def test_a_second_run_reads_nothing_and_what_is_new_is_judged(
    archive: Path, small_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored([archive], tmp_path / "out", small_model)
    seen = judged_files(small_model, monkeypatch)
    fetched: list[str] = []
    really = Photographs.fetch

    def noted(self: Photographs, name: str, most: int) -> tuple[bytes, str]:
        fetched.append(Path(name).name)
        return really(self, name, most)

    monkeypatch.setattr(Photographs, "fetch", noted)
    again = scored([archive], tmp_path / "out", small_model)
    assert again.standing == again.photographs and seen == fetched == []
    shutil.copy(next((archive / "apple_fit").glob("*.jpg")), archive / "copy.jpg")
    (archive / "new.jpg").write_bytes(jpeg("banana_fit", 99))
    os.utime(archive / "broken.jpg", (1, 1))  # touched, and the same
    third = scored([archive], tmp_path / "out", small_model)
    assert sorted(fetched) == ["broken.jpg", "copy.jpg", "new.jpg"] and len(seen) == 1
    assert third.answers["known"] == 2
    rows = {row["file"]: row for row in rows_of(tmp_path / "out")}
    assert len(rows) == len(rows_of(tmp_path / "out")) == third.photographs
    assert rows[str(archive / "broken.jpg")]["error"] == "not_a_photo"
    assert same_as_inspect(rows[str(archive / "copy.jpg")], small_model, (archive / "copy.jpg").read_bytes())
    assert not list((tmp_path / "out").glob(".old*"))


def test_a_photograph_that_changed_or_came_back_has_its_new_row_alone(
    archive: Path, small_model: Model, tmp_path: Path
) -> None:
    gone, changed = archive / "gone.jpg", archive / "empty.jpg"
    (tmp_path / "all.txt").write_text("\n".join(str(each) for each in (gone, *archive.rglob("*.jpg"))))
    assert scored([tmp_path / "all.txt"], tmp_path / "out", small_model).refusals["unreadable_file"] == 1
    gone.write_bytes(jpeg("orange_fit", 5))
    changed.write_bytes(jpeg("orange_fit", 6))
    again = scored([tmp_path / "all.txt"], tmp_path / "out", small_model)
    assert again.photographs - again.standing == 2 and not again.refusals
    rows = [row for row in rows_of(tmp_path / "out") if row["file"] in (str(gone), str(changed))]
    assert len(rows) == 2 and not any(row["error"] for row in rows)


@for_each("stop", (1, 7))
def test_a_run_goes_on_where_it_was_cut(
    archive: Path, small_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    out = tmp_path / f"out{stop}"
    with monkeypatch.context() as patched:
        seen = judged_files(small_model, patched)
        with pytest.raises(KeyboardInterrupt):
            scored([archive], out, small_model, stop=stop)
        assert len(rows_of(out)) == stop
        (out / ".part-000002.parquet.half").write_bytes(b"what a kill left")
        kept = {row["photo_sha256"] for row in rows_of(out)}
        seen.clear()
        done = scored([archive], out, small_model)
        assert done.standing == stop and not kept & set(seen)
    rows = rows_of(out)
    assert len(rows) == len({row["file"] for row in rows}) == done.photographs
    assert not list(out.glob(".*half"))


def test_models_and_calibrations_stand_side_by_side(
    archive: Path, small_bundle: Bundle, small_model: Model, tmp_path: Path
) -> None:
    strict = load_model(rewritten(small_bundle, tmp_path / "strict", policy=ALL_UNFIT).path)
    fitted = small_model.with_calibration(replace(calibration(small_bundle), policy=ALL_FIT))
    out = tmp_path / "out"
    for model in (small_model, strict, fitted):
        assert scored([archive], out, model).standing == 0
    for model in (small_model, strict, fitted):
        done = scored([archive], out, model)
        assert done.standing == done.photographs
    by = {(row["model_digest"], row["model_calibration"]) for row in rows_of(out)}
    assert by == {(each.name.digest, each.name.calibration) for each in (small_model, strict, fitted)}
    for row in rows_of(out):
        if row["model_calibration"] and not row["error"]:
            assert same_as_inspect(row, fitted, Path(row["file"]).read_bytes())


def test_two_runs_do_not_write_one_folder_and_a_file_is_no_folder(small_model: Model, tmp_path: Path) -> None:
    (tmp_path / "file.parquet").write_bytes(b"mine")
    with Results(tmp_path / "out", small_model.name):
        taken = (
            (tmp_path / "out", "out_busy"),
            (tmp_path / "file.parquet", "out_taken"),
            ("s3://bucket/x", "out_remote"),
        )
        for place, code in taken:
            with pytest.raises(DataRefused, match=code), Results(Path(place), small_model.name):
                pass
    (tmp_path / "other").mkdir()
    pq.write_table(_table({"a": [1]}), tmp_path / "other" / "x.parquet")
    with pytest.raises(DataRefused, match="results_unreadable"), Results(tmp_path / "other", small_model.name):
        pass
    assert (tmp_path / "file.parquet").read_bytes() == b"mine"


def test_what_cannot_start_leaves_no_folder_behind(
    vistobueno: Run, drawn: Path, small_bundle: Bundle, tmp_path: Path
) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.mkdir()
    for out in (new, old):
        assert vistobueno("score", tmp_path / "nowhere", "--out", out, "--model", small_bundle.path).code == 3
    assert not new.exists() and old.is_dir()
    assert vistobueno("score", drawn, "--out", new, "--model", small_bundle.path).code == 0 and rows_of(new)


def _table(columns: dict[str, list[Any]]) -> Any:
    import pyarrow as pa

    return pa.table(columns)


@pytest.fixture
def bucket(s3: str, drawn: Path) -> Settings:
    """A bucket with the drawn photographs, and settings that open it."""
    import requests

    assert requests.put(f"{s3}/archive", timeout=10).ok
    for file in drawn.rglob("*.jpg"):
        name = f"2026/{file.parent.name}/{file.name}".replace("apple_fit", "apple ñ+%20")
        assert requests.put(f"{s3}/archive/{requests.utils.quote(name)}", data=file.read_bytes(), timeout=10).ok
    for name in ("2026/.hidden/a.jpg", "2026/list.csv", "2025/z.jpg", "2026x/z.jpg"):
        assert requests.put(f"{s3}/archive/{name}", data=b"x", timeout=10).ok
    return Settings(s3_endpoint=s3, s3_access_key_id="key", s3_secret_access_key="secret")  # noqa: S106


def test_a_bucket_is_judged_like_a_folder_and_a_second_run_only_lists(
    bucket: Settings, drawn: Path, small_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = scored(["s3://archive/2026"], tmp_path / "out", small_model, bucket)
    rows = rows_of(tmp_path / "out")
    assert done.photographs == len(list(drawn.rglob("*.jpg"))) == len(rows) and not done.refusals
    assert all(row["file"].startswith("s3://archive/2026/") for row in rows)
    by_hash = {row["photo_sha256"]: row for row in rows}
    for file in drawn.rglob("*.jpg"):
        data = file.read_bytes()
        assert same_as_inspect(by_hash[open_photo(data).sha256], small_model, data)
    manifest = tmp_path / "some.csv"
    manifest.write_text("label;file\n" + "".join(f"x;{row['file']}\n" for row in rows) + "x;s3://archive/none.jpg\n")
    monkeypatch.setattr(Photographs, "fetch", _only("s3://archive/none.jpg", Photographs.fetch))
    assert scored(["s3://archive/2026"], tmp_path / "out", small_model, bucket).standing == len(rows)
    again = scored([manifest], tmp_path / "out", small_model, bucket)
    assert again.standing == len(rows) and dict(again.refusals) == {"unreadable_file": 1}


def _only(name: str, really: Any) -> Any:
    def fetch(self: Photographs, asked: str, most: int) -> Any:
        assert asked == name
        return really(self, asked, most)

    return fetch


def test_a_bucket_that_cannot_be_read_is_one_error(s3: str, tmp_path: Path, small_model: Model) -> None:
    away = Settings(s3_endpoint=s3, s3_access_key_id="key", s3_secret_access_key="secret")  # noqa: S106
    with pytest.raises(DataRefused, match="bucket_unreadable"):
        scored(["s3://no-such-bucket/x"], tmp_path / "out", small_model, away)


def test_manifests_are_text_csv_or_parquet_and_name_each_photograph_once(drawn: Path, tmp_path: Path) -> None:
    files = sorted(drawn.rglob("*.jpg"))[:3]
    names = [os.path.relpath(each, tmp_path) for each in files]
    (tmp_path / "a.txt").write_bytes("\ufeff".encode() + "\r\n".join([*names, "", names[0]]).encode())
    (tmp_path / "b.csv").write_text("\n".join(["n,path", *(f'1,"{name}"' for name in names)]))
    (tmp_path / "c.tsv").write_text("\n".join(["label\tfile", *(f"x\t{name}" for name in names)]))
    pq.write_table(_table({"url": [str(each) for each in files], "n": [1, 2, 3]}), tmp_path / "d.parquet")
    for name in ("a.txt", "b.csv", "c.tsv", "d.parquet"):
        keys, _ = keys_of([str(tmp_path / name)], Photographs(Settings()))
        assert [key.name for key in keys] == [str(each) for each in files], name
    pq.write_table(_table({"n": [1]}), tmp_path / "none.parquet")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "none.csv").write_text("name,label\na.jpg,fit\n")
    bad = {
        "none.parquet": "manifest_unreadable",
        "none.csv": "manifest_unreadable",
        "empty.txt": "archive_empty",
        "missing": "archive_missing",
    }
    bad[str(files[0])] = "manifest_unreadable"
    for name, code in bad.items():
        with pytest.raises(DataRefused) as refused:
            keys_of([str(tmp_path / name)], Photographs(Settings()))
        assert refused.value.code == code and refused.value.es != refused.value.en


def test_the_command_counts_and_gives_what_inspect_gives(
    vistobueno: Run, archive: Path, small_bundle: Bundle, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = vistobueno("score", archive, "--out", out, "--model", small_bundle.path, "--json")
    told = json.loads(said.out)
    inspected = lines_of(vistobueno("inspect", archive, "--model", small_bundle.path, "--json"))
    assert (
        said.code == 0
        and told["photographs"] == len(inspected)
        and told["refusals"] == {"not_a_photo": 1, "empty_file": 1}
    )
    by_file = {row["file"]: row for row in rows_of(out)}
    for each in inspected:
        row = by_file[str(each["file"])]
        assert row["error"] == each["error"] and row["answer"] == (None if each["error"] else each["answer"])
        assert row["probability_unfit"] is None or round(row["probability_unfit"], 6) == each["probability_unfit"]
    again = json.loads(vistobueno("score", archive, "--out", out, "--model", small_bundle.path, "--json").out)
    assert again["standing"] == again["photographs"]
    for language in ("es", "en"):
        assert vistobueno("score", archive, "--out", out, "--model", small_bundle.path, "-l", language).code == 0


def test_a_calibration_out_of_a_calibrated_bundle_judges(
    vistobueno: Run, drawn: Path, small_bundle: Bundle, tmp_path: Path
) -> None:
    fitted = write_calibrated(small_bundle, calibration(small_bundle), tmp_path / "fitted")
    file = fitted.path / CALIBRATION
    said = vistobueno("score", drawn, "--out", tmp_path / "out", "--model", small_bundle.path, "--calibration", file)
    assert said.code == 0
    model = load_model(fitted.path)
    for row in rows_of(tmp_path / "out"):
        assert same_as_inspect(row, model, Path(row["file"]).read_bytes())
        assert row["model_digest"] == small_bundle.digest and row["model_calibration"] == model.calibration_digest
    assert vistobueno("score", drawn, "--out", tmp_path / "out", "--line", "x", "--calibration", file).code == 3


def test_a_line_of_the_station_judges_by_its_active_calibration(
    vistobueno: Run, answering: Station, drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, out = answering.settings, tmp_path / "out"
    for name in ("data_dir", "database_url", "model_path"):
        monkeypatch.setenv(name.upper(), str(getattr(settings, name)))
    assert vistobueno("score", drawn, "--out", out, "--line", LINE).code == 3, "it has no calibration yet"
    assert vistobueno("score", drawn, "--out", out, "--line", "none").code == 3
    made, _ = answering.calibrations.make(LINE, ANA)
    answering.calibrations.activate(made.number, ANA)
    assert vistobueno("score", drawn, "--out", out, "--line", LINE).code == 0
    model = answering.models.judging(LINE)
    rows = rows_of(out)
    assert {row["model_calibration"] for row in rows} == {made.digest}
    assert all(same_as_inspect(row, model, Path(row["file"]).read_bytes()) for row in rows)


def test_a_cluster_that_is_not_there_is_one_error_and_nothing_is_lost(
    vistobueno: Run, drawn: Path, small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="Ray (the extra [cluster]) is not here")

    def away(**_: object) -> None:
        raise ConnectionError("Ray is trying to start at 10.0.0.9:6379\nno cluster there")

    monkeypatch.setattr(ray, "init", away)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    said = vistobueno("score", drawn, "--out", tmp_path / "out", "--model", small_bundle.path, "--engine", "ray")
    assert said.code == 3 and "no cluster there" in said.err and not list((tmp_path / "out").glob("*.parquet"))


def test_a_cluster_that_is_not_there_is_told_at_once(
    vistobueno: Run, drawn: Path, small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    out = tmp_path / "out"
    for scheme in ("", "ray://"):
        monkeypatch.setenv("RAY_ADDRESS", f"{scheme}127.0.0.1:{free_port()}")
        began = time.monotonic()
        said = vistobueno("score", drawn, "--out", out, "--model", small_bundle.path, "--engine", "ray")
        assert said.code == 3 and "RAY_ADDRESS" in said.err and not out.exists()
        assert time.monotonic() - began < 30, "Ray tries for minutes"


def test_without_ray_or_pyarrow_it_says_what_to_install(
    vistobueno: Run, drawn: Path, small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, extra, engine in (("ray", "cluster", "ray"), ("pyarrow", "parquet", "local")):
        monkeypatch.setitem(sys.modules, name, None)
        said = vistobueno(
            "score", drawn, "--out", tmp_path / "out", "--model", small_bundle.path, "--engine", engine, "-l", "en"
        )
        assert said.code == 3 and f"vistobueno[{extra}]" in said.err
