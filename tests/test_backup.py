import json
import re
import shutil
import stat
import threading
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from kept import ANA, draft, fill_every_protected_table, keep
from test_database import at_revision, copy_to_an_older
from vistobueno.core.audit import Audit
from vistobueno.core.inspection import Filter
from vistobueno.store.backup.restore import BackupRefused, hashes_of, read_manifest, restore
from vistobueno.store.backup.write import MANIFEST, Manifest, write_backup
from vistobueno.store.database import Unavailable, migrate, open_database, reading, writing
from vistobueno.store.days import day_counts
from vistobueno.store.ledger import Ledger
from vistobueno.store.lines import add, every, retire
from vistobueno.store.lists import inspections_page
from vistobueno.store.photos.blobs import BlobEvidence
from vistobueno.store.photos.evidence import Evidence, EvidenceMissing
from vistobueno.store.photos.folder import FolderEvidence
from vistobueno.store.retention import station_id
from vistobueno.store.schema import people


def keep_with_photograph(engine: Engine, evidence: Evidence, **changes: object) -> str:
    wanted = draft(**changes)
    evidence.put(wanted.evidence, f"photograph of {wanted.evidence}".encode())
    Ledger(engine).add(wanted, None, None)
    return wanted.evidence


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with one model; its files need not be one for a backup."""
    folder = tmp_path / "models" / ("a" * 64)
    folder.mkdir(parents=True)
    (folder / "bundle.json").write_text("{}")
    (folder / "model.tflite").write_bytes(bytes(1000))
    return folder.parent


@pytest.fixture
def station(engine: Engine, tmp_path: Path) -> tuple[Engine, FolderEvidence]:
    """A database with a row in every table that matters, and its photographs."""
    evidence = FolderEvidence(tmp_path / "evidence")
    fill_every_protected_table(engine)  # the photograph of its inspection was removed
    station_id(engine)
    for number in range(5):
        keep_with_photograph(engine, evidence, filename=f"ñ {number}.jpg", answer=("fit", "review")[number % 2])
    with writing(engine) as connection:
        now = datetime.now(UTC)
        person = {"email": "ana@example.com", "name": "Ana", "role": "admin", "language": "es", "created_at": now}
        connection.execute(insert(people).values(id=1, **person))
        add(connection, "Mesa 2", ["apple"], now, ANA)
        retire(connection, "principal", now)
    return engine, evidence


@pytest.fixture
def other(new_database: Callable[[], str], tmp_path: Path) -> Iterator[tuple[Engine, FolderEvidence, Path]]:
    """An empty station elsewhere."""
    engine = open_database(new_database())
    migrate(engine)
    yield engine, FolderEvidence(tmp_path / "other" / "evidence"), tmp_path / "other" / "models"
    engine.dispose()


def test_what_is_restored_equals_what_was_backed_up(
    station: tuple[Engine, FolderEvidence], models: Path, other: tuple[Engine, FolderEvidence, Path], tmp_path: Path
) -> None:
    engine, evidence = station
    file = tmp_path / "backup.zip"
    made = write_backup(engine, evidence, models, file)
    assert read_manifest(file) == made
    assert (made.rows["inspections"], made.photographs, made.missing) == (6, 5, ())
    assert restore(file, *other).digest == made.digest
    assert hashes_of(*other, made) == made.hashes == hashes_of(engine, evidence, models, made)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept, there = (inspections_page(each, Filter(), None, 50).items for each in (engine, other[0]))
    assert kept == there
    with reading(engine) as ours, reading(other[0]) as theirs:
        assert every(ours) == every(theirs)
    assert other[1].get(there[0].evidence) == evidence.get(kept[0].evidence)
    assert write_backup(*other, tmp_path / "again.zip").hashes == made.hashes


def test_a_restored_station_goes_on(
    station: tuple[Engine, FolderEvidence], models: Path, other: tuple[Engine, FolderEvidence, Path], tmp_path: Path
) -> None:
    file = tmp_path / "backup.zip"
    write_backup(*station, models, file)
    restore(file, *other)
    assert keep(other[0], filename="mango.jpg").number == 7
    assert [each.number for each in inspections_page(other[0], Filter(text="ñ 4"), None, 9).items] == [6]
    assert Ledger(other[0]).review(7, ANA, "fit", "")[0].id == 2
    with writing(other[0]) as connection:  # the database's own counting goes on, too
        person = {"email": "eva@example.com", "name": "Eva", "role": "admin", "language": "es"}
        made = connection.execute(insert(people).values(**person, created_at=datetime.now(UTC)))
        assert made.inserted_primary_key == (2,)


@pytest.mark.parametrize("way", [("sqlite", "postgresql"), ("postgresql", "sqlite")], ids="→".join)
def test_a_station_moves_to_another_database_and_store(
    way: tuple[str, str], request: pytest.FixtureRequest, models: Path, tmp_path: Path
) -> None:
    def opened(kind: str) -> Engine:
        server = request.getfixturevalue("postgresql")
        engine = open_database(server.new_database() if kind == "postgresql" else f"sqlite:///{tmp_path / 'a.sqlite'}")
        migrate(engine)
        return engine

    here, there = map(opened, way)
    evidence, database = FolderEvidence(tmp_path / "evidence"), BlobEvidence(there)
    key = keep_with_photograph(here, evidence, answer="review", reasons=("poor_photo", "uncertain"), ood_score=1 / 3)
    made = write_backup(here, evidence, models, tmp_path / "backup.zip")
    restore(tmp_path / "backup.zip", there, database, tmp_path / "there")
    assert inspections_page(there, Filter(), None, 9) == inspections_page(here, Filter(), None, 9)
    assert database.get(key) == evidence.get(key)
    back = write_backup(there, database, tmp_path / "there", tmp_path / "back.zip")
    assert back.digest == made.digest
    for engine in (here, there):
        engine.dispose()


def test_where_there_is_something_nothing_is_replaced_unless_told(
    station: tuple[Engine, FolderEvidence], models: Path, other: tuple[Engine, FolderEvidence, Path], tmp_path: Path
) -> None:
    file = tmp_path / "backup.zip"
    made = write_backup(*station, models, file)
    theirs = keep_with_photograph(other[0], other[1])
    with pytest.raises(BackupRefused, match="not_empty"):
        restore(file, *other)
    assert inspections_page(other[0], Filter(), None, 9).items[0].evidence == theirs
    restore(file, *other, replace=True)
    assert hashes_of(*other, made) == made.hashes
    with pytest.raises(EvidenceMissing):
        other[1].get(theirs)
    restore(file, *station, models, replace=True)  # over itself
    assert hashes_of(*station, models, made) == made.hashes


def spoilt(file: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The backup with other entries."""
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    target = file.with_name("spoilt.zip")
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return target


