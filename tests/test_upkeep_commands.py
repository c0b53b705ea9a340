import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drawn_photos import PHOTO
from kept import ANA
from vistobueno.cli.main import app
from vistobueno.core.errors import BundleRefused
from vistobueno.model.bundle import Bundle
from vistobueno.services import Station
from vistobueno.settings import Settings
from vistobueno.store.backup.restore import BackupRefused


def vistobueno(*words: str | Path, data: Path) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words], env={"DATA_DIR": str(data), "DATABASE_URL": ""})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


@pytest.fixture
def data(small_bundle: Bundle, tmp_path: Path) -> Path:
    """The folder of a station that runs while the commands do."""
    station = Station.open(Settings(data_dir=tmp_path / "data", model_path=str(small_bundle.path)))
    station.inspections.inspect(PHOTO, ANA, source="page")
    yield tmp_path / "data"  # type: ignore[misc]
    station.close()


def test_a_running_station_is_backed_up_and_restored_elsewhere(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.zip"
    said = vistobueno("backup", file, "--language", "es", data=data)
    assert "1 inspección y 1 fotografía" in said
    restored = vistobueno("restore", file, "--language", "en", data=tmp_path / "other")
    assert "1 inspection and 1 photograph, identical to the backup" in restored
    assert said.split()[-1] == restored.split()[-1]
    assert len(list((tmp_path / "other" / "models").glob("*/bundle.json"))) == 1


def test_a_station_with_data_is_not_replaced_unless_told(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.zip"
    vistobueno("backup", file, data=data)
    other = tmp_path / "other"
    vistobueno("restore", file, data=other)
    with pytest.raises(BackupRefused, match="not_empty"):
        vistobueno("restore", file, data=other)
    assert "identical to the backup" in vistobueno("restore", file, "--replace", "-l", "en", data=other)


def test_a_second_model_is_given_to_a_running_station_and_activated_there(small_bundle: Bundle, tmp_path: Path) -> None:
    second = shutil.copytree(small_bundle.path, tmp_path / "second")
    facts = json.loads((second / "bundle.json").read_text(encoding="utf-8"))
    (second / "bundle.json").write_text(json.dumps({**facts, "version": "2.0"}), encoding="utf-8")
    running = Station.open(Settings(data_dir=tmp_path / "data", model_path=str(small_bundle.path)))
    said = vistobueno("model", "add", second, "-l", "en", data=tmp_path / "data")
    assert "small 2.0" in said
    added = next(each for each in running.models.all() if each.version == "2.0")
    assert not added.active and added.digest in said
    assert running.models.activate(added.digest, ANA).active
    assert running.inspections.inspect(PHOTO, ANA, source="page").inspection.model.digest == added.digest
    running.close()


def test_what_is_no_bundle_is_not_given_to_the_station(data: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match="bundle_missing"):
        vistobueno("model", "add", tmp_path / "nothing", data=data)


def test_retention_says_what_it_removed(data: Path) -> None:
    assert "RETENTION_DAYS es 0" in vistobueno("retention", "-l", "es", data=data)
    assert "0 old photographs removed" in vistobueno("retention", "--days", "30", "-l", "en", data=data)
