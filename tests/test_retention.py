import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from kept import draft
from vistobueno.core.inspection import Actor, Inspection
from vistobueno.desk.pieces import thumbnail
from vistobueno.i18n import say
from vistobueno.store.database import Unavailable, reading
from vistobueno.store.ledger import Ledger
from vistobueno.store.photos.evidence import EvidenceMissing, new_key
from vistobueno.store.photos.folder import FolderEvidence
from vistobueno.store.retention import apply_retention, recent_folders, station_id, sweep
from vistobueno.store.schema import evidence_removals

ADMIN = Actor("person", 9, "Eva")


class Yesterday(datetime):
    """A clock that is forty days late."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return datetime.now(UTC) - timedelta(days=40)


@pytest.fixture
def evidence(tmp_path: Path) -> FolderEvidence:
    return FolderEvidence(tmp_path / "evidence")


def keep(engine: Engine, evidence: FolderEvidence, **changes: object) -> Inspection:
    wanted = draft(evidence=new_key(station=station_id(engine)), **changes)
    evidence.put(wanted.evidence, b"photograph")
    return Ledger(engine).add(wanted, None, None)


@pytest.fixture
def old(engine: Engine, evidence: FolderEvidence, monkeypatch: pytest.MonkeyPatch) -> list[Inspection]:
    """Three inspections of forty days ago, the second of which awaits review."""
    with monkeypatch.context() as late:
        late.setattr("vistobueno.core.clock.datetime", Yesterday)
        return [keep(engine, evidence, answer=answer) for answer in ("fit", "review", "unfit")]


def test_old_photographs_go_verdicts_stay_and_each_removal_is_recorded(
    engine: Engine, evidence: FolderEvidence, old: list[Inspection]
) -> None:
    new = keep(engine, evidence)
    assert apply_retention(engine, evidence, 30, ADMIN) == 2
    for each in (old[0], old[2]):
        with pytest.raises(EvidenceMissing):
            evidence.get(each.evidence)
        found = Ledger(engine).inspection(each.number)
        assert (found.verdict.answer, found.has_photograph) == (each.verdict.answer, False)
        for language in ("es", "en"):
            assert say(language, "ui_no_thumbnail") in thumbnail(found, language), "nobody waits for a picture"
    assert evidence.get(new.evidence) == evidence.get(old[1].evidence) == b"photograph"
    with reading(engine) as connection:
        recorded = connection.execute(select(evidence_removals).order_by("inspection_number")).all()
    assert [(each.inspection_number, each.actor_name, each.cause) for each in recorded] == [
        (old[0].number, "Eva", "retention"),
        (old[2].number, "Eva", "retention"),
    ]
    assert apply_retention(engine, evidence, 30) == 0


def test_a_photograph_that_awaits_review_goes_once_it_was_reviewed(
    engine: Engine, evidence: FolderEvidence, old: list[Inspection]
) -> None:
    apply_retention(engine, evidence, 30)
    Ledger(engine).review(old[1].number, ADMIN, "fit", "")
    assert apply_retention(engine, evidence, 30) == 1


def test_photographs_younger_than_that_stay(engine: Engine, evidence: FolderEvidence, old: list[Inspection]) -> None:
    assert apply_retention(engine, evidence, 41) == 0


def test_what_a_crash_came_between_is_done_again(
    engine: Engine, evidence: FolderEvidence, old: list[Inspection]
) -> None:
    evidence.delete(old[0].evidence)  # removed, and not recorded any more
    assert apply_retention(engine, evidence, 30) == 2


def test_a_store_that_is_away_loses_no_record(
    engine: Engine, evidence: FolderEvidence, old: list[Inspection], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(key: str) -> None:
        raise Unavailable("evidence_away", es="no", en="no")

    with monkeypatch.context() as patch:
        patch.setattr(evidence, "delete", away)
        with pytest.raises(Unavailable):
            apply_retention(engine, evidence, 30)
    with reading(engine) as connection:
        assert connection.execute(select(evidence_removals)).all() == []
    assert apply_retention(engine, evidence, 30) == 2


def test_many_are_removed_a_part_at_a_time(
    engine: Engine, evidence: FolderEvidence, old: list[Inspection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vistobueno.store.retention._AT_ONCE", 1)
    assert apply_retention(engine, evidence, 30) == 2


def aged(evidence: FolderEvidence, key: str) -> str:
    """A photograph that was put two hours ago."""
    evidence.put(key, b"left behind")
    before = datetime.now().timestamp() - 7200
    os.utime(evidence.folder / key, (before, before))
    return key


def test_what_a_crash_left_is_swept_and_nothing_else(engine: Engine, evidence: FolderEvidence) -> None:
    ours = station_id(engine)
    named = keep(engine, evidence).evidence
    before = datetime.now().timestamp() - 7200
    os.utime(evidence.folder / named, (before, before))
    left = aged(evidence, new_key(station=ours))
    half = evidence.folder / new_key(station=ours).replace(".jpg", ".part")
    half.write_bytes(b"half")
    os.utime(half, (before, before))
    strangers, just_now = aged(evidence, new_key(station="ffffffff")), new_key(station=ours)
    evidence.put(just_now, b"its row is on its way")
    assert sweep(engine, evidence, recent_folders(engine)) == 2
    assert {key for key, _ in evidence.each_key()} == {named, strangers, just_now}
    assert left not in {named, strangers, just_now}
    assert not half.exists()


def test_a_start_looks_through_the_days_since_the_last_inspection(
    engine: Engine, evidence: FolderEvidence, old: list[Inspection]
) -> None:
    folders = list(recent_folders(engine))
    today = datetime.now(UTC)
    assert folders[-1] == f"{today:%Y/%m/%d}"
    assert folders[0] == f"{today - timedelta(days=31):%Y/%m/%d}"  # not the forty days
    keep(engine, evidence)
    assert len(list(recent_folders(engine))) == 2


def test_a_station_has_one_name_for_ever(engine: Engine) -> None:
    assert station_id(engine) == station_id(engine)
    assert len(station_id(engine)) == 8
