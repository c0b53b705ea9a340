from pathlib import Path

import pytest
import requests

from fetching import bundle, hasty, leftovers, refused, server, sha256, to, zipped
from misbehaving_server import INFECTED, MisbehavingServer, drive_id
from vistobueno.model import download, transfer
from vistobueno.model.download import download_model

__all__ = ["bundle", "hasty", "server", "to", "zipped"]


@pytest.fixture
def drive(server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch) -> MisbehavingServer:
    """Everything asked of a Google host goes to the server, as /host/path; the code that asks is untouched."""
    really_send = requests.adapters.HTTPAdapter.send

    def send(adapter: object, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        request.url = str(request.url).replace("https://", f"{server.base}/", 1)
        return really_send(adapter, request, *args, **kwargs)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    monkeypatch.setattr("random.uniform", lambda *_: 0.0)  # how long gdown waits before each new try
    return server


@pytest.mark.parametrize(
    "link",
    [
        "{id}",
        "https://drive.google.com/file/d/{id}/view?usp=sharing",
        "https://drive.google.com/open?id={id}",
        "https://drive.google.com/uc?export=download&id={id}",
    ],
)
def test_every_form_of_a_drive_link_brings_the_file(
    link: str, drive: MisbehavingServer, zipped: bytes, to: Path
) -> None:
    download_model(link.format(id=drive_id("good")), sha256(zipped), to)
    assert to.read_bytes() == zipped
    assert leftovers(to) == []


@pytest.mark.parametrize("kind", ["large", "cutonce"])
def test_drive_may_warn_of_a_large_file_or_cut_it(kind: str, drive: MisbehavingServer, zipped: bytes, to: Path) -> None:
    download_model(drive_id(kind), sha256(zipped), to)
    assert to.read_bytes() == zipped


def test_a_drive_download_goes_on_in_the_next_call(drive: MisbehavingServer, zipped: bytes, to: Path) -> None:
    refused("download_cut", drive_id("cut"), sha256(zipped), to)
    assert len(leftovers(to)) == 1
    assert download.Transfer("", to.with_name(".model.zip.part"), hashed=True, limit=1).drive_parts
    refused("download_cut", drive_id("cut"), sha256(zipped), to)
    assert int(str(drive.ranges()[-1])[6:-1]) > len(zipped) // 2


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("kind", ["good", "norange"])
def test_what_another_drive_file_left_is_not_trusted(
    kind: str, parts: int, drive: MisbehavingServer, zipped: bytes, to: Path
) -> None:
    to.parent.mkdir()
    for number in range(parts):
        to.with_name(f".model.zip.part{number:08}.part").write_bytes(b"of another file")
    download_model(drive_id(kind), sha256(zipped), to)
    assert to.read_bytes() == zipped
    assert leftovers(to) == []


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("quota", "drive_quota"),
        ("private", "drive_not_shared"),
        ("absent", "drive_not_shared"),
        ("infected", "drive_refused"),
    ],
)
def test_each_of_drives_pages_has_its_own_words(
    kind: str, code: str, drive: MisbehavingServer, zipped: bytes, to: Path
) -> None:
    error = refused(code, drive_id(kind), sha256(zipped), to)
    assert (INFECTED in error.en) == (kind == "infected")
    assert leftovers(to) == []


def test_a_drive_warning_that_leads_to_itself_ends(
    drive: MisbehavingServer, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "DRIVE_START", 0.3)
    refused("download_timeout", drive_id("circle"), "0" * 64, to)


def test_a_drive_file_larger_than_a_model_is_stopped(drive: MisbehavingServer, to: Path) -> None:
    refused("download_too_large", drive_id("good"), "0" * 64, to, max_bytes=100_000)
    assert leftovers(to) == []


def test_drive_that_is_not_there_cannot_be_reached(drive: MisbehavingServer, to: Path) -> None:
    with MisbehavingServer(b"") as gone:
        drive.redirect_to = gone.url("good")
    refused("download_unreachable", drive_id("away"), "0" * 64, to)


def test_a_drive_folder_is_not_a_file(to: Path) -> None:
    refused("drive_folder", f"https://drive.google.com/drive/folders/{drive_id('x')}", "0" * 64, to)


def test_a_drive_link_without_a_file_is_refused(to: Path) -> None:
    refused("download_address", "https://drive.google.com/drive/my-drive", "0" * 64, to)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_said_of_a_drive_file_too(drive: MisbehavingServer, zipped: bytes, to: Path) -> None:
    to.parent.mkdir()
    to.with_name(".model.zip.part12345678.part").symlink_to("/dev/full")
    refused("download_disk_full", drive_id("good"), sha256(zipped), to)
    assert leftovers(to) == []
