import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import for_each
from fetching import bundle, hasty, leftovers, other, refused, server, sha256, to, zipped
from misbehaving_server import MisbehavingServer, drive_id
from vistobueno.core.errors import BundleRefused, DownloadFailed
from vistobueno.model import download, failures, transfer
from vistobueno.model.bundle import Bundle, read_bundle
from vistobueno.model.download import cached_model, download_model

__all__ = ["bundle", "hasty", "other", "server", "to", "zipped"]


# What arrives


@pytest.mark.parametrize("behaviour", ["good", "no-ranges", "moved"])
def test_a_model_arrives_whole_and_leaves_nothing_beside(
    behaviour: str, server: MisbehavingServer, zipped: bytes, to: Path
) -> None:
    assert download_model(server.url(behaviour), sha256(zipped), to) == to
    assert to.read_bytes() == zipped
    assert read_bundle(to).name == "tiny"
    assert leftovers(to) == []


def test_a_hash_may_be_written_in_capitals_and_with_spaces(server: MisbehavingServer, zipped: bytes, to: Path) -> None:
    download_model(server.url("good"), f" {sha256(zipped).upper()}\n", to)


def test_a_model_that_is_there_with_the_right_hash_is_not_fetched_again(
    server: MisbehavingServer, zipped: bytes, to: Path
) -> None:
    for _ in range(2):
        download_model(server.url("good"), sha256(zipped), to)
    assert len(server.asked) == 1


def test_a_new_hash_replaces_the_old_model(server: MisbehavingServer, zipped: bytes, other: bytes, to: Path) -> None:
    download_model(server.url("good"), sha256(zipped), to)
    server.content, server.etag = other, '"two"'
    download_model(server.url("good"), sha256(other), to)
    assert to.read_bytes() == other


def test_progress_grows_to_the_whole_and_names_it(server: MisbehavingServer, zipped: bytes, to: Path) -> None:
    told: list[tuple[int, int | None]] = []
    download_model(server.url("cut-once"), sha256(zipped), to, progress=lambda *now: told.append(now))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (len(zipped), len(zipped))


# Cut and resumed


def test_a_cut_download_goes_on_where_it_stopped(server: MisbehavingServer, zipped: bytes, to: Path) -> None:
    download_model(server.url("cut-once"), sha256(zipped), to)
    assert server.asked[1][1]["if-range"] == '"one"'
    first, second = server.ranges()
    assert first is None
    assert len(zipped) // 2 - 32 * 1024 <= int(str(second)[6:-1]) <= len(zipped) // 2
    assert to.read_bytes() == zipped


def test_a_server_without_ranges_starts_over(server: MisbehavingServer, zipped: bytes, to: Path) -> None:
    download_model(server.url("cut-once-no-ranges"), sha256(zipped), to)
    assert to.read_bytes() == zipped


def test_a_download_that_is_cut_every_time_fails_in_words_and_the_next_call_goes_on(
    server: MisbehavingServer, zipped: bytes, to: Path
) -> None:
    refused("download_cut", server.url("cut-always"), sha256(zipped), to)
    kept = to.with_name(".model.zip.part").stat().st_size
    assert kept > len(zipped) // 2
    refused("download_cut", server.url("cut-always"), sha256(zipped), to)
    assert server.ranges()[3] == f"bytes={kept}-"


def test_what_was_kept_of_another_address_is_not_continued(server: MisbehavingServer, zipped: bytes, to: Path) -> None:
    refused("download_cut", server.url("cut-always"), sha256(zipped), to)
    download_model(server.url("good"), sha256(zipped), to)
    assert server.ranges()[-1] is None


def test_a_whole_partial_file_needs_no_more_bytes(server: MisbehavingServer, zipped: bytes, to: Path) -> None:
    refused("download_cut", server.url("cut-always"), sha256(zipped), to)
    to.with_name(".model.zip.part").write_bytes(zipped)
    download_model(server.url("cut-always"), sha256(zipped), to)
    assert to.read_bytes() == zipped


