"""What a station writes is its owner's alone, whatever the umask."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drawn_photos import PHOTO
from kept import ANA
from vistobueno.accounts import Accounts
from vistobueno.cli.main import app
from vistobueno.model.bundle import Bundle
from vistobueno.services import Station
from vistobueno.settings import Settings
from vistobueno.store.private import mend


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    """A process that would let everybody read."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    return [str(each) for each in (folder, *folder.rglob("*")) if each.stat().st_mode & 0o077]


def used(settings: Settings) -> None:
    station = Station.open(settings)
    station.inspections.inspect(PHOTO, ANA, source="page")
    assert station.ready().ok
    Accounts(station.engine, settings)
    assert open_to_others(settings.data_dir) == []  # with SQLite's -wal and -shm
    station.close()


def test_all_that_a_station_and_its_commands_write_is_their_owner_s_alone(small_bundle: Bundle, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new" / "data", model_path=str(small_bundle.path))
    used(settings)
    backups, other = tmp_path / "backups", tmp_path / "other"
    environment = {"DATA_DIR": str(settings.data_dir), "DATABASE_URL": "", "BACKUP_URL": str(backups)}
    for words in (["nightly"], ["backup", str(tmp_path / "backup.zip")]):
        assert CliRunner().invoke(app, words, env=environment).exit_code == 0
    restored = CliRunner().invoke(
        app, ["restore", str(tmp_path / "backup.zip")], env={**environment, "DATA_DIR": str(other)}
    )
    assert restored.exit_code == 0
    for place in (tmp_path / "new", backups, other):
        assert open_to_others(place) == []
    assert (tmp_path / "backup.zip").stat().st_mode & 0o777 == 0o600


def test_what_an_earlier_version_left_open_is_shut_at_the_next_start(small_bundle: Bundle, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", model_path=str(small_bundle.path))
    used(settings)
    for each in (settings.data_dir, *settings.data_dir.rglob("*")):
        each.chmod(0o755 if each.is_dir() else 0o644)
    used(settings)


def test_a_folder_of_the_user_s_own_stays_as_it_is(small_bundle: Bundle, tmp_path: Path) -> None:
    data, photographs = tmp_path / "data", tmp_path / "photographs"
    for each in (data, photographs, photographs / "2025"):
        each.mkdir(0o755)
    (data / "notes.txt").touch(0o644)
    (photographs / "2025" / "old.jpg").touch(0o644)
    linked = tmp_path / "linked"
    linked.mkdir(0o755)
    (data / "models").symlink_to(linked)
    Station.open(Settings(data_dir=data, evidence_url=str(photographs), model_path=str(small_bundle.path))).close()
    modes = {each.name: each.stat().st_mode & 0o777 for each in (data, data / "notes.txt", photographs, linked)}
    assert modes == {"data": 0o755, "notes.txt": 0o644, "photographs": 0o755, "linked": 0o755}
    assert open_to_others(photographs / "2025") == []


def test_what_is_another_s_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch(0o644)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refuse)
    mend(tmp_path)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644
