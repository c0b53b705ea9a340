"""`vistobueno commission` as its user meets it, on drawn pictures, with a tiny network that keeps a memory."""

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from altered_bundle import rewritten
from command_line import Run, broken, lines_of, vistobueno
from vistobueno.cli.drawn import write_samples
from vistobueno.core.errors import BundleRefused
from vistobueno.core.photo import Limits, open_photo
from vistobueno.model.bundle import CALIBRATION, MEMORY, Bundle, read_bundle, zip_bundle
from vistobueno.model.calibrated import calibration_of, to_bytes, write_calibrated
from vistobueno.model.inspector import inspect, limits_for
from vistobueno.model.memory import Memory
from vistobueno.model.runtime import load_model
from vistobueno.training.data import LabelledPhoto, read_photos
from vistobueno.training.out_of_fold import hashes_of
from vistobueno.training.remember import remember

__all__ = ["broken", "vistobueno"]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A line: class folders with pictures of each class."""
    folder = tmp_path_factory.mktemp("line")
    write_samples(folder, per_class=6, seed=5)
    return folder


@pytest.fixture(scope="module")
def remembering(small_bundle: Bundle, drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The small bundle with a memory of other pictures."""
    return remember(load_model(small_bundle.path), read_photos(drawn), tmp_path_factory.mktemp("remembering") / "small")