@pytest.mark.parametrize("behaviour", ["cut-once", "cut-then-deaf", "cut-once-no-ranges"])
@pytest.mark.parametrize(
    ("before", "after", "verified"),
    [
        ('"one"', '"two"', True),
        ('"one"', '"two"', False),
        ('W/"one"', 'W/"one"', True),  # a weak name promises the same meaning, not the same bytes
        ('W/"one"', 'W/"one"', False),
        (None, None, True),
        (None, None, False),
    ],
)
def test_a_file_that_changed_after_a_cut_is_never_joined_to_the_old_one(
    behaviour: str,
    before: str | None,
    after: str | None,
    verified: bool,
    server: MisbehavingServer,
    other: bytes,
    to: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = sha256(other) if verified else None
    monkeypatch.setattr(transfer, "PAUSES", ())
    server.etag = before
    with pytest.raises(DownloadFailed, match="download_cut"):
        download_model(server.url(behaviour), wanted, to, allow_unverified=True)
    server.content, server.etag = other, after
    download_model(server.url(behaviour), wanted, to, allow_unverified=True)
    assert to.read_bytes() == other


def test_an_unverified_download_is_not_resumed_from_a_server_that_names_no_version(
    server: MisbehavingServer, zipped: bytes, to: Path
) -> None:
    server.etag = None
    download_model(server.url("cut-once"), None, to, allow_unverified=True)
    assert server.ranges() == [None, None]
    assert to.read_bytes() == zipped


def test_a_partial_answer_to_another_question_is_not_used(server: MisbehavingServer, zipped: bytes, to: Path) -> None:
    download_model(server.url("cut-then-wrong-range"), sha256(zipped), to)
    assert to.read_bytes() == zipped


@given(kept=st.binary(max_size=3000), size=st.integers(0, 2_000))
@settings(max_examples=25, deadline=None)
def test_whatever_lies_in_the_partial_file_only_the_right_bytes_arrive(
    kept: bytes, size: int, zipped: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    to = tmp_path_factory.mktemp("any") / "model.zip"
    part = to.with_name(".model.zip.part")
    with MisbehavingServer(zipped, etag=None) as server:
        url = server.url("good")
        part.write_bytes(zipped[: size * 1300] + kept)
        part.with_name(f"{part.name}.json").write_text(f'{{"url": "{sha256(url.encode())}", "validator": null}}')
        download_model(url, sha256(zipped), to)
    assert to.read_bytes() == zipped


# What is refused


def test_the_wrong_hash_is_refused_and_says_both(server: MisbehavingServer, zipped: bytes, to: Path) -> None:
    error = refused("download_wrong_hash", server.url("good"), "0" * 64, to)
    assert sha256(zipped) in error.es
    assert "0" * 64 in error.es
    assert leftovers(to) == []


def test_an_older_model_stays_when_the_new_one_is_refused(
    server: MisbehavingServer, zipped: bytes, other: bytes, to: Path
) -> None:
    download_model(server.url("good"), sha256(zipped), to)
    with pytest.raises(DownloadFailed, match="download_wrong_hash"):
        download_model(server.url("good"), sha256(other), to)
    assert to.read_bytes() == zipped


def test_a_file_with_the_right_hash_that_is_no_bundle_is_not_put_in_place(to: Path) -> None:
    with MisbehavingServer(b"PK, but no bundle") as server, pytest.raises(BundleRefused):
        download_model(server.url("good"), sha256(b"PK, but no bundle"), to)
    assert not to.exists()
    assert leftovers(to) == []


def test_over_a_network_a_hash_is_asked_for_unless_told_otherwise(
    server: MisbehavingServer, zipped: bytes, to: Path
) -> None:
    refused("sha256_missing", server.url("good"), None, to)
    refused("sha256_missing", drive_id("good"), "", to)
    assert server.asked == []
    download_model(server.url("good"), None, to, allow_unverified=True)
    assert to.read_bytes() == zipped


@pytest.mark.parametrize("sha", ["abc", "g" * 64, "0" * 63])
def test_a_hash_that_is_none_is_refused(sha: str, to: Path) -> None:
    assert sha in refused("sha256_invalid", "http://127.0.0.1:9/", sha, to).en


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("status/404", "download_not_found"),
        ("status/410", "download_not_found"),
        ("status/401", "download_forbidden"),
        ("status/403", "download_forbidden"),
        ("status/429", "download_server"),
        ("status/500", "download_server"),
        ("status/503", "download_server"),
        ("page", "download_html"),
        ("circle", "download_redirects"),
        ("silent", "download_timeout"),
        ("stalls", "download_timeout"),
        ("gone-at-once", "download_cut"),
        ("partial-unasked", "download_server"),
        ("huge", "download_too_large"),
    ],
)
def test_each_failure_of_a_server_has_its_own_words(
    behaviour: str, code: str, server: MisbehavingServer, zipped: bytes, to: Path
) -> None:
    refused(code, server.url(behaviour), sha256(zipped), to)


