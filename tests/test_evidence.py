import errno
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store
from sqlalchemy import Engine, text

from servers import free_port
from vistobueno.settings import SettingRefused, Settings
from vistobueno.store.database import Unavailable, migrate, open_database, writing
from vistobueno.store.photos.blobs import BlobEvidence
from vistobueno.store.photos.evidence import KEY, Evidence, EvidenceMissing, Taken, new_key, open_evidence
from vistobueno.store.photos.folder import FolderEvidence
from vistobueno.store.photos.objects import ObjectEvidence

PHOTO = b"\xff\xd8 a photograph \x00\xff" * 100
S3_SETTINGS = {"s3_access_key_id": "test", "s3_secret_access_key": "test"}


@pytest.fixture
def bucket(s3: str) -> str:
    """A new bucket; moto makes one for who asks in S3's own way."""
    import requests

    name = f"bucket-{os.urandom(4).hex()}"
    assert requests.put(f"{s3}/{name}", timeout=10).ok
    return name


@pytest.fixture(params=["folder", "s3", "database-sqlite", "database-postgresql"])
def evidence(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Evidence]:
    """Every store in turn; opened as EVIDENCE_URL names it."""
    engine = open_database(
        request.getfixturevalue("postgresql").new_database()
        if request.param == "database-postgresql"
        else f"sqlite:///{tmp_path / 'station.sqlite'}"
    )
    migrate(engine)
    if request.param == "s3":
        settings = Settings(
            evidence_url=f"s3://{request.getfixturevalue('bucket')}/photos/here",
            s3_endpoint=request.getfixturevalue("s3"),
            **S3_SETTINGS,
        )
    elif request.param == "folder":
        settings = Settings(evidence_url=str(tmp_path / "photographs"))
    else:
        settings = Settings(evidence_url="database:")
    yield open_evidence(settings, engine)
    engine.dispose()


def test_what_was_put_is_there(evidence: Evidence) -> None:
    key, other = new_key(), new_key()
    evidence.put(key, PHOTO)
    evidence.put(other, b"another")
    assert evidence.get(key) == PHOTO
    assert evidence.get(other) == b"another"
    evidence.check()
    assert {key, other} <= {each for each, _ in evidence.each_key()} <= {key, other, "check"}


def test_a_store_tells_how_much_it_holds_and_where_it_is(evidence: Evidence) -> None:
    assert evidence.taken() == Taken(0, 0)
    for data in (PHOTO, b"another"):
        evidence.put(new_key(), data)
    evidence.check()
    assert evidence.taken() == Taken(2, len(PHOTO) + len(b"another"))
    assert ("photo" in evidence.place) != isinstance(evidence, BlobEvidence)


def test_what_was_removed_is_gone_and_removing_it_again_is_no_error(evidence: Evidence) -> None:
    key = new_key()
    evidence.put(key, PHOTO)
    evidence.delete(key)
    evidence.delete(key)
    with pytest.raises(EvidenceMissing):
        evidence.get(key)
    assert list(evidence.each_key()) == []


def test_keys_of_one_day_are_found_with_when_they_were_put(evidence: Evidence) -> None:
    today, older = new_key(), new_key(datetime(2025, 2, 3, tzinfo=UTC))
    for key in (today, older):
        evidence.put(key, PHOTO)
    ((found, put),) = evidence.each_key("2025/02/03")
    assert found == older
    assert abs(datetime.now(UTC) - put) < timedelta(minutes=5)
    assert list(evidence.each_key("2024/01/01")) == []


def test_keys_are_never_the_same_and_lie_in_the_folder_of_their_day() -> None:
    keys = {new_key(datetime(2026, 11, 25, tzinfo=UTC)) for _ in range(100)}
    assert len(keys) == 100
    assert all(KEY.fullmatch(key) and key.startswith("2026/11/25/") for key in keys)


@pytest.mark.parametrize("key", ["../secret.jpg", "/etc/passwd", "2026/11/25/../../../../x.jpg", ""])
def test_a_folder_gives_nothing_that_is_not_a_photograph(key: str, tmp_path: Path) -> None:
    evidence = FolderEvidence(tmp_path / "photographs")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    with pytest.raises(EvidenceMissing):
        evidence.get(key)


