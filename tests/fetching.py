"""Models to fetch, a server that may fail to give them, and what is expected where it does."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from misbehaving_server import MisbehavingServer
from vistobueno.core.classes import ClassInfo
from vistobueno.core.errors import DownloadFailed
from vistobueno.core.input import InputSpec
from vistobueno.core.policy import Policy
from vistobueno.model import transfer
from vistobueno.model.bundle import Bundle, write_bundle, zip_bundle
from vistobueno.model.download import download_model

NOISE = hashlib.shake_128(b"weights").digest(2_500_000)


def make_bundle(folder: Path, weights: bytes = NOISE) -> Bundle:
    """A bundle that can be read, not loaded."""
    return write_bundle(
        folder,
        {"model.h5": b"h5", "model.tflite": weights, "golden.npz": b"golden"},
        name="tiny",
        version="1",
        created="2026-01-01",
        input=InputSpec(8, 8),
        classes=(ClassInfo("apple_fit", "apple", "fit"), ClassInfo("apple_unfit", "apple", "unfit")),
        policy=Policy(),
        labels_proved=None,
        training={},
        metrics={},
        origin={},
    )


def sha256(content: bytes) -> str:
    """Its hash as people write it."""
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The model to fetch, as a folder."""
    return make_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture(scope="session")
def zipped(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The same as one file."""
    return zip_bundle(bundle, tmp_path_factory.mktemp("zip") / "tiny.zip").read_bytes()


@pytest.fixture
def other(tmp_path: Path) -> bytes:
    """A newer version of the model, longer than the first."""
    newer = make_bundle(tmp_path / "newer" / "tiny", NOISE[::-1] + b"more")
    return zip_bundle(newer, tmp_path / "newer" / "tiny.zip").read_bytes()


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once, and nobody waits long."""
    monkeypatch.setattr(transfer, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(transfer, "TIMEOUT", (2.0, 0.4))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost,google.com")


@pytest.fixture
def server(zipped: bytes) -> Iterator[MisbehavingServer]:
    """A server that has the model; how it gives it stands in the address."""
    with MisbehavingServer(zipped) as running:
        yield running


@pytest.fixture
def to(tmp_path: Path) -> Path:
    """Where the model shall be."""
    return tmp_path / "models" / "model.zip"


def refused(code: str, url: str, sha: str | None, to: Path, **options: int) -> DownloadFailed:
    """The error of a download that fails, told in both languages; nothing is put in place."""
    with pytest.raises(DownloadFailed) as caught:
        download_model(url, sha, to, **options)
    assert caught.value.code == code
    assert caught.value.es != caught.value.en
    assert "{" not in caught.value.es + caught.value.en
    assert not to.exists()
    return caught.value


def leftovers(to: Path) -> list[str]:
    """What lies beside the model, locks left out."""
    return sorted(each.name for each in to.parent.iterdir() if each != to and not each.name.endswith(".lock"))