def test_a_stream_without_end_is_stopped_at_the_limit(server: MisbehavingServer, to: Path) -> None:
    refused("download_too_large", server.url("endless"), "0" * 64, to, max_bytes=1_000_000)
    assert leftovers(to) == []


def test_a_server_that_is_not_there_cannot_be_reached(to: Path) -> None:
    with MisbehavingServer(b"") as server:
        url = server.url("good")
    refused("download_unreachable", url, "0" * 64, to)


@pytest.mark.parametrize("url", ["ftp://example.org/model.zip", "http://", "https:///model.zip", "s3://models/one", ""])
def test_an_address_of_no_known_kind_is_refused(url: str, to: Path) -> None:
    refused("download_address", url, "0" * 64, to)


def test_credentials_and_signatures_stay_out_of_the_words(server: MisbehavingServer, to: Path) -> None:
    url = server.url("status/404").replace("://", "://user:secret@") + "?signature=secret"
    error = refused("download_not_found", url, "0" * 64, to)
    assert "secret" not in error.es + error.en
    assert "status/404/model.zip" in error.en


# TLS


@pytest.fixture
def tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[bool], trustme.LeafCert]:
    """A certificate for the server; the program trusts its authority, or does not."""

    def issue(trusted: bool) -> trustme.LeafCert:
        authority, trust = trustme.CA(), trustme.CA()
        authority_file = tmp_path / "authority.pem"
        (authority if trusted else trust).cert_pem.write_to_path(authority_file)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority_file))
        return authority.issue_cert("127.0.0.1")

    return issue


def secure_server(content: bytes, certificate: trustme.LeafCert) -> MisbehavingServer:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return MisbehavingServer(content, tls=context)


def test_a_server_with_a_trusted_certificate_serves(
    zipped: bytes, to: Path, tls: Callable[[bool], trustme.LeafCert]
) -> None:
    with secure_server(zipped, tls(True)) as server:
        download_model(server.url("cut-once"), sha256(zipped), to)


def test_a_server_that_cannot_prove_who_it_is_is_refused(
    zipped: bytes, to: Path, tls: Callable[[bool], trustme.LeafCert]
) -> None:
    with secure_server(zipped, tls(False)) as server:
        refused("download_tls", server.url("good"), sha256(zipped), to)


def test_encryption_is_never_left_by_a_redirection(
    zipped: bytes, to: Path, server: MisbehavingServer, tls: Callable[[bool], trustme.LeafCert]
) -> None:
    with secure_server(zipped, tls(True)) as secure:
        secure.redirect_to = server.url("good")
        refused("download_downgrade", secure.url("elsewhere"), sha256(zipped), to)
    assert server.asked == []


