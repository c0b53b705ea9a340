import io
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from drawn_reports import drawn_report
from pdf_a import problems
from servers import free_port
from timestamps import timestamps
from vistobueno.report.render import render
from vistobueno.report.report import ReportRefused
from vistobueno.report.seal import Key, check, new_key, open_key, seal
from vistobueno.services.sealing import station_key
from vistobueno.settings import Settings

OWN = new_key("Empacadora Ñandú")


@pytest.fixture(scope="module")
def key() -> Key:
    return open_key(OWN)


@pytest.fixture(scope="module")
def paper() -> bytes:
    return render(drawn_report(photographs=())).pdf


@pytest.fixture(scope="module")
def sealed(paper: bytes, key: Key) -> bytes:
    return seal(paper, key)


def metadata(pdf: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return opened.Root.Metadata.read_raw_bytes()


def state(pdf: bytes) -> str:
    try:
        return check(pdf).state
    except ReportRefused as refused:
        return refused.code


def test_a_seal_says_whose_it_is_and_that_nothing_changed(sealed: bytes, key: Key) -> None:
    found = check(sealed)
    assert (found.state, found.name, found.fingerprint) == ("whole", "Empacadora Ñandú", key.fingerprint)
    assert found.at is not None and abs(datetime.now(UTC) - found.at) < timedelta(minutes=5)
    assert not found.timestamped


def test_a_sealed_report_is_still_pdf_a_with_its_own_metadata(paper: bytes, sealed: bytes) -> None:
    assert sealed.startswith(paper)
    assert problems(sealed) == []
    assert metadata(sealed) == metadata(paper)
    with pikepdf.open(io.BytesIO(sealed)) as pdf:
        assert bytes(pdf.attachments["evidence.json"].get_file().read_bytes()) == drawn_report().evidence


def test_any_byte_that_changes_breaks_it(sealed: bytes) -> None:
    before = len(sealed[: sealed.rindex(b"/Contents <")])  # behind it stands the signature itself
    places = random.Random(3).sample(range(before), 40)
    for place in places:
        altered = bytearray(sealed)
        altered[place] ^= 1
        assert state(bytes(altered)) in ("changed", "report_unreadable"), place


def test_what_is_added_or_cut_off_breaks_it(sealed: bytes) -> None:
    assert state(sealed + b"\n% and more\n") == "changed"
    assert state(sealed[:-200]) in ("changed", "report_unreadable")
    rewritten = io.BytesIO()
    with pikepdf.open(io.BytesIO(sealed)) as pdf:
        pdf.save(rewritten)
    assert state(rewritten.getvalue()) in ("changed", "report_unreadable")


def test_who_seals_it_anew_has_another_fingerprint(paper: bytes, key: Key) -> None:
    imitated = check(seal(paper, open_key(new_key(key.name))))
    assert imitated.state == "whole" and imitated.name == key.name
    assert imitated.fingerprint != key.fingerprint


def test_a_file_without_a_seal_and_a_file_that_is_none(paper: bytes) -> None:
    assert check(paper).state == "none"
    for data in (b"", b"not a PDF", b"%PDF-1.7\n" + b"x" * 1000, paper[:500]):
        assert state(data) == "report_unreadable"


def test_a_timestamp_says_when(paper: bytes, key: Key) -> None:
    at = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    with timestamps(at) as address:
        sealed = seal(paper, key, address)
    found = check(sealed)
    assert (found.state, found.at, found.timestamped) == ("whole", at, True)
    assert problems(sealed) == []


def test_a_timestamp_that_cannot_be_had_is_said(paper: bytes, key: Key) -> None:
    with timestamps(broken=True) as broken:
        for address in (broken, f"http://127.0.0.1:{free_port()}"):
            with pytest.raises(ReportRefused) as refused:
                seal(paper, key, address)
            assert refused.value.code == "seal_timestamp"


def test_an_expired_key_seals_nothing(paper: bytes, key: Key) -> None:
    with pytest.raises(ReportRefused) as refused:
        seal(paper, replace(key, until=datetime.now(UTC) - timedelta(seconds=1)))
    assert refused.value.code == "seal_key_expired"


def test_a_station_makes_its_key_once_and_keeps_it_to_itself(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", public_url="https://fruta.example/app")
    first = station_key(settings)
    assert first.name == "Visto Bueno, fruta.example"
    assert station_key(settings).fingerprint == first.fingerprint
    assert (tmp_path / "data" / "seal.p12").stat().st_mode & 0o777 == 0o600


def test_a_station_seals_with_the_key_it_was_given(tmp_path: Path, paper: bytes) -> None:
    private, certificate, _ = pkcs12.load_key_and_certificates(OWN, None)
    file = tmp_path / "company.pfx"
    file.write_bytes(pkcs12.serialize_key_and_certificates(
        b"x", private, certificate, None, BestAvailableEncryption(b"cl\xc3\xa1ve"),  # type: ignore[arg-type]
    ))  # fmt: skip
    given = Settings(data_dir=tmp_path / "data", seal_pkcs12=str(file), seal_password="cláve")  # noqa: S106
    assert check(seal(paper, station_key(given))).fingerprint == open_key(OWN).fingerprint
    assert not (tmp_path / "data").exists()
    cases = [
        ("seal_key_invalid", replace(given, seal_password="")),
        ("seal_key_invalid", replace(given, seal_password="x")),  # noqa: S106
        ("seal_key_invalid", replace(given, seal_pkcs12=__file__)),
        ("seal_key_missing", replace(given, seal_pkcs12=str(tmp_path / "nothing.p12"))),
    ]
    for code, settings in cases:
        with pytest.raises(ReportRefused) as refused:
            station_key(settings)
        assert refused.value.code == code