def with_manifest(entries: dict[str, bytes], **changes: object) -> None:
    entries[MANIFEST] = json.dumps({**json.loads(entries[MANIFEST]), **changes}).encode()


SPOILT: dict[str, Callable[[dict[str, bytes]], None]] = {
    "a row was changed": lambda e: e.update(
        {"tables/inspections.jsonl": e["tables/inspections.jsonl"][:-9] + b"1" * 9}
    ),
    "a photograph is missing": lambda e: e.pop(next(name for name in e if name.startswith("evidence/"))) and None,
    "a photograph was changed": lambda e: e.update({next(n for n in e if n.startswith("evidence/")): b"x"}),
    "there is one more": lambda e: e.update({"evidence/2020/01/01/" + "0" * 32 + ".jpg": b"x"}),
    "there is no manifest": lambda e: e.pop(MANIFEST) and None,
    "the manifest is no JSON": lambda e: e.update({MANIFEST: b"{"}),
    "the manifest is a list": lambda e: e.update({MANIFEST: b"[]"}),
    "the manifest is a text": lambda e: e.update({MANIFEST: b'"x"'}),
    "its hashes are a list": lambda e: with_manifest(e, hashes=[]),
    "the manifest lacks something": lambda e: with_manifest(e, hashes={}),
    "the manifest has something else": lambda e: with_manifest(e, more=1),
    "the manifest was changed": lambda e: with_manifest(e, digest="0" * 64),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_backup_that_is_not_whole_changes_nothing(
    how: str,
    station: tuple[Engine, FolderEvidence],
    models: Path,
    other: tuple[Engine, FolderEvidence, Path],
    tmp_path: Path,
) -> None:
    write_backup(*station, models, tmp_path / "backup.zip")
    keep_with_photograph(other[0], other[1])
    before = inspections_page(other[0], Filter(), None, 9)
    with pytest.raises(BackupRefused, match="backup_damaged"):
        restore(spoilt(tmp_path / "backup.zip", SPOILT[how]), *other, replace=True)
    assert inspections_page(other[0], Filter(), None, 9) == before
    assert len(list(other[1].each_key())) == 1
    assert not other[2].exists()


def test_an_entry_that_leads_elsewhere_is_refused(
    station: tuple[Engine, FolderEvidence], models: Path, other: tuple[Engine, FolderEvidence, Path], tmp_path: Path
) -> None:
    from vistobueno.store.backup.write import digest_of

    write_backup(*station, models, tmp_path / "backup.zip")

    def lead_out(entries: dict[str, bytes]) -> None:
        import hashlib

        name = "models/../../../outside"
        entries[name] = b"x"
        hashes = {**json.loads(entries[MANIFEST])["hashes"], name: hashlib.sha256(b"x").hexdigest()}
        with_manifest(entries, hashes=hashes, digest=digest_of(hashes))

    with pytest.raises(BackupRefused, match="backup_damaged"):
        restore(spoilt(tmp_path / "backup.zip", lead_out), *other)


@pytest.mark.parametrize(("place", "value"), [(8, 1), (10, zipfile.ZIP_LZMA), (10, zipfile.ZIP_BZIP2), (10, 99)])
def test_a_backup_whose_list_is_damaged_is_refused(
    place: int, value: int, station: tuple[Engine, FolderEvidence], models: Path, tmp_path: Path
) -> None:
    file = tmp_path / "backup.zip"
    write_backup(*station, models, file)
    data = bytearray(file.read_bytes())
    for entry in re.finditer(rb"PK\x01\x02", bytes(data)):
        data[entry.start() + place] = value
    file.write_bytes(data)
    with pytest.raises(BackupRefused, match="backup_damaged"):
        read_manifest(file)


def test_a_backup_that_unpacks_without_measure_is_refused_and_takes_no_memory(
    station: tuple[Engine, FolderEvidence], models: Path, other: tuple[Engine, FolderEvidence, Path], tmp_path: Path
) -> None:
    file = tmp_path / "backup.zip"
    write_backup(*station, models, file)
    with zipfile.ZipFile(file) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    for name, method in ((MANIFEST, zipfile.ZIP_DEFLATED), (MANIFEST, zipfile.ZIP_BZIP2), ("x", zipfile.ZIP_LZMA)):
        with zipfile.ZipFile(file, "w") as archive:
            for each, data in kept.items():
                archive.writestr(each, bytes(100_000_000) if each == name else data, method if each == name else None)
            if name not in kept:
                archive.writestr(name, bytes(100_000_000), method)
        tracemalloc.start()
        with pytest.raises(BackupRefused, match="backup_damaged"):
            restore(file, *other)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
        tracemalloc.stop()


def test_a_backup_that_is_not_there_is_not_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_manifest(tmp_path / "none.zip")


def test_a_cut_file_and_one_of_another_version_are_refused(
    station: tuple[Engine, FolderEvidence], models: Path, tmp_path: Path
) -> None:
    file, cut = tmp_path / "backup.zip", tmp_path / "cut.zip"
    write_backup(*station, models, file)
    cut.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(BackupRefused, match="backup_damaged"):
        read_manifest(cut)
    for changes in ({"format": 2}, {"revision": "9999"}):
        with pytest.raises(BackupRefused, match="backup_other_version"):
            read_manifest(spoilt(file, lambda entries, changes=changes: with_manifest(entries, **changes)))


def test_a_backup_of_an_earlier_step_with_the_same_tables_is_taken(
    station: tuple[Engine, FolderEvidence], models: Path, tmp_path: Path
) -> None:
    write_backup(*station, models, tmp_path / "backup.zip")
    earlier = spoilt(tmp_path / "backup.zip", lambda entries: with_manifest(entries, revision="0001"))
    assert read_manifest(earlier).revision == "0001"


def test_a_backup_of_before_the_blind_audit_is_restored_and_its_lines_go_on(
    engine: Engine, new_database: Callable[[], str], other: tuple[Engine, FolderEvidence, Path], tmp_path: Path
) -> None:
    old, evidence = open_database(new_database()), FolderEvidence(tmp_path / "evidence")
    at_revision(old, "0007")
    for line in ("principal", "principal", "Mesa 2"):
        keep_with_photograph(engine, evidence, line=line, answer="review")
    Ledger(engine).review(1, ANA, "fit", "")
    copy_to_an_older(engine, old, "inspections", "reasons", "reviews", "waiting")
    write_backup(old, evidence, tmp_path / "models", tmp_path / "backup.zip")
    restore(spoilt(tmp_path / "backup.zip", lambda entries: with_manifest(entries, revision="0007")), *other)
    there = Ledger(other[0])
    assert there.inspection(1).reviews == Ledger(engine).inspection(1).reviews
    assert (there.waiting_count(), there.waiting_count(blind=True)) == (2, 0)
    draw = partial(Audit, share=0.0, first=3, second=0.0)
    later = [there.add(draft(line=line), None, None, draw) for line in ("principal", "principal", "Mesa 2")]
    assert [each.audit_chance for each in later] == [1.0, None, 1.0]
    again = write_backup(*other[:2], tmp_path / "models", tmp_path / "again.zip")
    restore(tmp_path / "again.zip", engine, evidence, tmp_path / "models", replace=True)
    assert [Ledger(engine).inspection(each.number) for each in later] == later
    assert hashes_of(engine, evidence, tmp_path / "models", again) == again.hashes
    old.dispose()


def test_a_backup_that_fails_leaves_the_one_before(
    station: tuple[Engine, FolderEvidence], models: Path, tmp_path: Path
) -> None:
    engine, evidence = station
    file = tmp_path / "backup.zip"
    write_backup(engine, evidence, models, file)
    before = file.read_bytes()
    shutil.move(evidence.folder, tmp_path / "away")
    with pytest.raises(Unavailable, match="evidence_away"):
        write_backup(engine, evidence, models, file)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


def test_two_backups_to_one_file_at_once_leave_a_whole_one(
    station: tuple[Engine, FolderEvidence], models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, evidence = station
    file, get, others = tmp_path / "backup.zip", FolderEvidence.get, [True]

    def slowly(self: FolderEvidence, key: str) -> bytes:
        if others:  # the night's, while a person makes one by hand
            others.clear()
            write_backup(engine, evidence, models, file)
        return get(self, key)

    monkeypatch.setattr(FolderEvidence, "get", slowly)
    manifest = write_backup(engine, evidence, models, file)
    assert read_manifest(file) == manifest
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


def test_a_photograph_that_is_missing_is_said_and_stops_nothing(
    station: tuple[Engine, FolderEvidence], models: Path, other: tuple[Engine, FolderEvidence, Path], tmp_path: Path
) -> None:
    engine, evidence = station
    lost = inspections_page(engine, Filter(), None, 1).items[0].evidence
    evidence.delete(lost)
    made = write_backup(engine, evidence, models, tmp_path / "backup.zip")
    assert made.missing == (lost,)
    assert restore(tmp_path / "backup.zip", *other) == made


def test_a_backup_is_of_one_moment_while_inspections_go_on(
    engine: Engine, models: Path, other: tuple[Engine, FolderEvidence, Path], tmp_path: Path
) -> None:
    evidence, stop, failures = FolderEvidence(tmp_path / "evidence"), threading.Event(), []

    def inspect_on() -> None:
        try:
            while not stop.is_set():
                number = Ledger(engine).inspection(1).number
                keep_with_photograph(engine, evidence, answer="review")
                Ledger(engine).review(number, ANA, "fit", "")
        except Exception as error:
            failures.append(error)

    keep_with_photograph(engine, evidence)
    threads = [threading.Thread(target=inspect_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    made: list[Manifest] = [write_backup(engine, evidence, models, tmp_path / f"{n}.zip") for n in range(3)]
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    for number, manifest in enumerate(made):
        assert restore(tmp_path / f"{number}.zip", *other, replace=True) == manifest
        every = inspections_page(other[0], Filter(), None, 500).items
        assert manifest.missing == ()
        assert len(every) == manifest.rows["inspections"] == manifest.photographs
        day = every[0].at.date()
        assert sum(each.count for each in day_counts(other[0], day, day)) == len(every)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "filename": st.none() | st.text(max_size=30),
            "answer": st.sampled_from(["fit", "unfit", "review"]),
            "probability_unfit": st.floats(0, 1),
            "ood_score": st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32),
            "probabilities": st.dictionaries(st.sampled_from(["apple_fit", "ñ"]), st.floats(0, 1)),
        }
    ),
    max_size=5,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_whatever_was_kept_restore_gives_back(
    rows: list[dict[str, object]], other: tuple[Engine, FolderEvidence, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("law")
    engine = open_database(f"sqlite:///{folder / 'a.sqlite'}")
    migrate(engine)
    evidence = FolderEvidence(folder / "evidence")
    for row in rows:
        keep_with_photograph(engine, evidence, **row)
    write_backup(engine, evidence, folder / "models", folder / "backup.zip")
    restore(folder / "backup.zip", *other, replace=True)
    assert inspections_page(other[0], Filter(), None, 9) == inspections_page(engine, Filter(), None, 9)
    engine.dispose()
