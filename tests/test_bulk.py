import gc
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from altered_bundle import ALL_UNFIT
from vistobueno.core.errors import PhotoRefused
from vistobueno.core.photo import Limits, Photo
from vistobueno.model.inspector import limits_for
from vistobueno.model.runtime import Model
from vistobueno.services import bulk as pool
from vistobueno.services.bulk import Outcome, inspect_many


@pytest.fixture(scope="module")
def files(drawn: Path) -> list[Path]:
    return sorted(drawn.rglob("*.jpg"))


def answers(outcomes: Iterator[Outcome]) -> list[tuple[object, ...]]:
    return [(each.path, each.sha256, each.verdict, each.error and each.error.code) for each in outcomes]


@pytest.mark.parametrize("jobs", [1, 2, 4, 50])
def test_verdicts_come_in_the_order_of_the_photographs_and_are_those_of_one_thread(
    jobs: int, files: list[Path], small_model: Model
) -> None:
    alone = [next(inspect_many([file], small_model)) for file in files]
    together = list(inspect_many(files, small_model, jobs=jobs))
    assert [each.path for each in together] == files
    assert answers(iter(together)) == answers(iter(alone))


def test_a_slow_photograph_does_not_lose_its_place(
    files: list[Path], small_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_open = pool.open_photo
    first = files[0].read_bytes()

    def slow(data: bytes, limits: Limits) -> Photo:
        if data == first:
            time.sleep(0.2)
        return really_open(data, limits)

    monkeypatch.setattr(pool, "open_photo", slow)
    assert [each.path for each in inspect_many(files[:6], small_model, jobs=4)] == files[:6]


def test_files_that_cannot_be_judged_say_why_and_stop_nothing(
    files: list[Path], small_model: Model, tmp_path: Path
) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("not a photograph at all")
    (tmp_path / "cut.jpg").write_bytes(files[0].read_bytes()[:2_000])
    bad = [tmp_path / "empty.jpg", tmp_path / "text.jpg", tmp_path / "cut.jpg", tmp_path / "missing.jpg", tmp_path]
    given = [each for pair in zip(bad, files, strict=False) for each in pair]
    outcomes = list(inspect_many(given, small_model, jobs=2))
    assert [each.path for each in outcomes] == given
    codes = [each.error.code for each in outcomes[::2] if each.error]
    assert codes == ["empty_file", "not_a_photo", "damaged_photo", "unreadable_file", "unreadable_file"]
    assert all(each.verdict and each.error is None and len(each.sha256 or "") == 64 for each in outcomes[1::2])
    for each in outcomes[::2]:
        assert each.verdict is each.sha256 is each.photo is None
        assert each.error is not None
        assert each.error.es != each.error.en
        assert each.error.es.endswith(".")


def test_a_file_over_the_limit_is_refused_without_being_read_whole(
    small_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(40_000_000_000)  # sparse: nothing on the disk
    sizes: list[int] = []
    really_open = pool.open_photo
    monkeypatch.setattr(pool, "open_photo", lambda data, limits: sizes.append(len(data)) or really_open(data, limits))
    (outcome,) = inspect_many([tmp_path / "huge.jpg"], small_model)
    assert outcome.error is not None
    assert outcome.error.code == "file_too_large"
    assert sizes == [limits_for(small_model).max_bytes + 1]


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("keep_photos", [False, True])
def test_no_more_than_two_photographs_for_each_job_are_in_memory_at_once(
    jobs: int, keep_photos: bool, files: list[Path], small_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: weakref.WeakSet[Photo] = weakref.WeakSet()
    most = 0
    lock = threading.Lock()
    really_open = pool.open_photo

    def counted(data: bytes, limits: Limits) -> Photo:
        nonlocal most
        photo = really_open(data, limits)
        with lock:
            alive.add(photo)
            most = max(most, len(alive))
        return photo

    monkeypatch.setattr(pool, "open_photo", counted)
    judged = 0
    for outcome in inspect_many(files * 2, small_model, jobs=jobs, keep_photos=keep_photos):
        assert (outcome.photo is not None) == keep_photos
        judged += 1
        if judged % 5 == 0:
            time.sleep(0.02)  # a slow reader: the pool must wait, not pile up
    assert judged == 2 * len(files)
    assert 1 <= most <= 2 * jobs + 1  # and the one that the reader holds
    del outcome
    gc.collect()
    assert not alive


@pytest.mark.parametrize("jobs", [1, 4])
def test_paths_are_asked_for_only_as_there_is_room(jobs: int, files: list[Path], small_model: Model) -> None:
    asked = 0

    def endless() -> Iterator[Path]:
        nonlocal asked
        while True:
            asked += 1
            yield files[asked % len(files)]

    outcomes = inspect_many(endless(), small_model, jobs=jobs)
    for number in range(1, 6):
        next(outcomes)
        assert asked <= number + 2 * jobs
    outcomes.close()


def test_who_stops_early_leaves_no_work_behind(
    files: list[Path], small_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = 0
    really_open = pool.open_photo

    def counted(data: bytes, limits: Limits) -> Photo:
        nonlocal opened
        opened += 1
        time.sleep(0.05)
        return really_open(data, limits)

    monkeypatch.setattr(pool, "open_photo", counted)
    outcomes = inspect_many(files * 5, small_model, jobs=2)
    next(outcomes)
    outcomes.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and _workers():
        time.sleep(0.02)
    assert not _workers()
    assert opened <= 5


def _workers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith("engine")]


def test_nothing_to_judge_gives_nothing(small_model: Model) -> None:
    assert list(inspect_many([], small_model, jobs=4)) == []


def test_a_policy_that_is_given_judges_every_photograph(files: list[Path], small_model: Model) -> None:
    poor = replace(ALL_UNFIT, min_sharpness=1e9)
    for outcome in inspect_many(files[:4], small_model, policy=poor):
        assert outcome.verdict is not None
        assert "poor_photo" in outcome.verdict.reasons


def test_photographs_are_decoded_as_large_as_the_model_needs_and_no_larger(small_model: Model) -> None:
    assert limits_for(small_model) == Limits(cover=128)


def test_a_fault_of_the_program_is_not_taken_for_a_bad_photograph(
    files: list[Path], small_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(pool, "inspect", broken)
    with pytest.raises(ZeroDivisionError):
        list(inspect_many(files[:3], small_model, jobs=2))


def test_the_refusal_of_an_unreadable_file_gives_the_reason_in_both_languages(
    small_model: Model, tmp_path: Path
) -> None:
    (outcome,) = inspect_many([tmp_path / "missing.jpg"], small_model)
    assert isinstance(outcome.error, PhotoRefused)
    assert "Compruebe" in outcome.error.es
    assert "Check" in outcome.error.en
