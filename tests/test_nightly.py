from pathlib import Path

import pytest
from obstore.store import S3Store

from vistobueno.cli.nightly import BackupNotKept, run_nightly
from vistobueno.cli.upkeep import run_restore
from vistobueno.settings import SettingRefused, Settings
from vistobueno.store.database import migrate, open_database


@pytest.fixture
def station(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path / "data", backup_url=str(tmp_path / "backups"))
    settings.data_dir.mkdir()
    return settings


def with_backups(settings: Settings, **changed: object) -> Settings:
    import dataclasses

    return dataclasses.replace(settings, **changed)


def test_each_night_leaves_a_backup_that_can_be_restored(station: Settings, tmp_path: Path) -> None:
    run_nightly(station, "es")
    (backup,) = Path(station.backup_url).iterdir()
    engine = open_database(f"sqlite:///{tmp_path / 'other.sqlite'}")
    migrate(engine)
    engine.dispose()
    elsewhere = with_backups(station, data_dir=tmp_path / "other")
    elsewhere.data_dir.mkdir()
    run_restore(elsewhere, backup, False, "es")


def test_the_oldest_go_and_nothing_else_of_the_folder(station: Settings) -> None:
    folder = Path(station.backup_url)
    folder.mkdir()
    for day in range(1, 6):
        (folder / f"vistobueno-202601{day:02d}T060000Z.zip").write_bytes(b"old")
    (folder / "holidays.jpg").write_bytes(b"not ours")
    run_nightly(with_backups(station, backups_kept=3), "es")
    left = sorted(file.name for file in folder.iterdir())
    assert left[:3] == ["holidays.jpg", "vistobueno-20260104T060000Z.zip", "vistobueno-20260105T060000Z.zip"]
    assert len(left) == 4


def test_the_newest_backup_stays_even_where_none_should_be_kept(station: Settings) -> None:
    run_nightly(with_backups(station, backups_kept=0), "es")
    assert len(list(Path(station.backup_url).iterdir())) == 1


def test_a_backup_goes_to_storage_that_speaks_s3(station: Settings, s3: str) -> None:
    import requests

    assert requests.put(f"{s3}/nightly", timeout=10).ok
    keys = {"s3_endpoint": s3, "s3_access_key_id": "key", "s3_secret_access_key": "secret"}
    run_nightly(with_backups(station, backup_url="s3://nightly/station", **keys), "es")
    store = S3Store(
        "nightly", prefix="station", endpoint=s3, region="us-east-1", access_key_id="key", secret_access_key="secret",  # noqa: S106
        client_options={"allow_http": True}, virtual_hosted_style_request=False,
    )  # fmt: skip
    names = [each["path"] for batch in store.list() for each in batch]
    assert [name.startswith("vistobueno-") for name in names] == [True]


def test_without_a_place_it_says_that_nothing_was_backed_up(
    station: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    run_nightly(with_backups(station, backup_url=""), "en")
    assert "No backup was made: BACKUP_URL is empty." in capsys.readouterr().out


def test_a_place_that_cannot_be_written_is_an_error_in_words_before_any_photograph_is_removed(
    station: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr("vistobueno.cli.nightly.run_retention", lambda *_: pytest.fail("a photograph is gone"))
    with pytest.raises(BackupNotKept, match="backup_not_kept"):
        run_nightly(with_backups(station, backup_url=str(tmp_path / "file" / "below")), "es")
    assert list(station.data_dir.glob("vistobueno-backup-*")) == []


def test_a_folder_may_be_named_by_its_address(station: Settings, tmp_path: Path) -> None:
    run_nightly(with_backups(station, backup_url=(tmp_path / "elsewhere").as_uri()), "es")
    assert len(list((tmp_path / "elsewhere").iterdir())) == 1


@pytest.mark.parametrize("url", ["gs://bucket/prefix", "https://example.org/backups", "s3://", "s3:bucket"])
def test_a_place_of_a_kind_that_is_not_known_is_refused_and_no_folder_is_made_of_it(
    station: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vistobueno.cli.nightly.run_retention", lambda *_: pytest.fail("a photograph is gone"))
    with pytest.raises(SettingRefused, match="BACKUP_URL"):
        run_nightly(with_backups(station, backup_url=url), "es")
    assert [each.name for each in tmp_path.iterdir()] == ["data"]
