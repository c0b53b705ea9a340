import logging
from pathlib import Path

import pytest

from cases import for_each
from vistobueno.cli.serve import address_of
from vistobueno.settings import Settings
from vistobueno.web import start_checks
from vistobueno.web.start_checks import vanishing

CONTAINER = "overlay / overlay rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n"
WITH_VOLUME = CONTAINER + "/dev/vda1 /data ext4 rw 0 0\n"
SERVER = "/dev/vda1 / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n"
POSTGRESQL = "postgresql://u:p@h/d"
ON_DATA = Settings(data_dir=Path("/data"))


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    return tmp_path / "mounts"


def lost(settings: Settings, mounts: Path, text: str) -> tuple[str, ...]:
    mounts.write_text(text, encoding="utf-8")
    return vanishing(settings, mounts)


def test_in_a_container_without_a_volume_everything_vanishes(mounts: Path) -> None:
    assert lost(ON_DATA, mounts, CONTAINER) == ("database", "photographs")


def test_a_volume_at_the_data_keeps_it(mounts: Path) -> None:
    assert lost(ON_DATA, mounts, WITH_VOLUME) == ()


def test_a_server_of_one_s_own_keeps_what_is_on_its_disk(mounts: Path) -> None:
    assert lost(ON_DATA, mounts, SERVER) == ()


def test_render_s_disk_vanishes_whatever_its_kind(mounts: Path) -> None:
    assert lost(Settings(data_dir=Path("/data"), render=True), mounts, SERVER) == ("database", "photographs")
    assert lost(Settings(data_dir=Path("/data"), render=True), mounts, WITH_VOLUME) == ()


def test_a_folder_in_memory_vanishes_anywhere(mounts: Path) -> None:
    assert lost(Settings(data_dir=Path("/tmp/station")), mounts, SERVER) == ("database", "photographs")  # noqa: S108


@pytest.mark.parametrize("evidence", ["database:", "s3://bucket/prefix"])
def test_a_database_elsewhere_and_photographs_elsewhere_are_safe(evidence: str, mounts: Path) -> None:
    settings = Settings(data_dir=Path("/data"), database_url=POSTGRESQL, evidence_url=evidence)
    assert lost(settings, mounts, CONTAINER) == ()


def test_photographs_are_looked_at_apart_from_the_database(mounts: Path) -> None:
    assert lost(Settings(data_dir=Path("/data"), database_url=POSTGRESQL), mounts, CONTAINER) == ("photographs",)
    assert lost(Settings(data_dir=Path("/data"), evidence_url="s3://b"), mounts, CONTAINER) == ("database",)
    in_folder = Settings(data_dir=Path("/data"), evidence_url="file:///photographs")
    assert lost(in_folder, mounts, WITH_VOLUME) == ("photographs",)


def test_a_database_file_is_looked_for_where_its_address_says(mounts: Path) -> None:
    elsewhere = Settings(
        data_dir=Path("/data"), database_url="sqlite:////records/station.sqlite", evidence_url="s3://b"
    )
    assert lost(elsewhere, mounts, WITH_VOLUME) == ("database",)


def test_where_mounts_cannot_be_read_nothing_is_claimed(tmp_path: Path) -> None:
    assert vanishing(ON_DATA, tmp_path / "nowhere") == ()


@pytest.mark.parametrize(("language", "said"), [("es", "la base de datos"), ("en", "everything")])
def test_the_warning_says_what_and_what_to_do(
    language: str, said: str, mounts: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mounts.write_text(CONTAINER, encoding="utf-8")
    monkeypatch.setattr(start_checks, "vanishing", lambda settings: vanishing(settings, mounts))
    with caplog.at_level(logging.WARNING):
        start_checks.warn(Settings(data_dir=Path("/data"), default_language=language))
    assert said in caplog.text and "EVIDENCE_URL=database:" in caplog.text


def test_nothing_is_said_where_nothing_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    start_checks.warn(Settings(database_url=POSTGRESQL, evidence_url="database:"))
    assert caplog.text == ""


@for_each(
    ("listens", "public", "told"),
    [
        ("127.0.0.1", "", "http://localhost:8000"),
        ("::", "", "http://localhost:8000"),
        ("192.168.1.7", "", "http://192.168.1.7:8000"),
        ("::1", "", "http://[::1]:8000"),
        ("fd00::7", "", "http://[fd00::7]:8000"),
        ("::1", "https://qc.example", "https://qc.example"),
    ],
)
def test_the_address_that_is_told_is_one_that_a_browser_opens(listens: str, public: str, told: str) -> None:
    assert address_of(Settings(bind_address=listens, public_url=public)) == told