def test_a_folder_holds_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = FolderEvidence(tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="disk_full"):
        evidence.put(new_key(), PHOTO)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_photograph_that_goes_while_a_folder_is_read_is_passed_over(tmp_path: Path) -> None:
    evidence = FolderEvidence(tmp_path)
    day = datetime(2026, 11, 25, tzinfo=UTC)
    first, second, third = sorted(new_key(day) for _ in range(3))
    for key in (first, second, third):
        evidence.put(key, PHOTO)
    keys = evidence.each_key()
    assert next(keys)[0] == first
    evidence.delete(second)
    assert [key for key, _ in keys] == [third]


def test_every_file_and_every_new_folder_is_made_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    evidence = FolderEvidence(tmp_path / "photographs")
    monkeypatch.setattr(os, "fsync", noted)
    key = new_key(datetime(2026, 11, 25, tzinfo=UTC))
    evidence.put(key, PHOTO)
    path = tmp_path / "photographs" / key
    assert [each.name for each in synced] == ["photographs", "2026", "11", f"{path.stem}.part", "25"]


def test_a_disk_that_is_not_mounted_any_more_is_missed(tmp_path: Path) -> None:
    folder, away = tmp_path / "photographs", tmp_path / "away"
    evidence = FolderEvidence(folder)
    folder.rename(away)
    with pytest.raises(Unavailable, match="evidence_away"):
        evidence.put(new_key(), PHOTO)
    with pytest.raises(Unavailable, match="evidence_away"):
        evidence.check()
    assert not folder.exists()
    away.rename(folder)
    evidence.put(new_key(), PHOTO)


def test_a_storage_that_does_not_answer_is_said(tmp_path: Path) -> None:
    settings = Settings(s3_endpoint=f"http://127.0.0.1:{free_port()}", **S3_SETTINGS)
    evidence = ObjectEvidence("bucket", "", settings)
    for act in (lambda: evidence.put(new_key(), PHOTO), lambda: evidence.get(new_key()), evidence.check):
        with pytest.raises(Unavailable, match="evidence_away"):
            act()


def test_a_bucket_that_does_not_exist_is_said(s3: str) -> None:
    evidence = ObjectEvidence("no-such-bucket", "", Settings(s3_endpoint=s3, **S3_SETTINGS))
    with pytest.raises(Unavailable, match="evidence_away"):
        evidence.put(new_key(), PHOTO)


def test_objects_lie_under_their_prefix_as_jpeg(s3: str, bucket: str, tmp_path: Path) -> None:
    settings = Settings(evidence_url=f"s3://{bucket}/photos", s3_endpoint=s3, **S3_SETTINGS)
    key = new_key()
    open_evidence(settings, open_database(f"sqlite:///{tmp_path / 'x.sqlite'}")).put(key, PHOTO)
    plain = S3Store(
        bucket, endpoint=s3, region="us-east-1", access_key_id="test", secret_access_key="test",  # noqa: S106
        client_options={"allow_http": True},
    )  # fmt: skip
    found = obstore.get(plain, f"photos/{key}")
    assert bytes(found.bytes()) == PHOTO
    assert found.attributes["Content-Type"] == "image/jpeg"


def test_a_database_that_is_gone_is_said(engine: Engine) -> None:
    evidence = BlobEvidence(engine)
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM blobs"))
    with pytest.raises(EvidenceMissing):
        evidence.get(new_key())


def test_many_keys_in_the_database_are_all_listed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vistobueno.store.photos.blobs._AT_ONCE", 3)
    evidence = BlobEvidence(engine)
    keys = sorted(new_key() for _ in range(7))
    for key in keys:
        evidence.put(key, PHOTO)
    assert [key for key, _ in evidence.each_key()] == keys


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("", FolderEvidence),
        ("photographs", FolderEvidence),
        ("database:", BlobEvidence),
        ("s3://bucket", ObjectEvidence),
    ],
)
def test_the_address_chooses_the_store(url: str, kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    opened: Callable[[str], Evidence] = lambda url: open_evidence(  # noqa: E731
        Settings(evidence_url=url, data_dir=tmp_path / "data"), open_database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    )
    assert isinstance(opened(url), kind)
    assert isinstance(opened((tmp_path / "elsewhere").as_uri()), FolderEvidence)


@pytest.mark.parametrize("url", ["gs://bucket", "s3://", "https://example.com/photos"])
def test_an_address_of_no_store_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="EVIDENCE_URL"):
        open_evidence(Settings(evidence_url=url), open_database(f"sqlite:///{tmp_path / 'x.sqlite'}"))