@pytest.fixture(scope="module")
def calibrated(remembering: Bundle, line: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command makes of that line."""
    from vistobueno.cli.commission import run_commission

    out = tmp_path_factory.mktemp("calibrated") / "model"
    run_commission(line, out, None, None, False, False, load_model(remembering.path), "en")
    return out


def right(rows: list[dict[str, object]]) -> float:
    """The share of the fruit whose condition is told as its folder says."""
    told = [(row["forced"], Path(str(row["file"])).parent.name) for row in rows]
    return float(np.mean([name.endswith(f"_{forced}") for forced, name in told if name != "other"]))


def test_it_writes_a_bundle_that_inspect_takes(
    vistobueno: Run, remembering: Bundle, calibrated: Path, line: Path
) -> None:
    said = vistobueno("inspect", line, "--json", "--model", calibrated)
    assert said.code in (0, 1, 2)
    before = vistobueno("inspect", line, "--json", "--model", remembering.path)
    assert right(lines_of(said)) > right(lines_of(before)) - 0.05
    assert [row["probability_unfit"] for row in lines_of(said)] != [
        row["probability_unfit"] for row in lines_of(before)
    ]
    assert vistobueno("model", "verify", calibrated).code == 0


def test_the_calibrated_bundle_says_that_it_is_one(
    vistobueno: Run, remembering: Bundle, calibrated: Path, line: Path
) -> None:
    bundle = read_bundle(calibrated)
    assert bundle.digest != remembering.digest
    assert {name: bundle.files[name] for name in remembering.files} == dict(remembering.files)
    calibration = calibration_of(bundle)
    assert calibration is not None and calibration.facts["photographs"] == 42
    assert sorted(calibration.fitted_to) == sorted({*hashes_of(read_photos(line))})
    assert calibration.facts["created"] in vistobueno("model", "info", calibrated).out
    assert calibration_of(remembering) is None


def test_the_report_is_json_for_a_program(vistobueno: Run, remembering: Bundle, line: Path, tmp_path: Path) -> None:
    arguments = ("commission", line, "--out", tmp_path / "out", "--model", remembering.path, "--alpha", 0.05, "--json")
    said = json.loads(vistobueno(*arguments).out)
    assert said["classes"]["apple_fit"] == {"photographs": 6, "groups": 6}
    assert said["escapes"]["n"] == 18 and said["escapes"]["rate"] >= 1 / 19 and said["escapes"]["more"] == 1
    assert 0 <= said["after"]["forced"]["low"] <= said["after"]["forced"]["share"] <= said["after"]["forced"]["high"]
    assert "fitted_to" not in said
    assert said["digest"] == read_bundle(tmp_path / "out").digest


def test_commissioning_again_starts_from_the_original(
    vistobueno: Run, remembering: Bundle, calibrated: Path, line: Path, tmp_path: Path
) -> None:
    few = tmp_path / "few"
    for photo in sorted(line.rglob("*.jpg"))[::2]:
        (few / photo.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, few / photo.parent.name)
    made = []
    for number, model in enumerate((remembering.path, calibrated)):
        assert vistobueno("commission", few, "--out", tmp_path / str(number), "--model", model).code == 0
        made.append(calibration_of(read_bundle(tmp_path / str(number))))
    assert made[0] is not None and made[1] is not None and to_bytes(made[0]) == to_bytes(made[1])


def test_a_calibrated_bundle_may_be_a_zip_and_travel_to_another_process(
    calibrated: Path, line: Path, tmp_path: Path
) -> None:
    model = load_model(calibrated)
    photo = open_photo(next(iter(sorted(line.rglob("*.jpg")))).read_bytes())
    verdict = inspect(photo, model)
    zipped = load_model(zip_bundle(model.bundle, tmp_path / "calibrated.zip"))
    for other in (zipped, pickle.loads(pickle.dumps(model))):  # noqa: S301
        assert inspect(photo, other).probability_unfit == pytest.approx(verdict.probability_unfit, abs=1e-5)


def test_a_calibration_given_beside_the_bundle_does_the_same(remembering: Bundle, calibrated: Path, line: Path) -> None:
    original, whole = load_model(remembering.path), load_model(calibrated)
    beside = original.with_calibration(whole.calibration)
    photo = open_photo(next(iter(sorted(line.rglob("*.jpg")))).read_bytes())
    assert inspect(photo, beside) == inspect(photo, whole) != inspect(photo, original)
    assert inspect(photo, beside.with_calibration(None)) == inspect(photo, original)
    travelled = pickle.loads(pickle.dumps(beside))  # noqa: S301
    assert inspect(photo, travelled).probability_unfit == pytest.approx(
        inspect(photo, beside).probability_unfit, abs=1e-5
    )


def test_a_calibration_of_another_model_is_refused(
    remembering: Bundle, calibrated: Path, shipped: object, tmp_path: Path
) -> None:
    calibration = calibration_of(read_bundle(calibrated))
    assert calibration is not None
    assert calibration.kernel is not None
    wider = replace(calibration, kernel=np.concatenate([calibration.kernel, calibration.kernel[:1]]))
    for refused in (
        lambda: load_model(calibrated).with_calibration(wider),
        lambda: shipped.with_calibration(calibration),  # type: ignore[attr-defined]
        lambda: write_calibrated(shipped.bundle, calibration, tmp_path / "out"),  # type: ignore[attr-defined]
        lambda: load_model(
            rewritten(shipped.bundle, tmp_path / "x", {CALIBRATION: to_bytes(calibration)}).path  # type: ignore[attr-defined]
        ),
    ):
        with pytest.raises(BundleRefused) as error:
            refused()
        assert error.value.code == "calibration_of_another"
    assert not (tmp_path / "out").exists()


def test_a_model_without_memory_learns_from_the_line_alone(
    vistobueno: Run, small_bundle: Bundle, line: Path, tmp_path: Path
) -> None:
    for language in ("es", "en"):
        out = tmp_path / language
        said = vistobueno("commission", line, "--out", out, "--model", small_bundle.path, "--language", language)
        assert said.code == 0 and small_bundle.name in said.out
        assert vistobueno("inspect", line, "--json", "--model", out).code in (0, 1, 2)


def test_what_cannot_be_used_is_refused_and_nothing_is_written(
    vistobueno: Run, remembering: Bundle, line: Path, broken: Path, tmp_path: Path
) -> None:
    (tmp_path / "mango" / "mango_fit").mkdir(parents=True)
    shutil.copy(next(line.rglob("*.jpg")), tmp_path / "mango" / "mango_fit")
    shutil.copytree(line / "apple_fit", tmp_path / "with_broken" / "apple_fit")
    shutil.copytree(line / "apple_unfit", tmp_path / "with_broken" / "apple_unfit")
    shutil.copy(broken, tmp_path / "with_broken" / "apple_fit")
    (tmp_path / "few" / "apple_fit").mkdir(parents=True)
    shutil.copy(next((line / "apple_fit").iterdir()), tmp_path / "few" / "apple_fit")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letter.txt").write_text("mine")
    for data, out in (
        (tmp_path / "mango", tmp_path / "out"),
        (tmp_path / "with_broken", tmp_path / "out"),
        (tmp_path / "few", tmp_path / "out"),
        (tmp_path / "none", tmp_path / "out"),
        (line, tmp_path / "taken"),
    ):
        said = vistobueno("commission", data, "--out", out, "--model", remembering.path)
        assert said.code == 3 and said.err and not said.out
    nothing = tmp_path / "nothing" / "apple_fit"
    nothing.mkdir(parents=True)
    shutil.copy(broken, nothing)
    said = vistobueno(
        "commission", nothing.parent, "--out", tmp_path / "out", "--model", remembering.path, "--skip-unreadable"
    )
    assert said.code == 3 and said.err
    assert not (tmp_path / "out").exists() and (tmp_path / "taken" / "letter.txt").read_text() == "mine"
    again = ("--out", tmp_path / "out", "--model", remembering.path, "--skip-unreadable")
    assert vistobueno("commission", tmp_path / "with_broken", *again).code == 0


def test_a_memory_keeps_what_was_seen_to_a_level_of_two_hundred_and_fifty_six(remembering: Bundle, drawn: Path) -> None:
    memory = Memory.read(remembering)
    assert memory is not None and len(memory.labels) == 21 and set(memory.labels) == set(range(7))
    model = load_model(remembering.path)
    limits = limits_for(model)
    photos = [open_photo(photo.path.read_bytes(), limits) for photo in read_photos(drawn)]
    seen = np.array([model.score(photo).embedding for photo in photos])
    span = seen.max(axis=0) - seen.min(axis=0)
    assert (np.abs(seen - memory.embeddings) <= span / 255 + 1e-6).all()


def test_a_memory_sees_a_photograph_as_serving_does(small_bundle: Bundle, tmp_path: Path) -> None:
    model, rng = load_model(small_bundle.path), np.random.default_rng(0)
    photos = []
    for number, label in enumerate(("apple_fit", "apple_unfit")):
        path = tmp_path / f"{number}.png"
        Image.fromarray(rng.integers(0, 256, (900, 900, 3), np.uint8)).save(path)
        photos.append(LabelledPhoto(path, label, str(number), "phone"))
    memory = Memory.read(remember(model, photos, tmp_path / "remembering"))
    assert memory is not None
    whole, served = (
        np.array([model.score(open_photo(each.path.read_bytes(), limits)).embedding for each in photos])
        for limits in (Limits(cover=900), limits_for(model))
    )
    assert np.abs(memory.embeddings - served).max() < np.abs(memory.embeddings - whole).max() / 10


def test_a_memory_that_is_none_is_refused(remembering: Bundle, tmp_path: Path) -> None:
    memory = Memory.read(remembering)
    assert memory is not None
    content = memory.content()
    for number, cut in enumerate((b"", content[:-30], content.replace(b"labels", b"lapels"))):
        bundle = rewritten(remembering, tmp_path / str(number), {MEMORY: cut})
        with pytest.raises(BundleRefused) as error:
            Memory.read(bundle)
        assert error.value.code == "memory_unreadable"