# The disk


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_said_and_freed(server: MisbehavingServer, zipped: bytes, to: Path) -> None:
    to.parent.mkdir()
    to.with_name(".model.zip.part").symlink_to("/dev/full")
    assert str(to.parent) in refused("download_disk_full", server.url("good"), sha256(zipped), to).es
    assert leftovers(to) == []


def test_a_place_that_cannot_be_written_is_named(server: MisbehavingServer, zipped: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    refused("download_disk", server.url("good"), sha256(zipped), tmp_path / "file" / "model.zip")


def test_a_folder_in_the_place_of_the_file_is_left_alone(server: MisbehavingServer, zipped: bytes, to: Path) -> None:
    to.mkdir(parents=True)
    with pytest.raises(DownloadFailed, match="download_disk"):
        download_model(server.url("good"), sha256(zipped), to)
    assert to.is_dir()


# Files and folders


@pytest.mark.parametrize("form", ["{path}", "file://{path}", "file://localhost{path}"])
def test_a_file_is_copied_and_checked(form: str, zipped: bytes, tmp_path: Path, to: Path) -> None:
    source = tmp_path / "ä model.zip"
    source.write_bytes(zipped)
    download_model(form.format(path=source), None, to)
    assert to.read_bytes() == zipped
    to.unlink()
    refused("download_wrong_hash", form.format(path=source), "0" * 64, to)


def test_a_folder_becomes_one_file_and_its_hash_is_the_bundles(bundle: Bundle, to: Path) -> None:
    download_model(str(bundle.path), bundle.digest, to)
    assert read_bundle(to).digest == bundle.digest
    to.unlink()
    refused("download_wrong_hash", bundle.path.as_uri(), "0" * 64, to)


def test_a_file_that_is_not_there_is_said(tmp_path: Path, to: Path) -> None:
    refused("download_not_found", str(tmp_path / "nothing.zip"), None, to)


def test_the_model_a_url_names_is_fetched_once_into_the_cache(
    server: MisbehavingServer, zipped: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first = cached_model(server.url("good"), sha256(zipped))
    assert cached_model(server.url("good"), sha256(zipped)) == first
    assert first.is_relative_to(tmp_path / "cache")
    assert len(server.asked) == 1


def test_a_local_model_is_used_where_it_lies(bundle: Bundle, zipped: bytes, tmp_path: Path) -> None:
    assert cached_model(bundle.path.as_uri(), bundle.digest) == bundle.path
    with pytest.raises(DownloadFailed, match="download_wrong_hash"):
        cached_model(str(bundle.path), "0" * 64)


# Two at once


def test_two_processes_that_want_one_model_fetch_it_once(server: MisbehavingServer, zipped: bytes, to: Path) -> None:
    server.slow = 1.0
    program = (
        "import sys; from pathlib import Path; from vistobueno.model.download import download_model\n"
        "download_model(sys.argv[1], sys.argv[2], Path(sys.argv[3]))"
    )
    command = [sys.executable, "-c", program, server.url("good"), sha256(zipped), str(to)]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [each.wait(60) for each in both] == [0, 0]
    assert len(server.asked) == 1
    assert to.read_bytes() == zipped


def test_who_waits_too_long_for_another_process_is_told(
    zipped: bytes, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "LOCK_WAIT", 0.05)
    to.parent.mkdir()
    with download.FileLock(to.with_name(".model.zip.lock")):
        refused("download_busy", "http://127.0.0.1:9/model.zip", sha256(zipped), to)


@for_each("code", sorted(failures.CODES))
def test_every_failure_has_two_whole_sentences(code: str) -> None:
    facts = dict.fromkeys(("url", "sha256", "status", "limit", "found", "expected", "to", "folder", "reason"), "X")
    error = failures.failed(code, **facts)
    assert error.es != error.en
    assert {error.es[-1], error.en[-1]} <= set(".»'")
